//! Expressions that encode and decode a value.
//!
//! The functions of the codec call what they write to `encoder` and what they read from `decoder`;
//! closures in them are short, and so are their names: `|e, v| e.opaque(v, 64)`.
//!
//! A type is *plain* where the `Encode` and `Decode` of its Rust type do all there is to do. Bounds
//! and lists are not part of the Rust type, so values that have them go through a method of their
//! own.

use super::{Context, rust_type::is_large, syntax};
use crate::model::{Bound, Type};
use syn::{Expr, parse_quote};

impl Context<'_> {
    /// `encoder.field("type", "field", value)`; `value` is a reference.
    pub(super) fn encode_field(&self, owner: &str, field: &str, ty: &Type, value: Expr) -> Expr {
        let names = [syntax::text(owner), syntax::text(field)];
        let encoder = syntax::variable("encoder");
        if self.is_plain(ty, Direction::Encode) {
            return syntax::method(encoder, "field", names.into_iter().chain([value]));
        }
        let encode = syntax::closure(&["e"], self.encode("e", ty, &value));
        syntax::method(encoder, "field_with", names.into_iter().chain([encode]))
    }

    /// `decoder.field("type", "field")`
    pub(super) fn decode_field(&self, owner: &str, field: &str, ty: &Type) -> Expr {
        let names = [syntax::text(owner), syntax::text(field)];
        let decoder = syntax::variable("decoder");
        if self.is_borrowed(ty) && self.is_plainly_borrowed(ty) {
            return syntax::method(decoder, "field_borrowed", names);
        }
        if !self.is_borrowed(ty) && self.is_plain(ty, Direction::Decode) {
            return syntax::method(decoder, "field", names);
        }
        let decode = self.decoding(ty);
        syntax::method(decoder, "field_with", names.into_iter().chain([decode]))
    }

    /// An expression that encodes a value, given the name of the encoder and a reference.
    pub(super) fn encode(&self, encoder: &str, ty: &Type, value: &Expr) -> Expr {
        let name = encoder;
        let encoder = syntax::variable(name);
        let method = |name: &str, rest: Vec<Expr>| {
            syntax::method(
                encoder.clone(),
                name,
                std::iter::once(value.clone()).chain(rest),
            )
        };
        if self.is_plain(ty, Direction::Encode) {
            return method("encode", vec![]);
        }
        match ty {
            Type::Opaque(max) => method("opaque", vec![self.bound(max.as_ref())]),
            Type::String { max, utf8: true } => method("utf8", vec![self.bound(max.as_ref())]),
            Type::String { max, utf8: false } => method("string", vec![self.bound(max.as_ref())]),
            Type::Array(element, max) if self.is_plain(element, Direction::Encode) => {
                method("array", vec![self.bound(max.as_ref())])
            }
            Type::Array(element, max) => method(
                "array_with",
                vec![self.bound(max.as_ref()), self.encoding(element)],
            ),
            Type::FixedArray { element, boxed, .. } => {
                let values = if *boxed {
                    as_slice(value)
                } else {
                    value.clone()
                };
                syntax::method(
                    encoder.clone(),
                    "elements",
                    [values, self.encoding(element)],
                )
            }
            Type::Optional { value: inner, .. } => {
                let value = syntax::method(dereferenced(value), "as_ref", []);
                syntax::method(
                    encoder.clone(),
                    "optional_with",
                    [value, self.encoding(inner)],
                )
            }
            Type::List {
                nonempty: false, ..
            } => method("list", vec![]),
            Type::List { nonempty: true, .. } => method("nonempty_list", vec![]),
            Type::Ranged {
                value: inner,
                min,
                max,
            } => self.encode_ranged(name, inner, (*min, *max), value),
            Type::Named(_) => self.encode(name, self.model.unalias(ty), value),
            _ => method("encode", vec![]),
        }
    }

    /// A number within its range, or a value that is not too short; its bound says the rest.
    fn encode_ranged(
        &self,
        encoder: &str,
        ty: &Type,
        (min, max): (i128, i128),
        value: &Expr,
    ) -> Expr {
        if !self.has_length(ty) {
            let range = [value.clone(), syntax::int(min), syntax::int(max)];
            return syntax::method(syntax::variable(encoder), "ranged", range);
        }
        let check = syntax::method(
            syntax::variable(encoder),
            "at_least",
            [value.clone(), syntax::int(min)],
        );
        let encode = self.encode(encoder, ty, value);
        parse_quote!({ #check?; #encode })
    }

    fn decode_ranged(&self, name: &str, ty: &Type, (min, max): (i128, i128)) -> Expr {
        let decoder = syntax::variable(name);
        if !self.has_length(ty) {
            return syntax::method(decoder, "ranged", [syntax::int(min), syntax::int(max)]);
        }
        at_least(name, &self.decode(name, ty), min)
    }

    /// Whether a range is one of lengths.
    fn has_length(&self, ty: &Type) -> bool {
        let form = self.model.form(ty);
        matches!(
            form,
            Type::Opaque(_) | Type::String { .. } | Type::Array(..)
        )
    }

    /// A function that encodes a value: `|e, v| …`, or the name of one.
    pub(super) fn encoding(&self, ty: &Type) -> Expr {
        if self.is_plain(ty, Direction::Encode) {
            return syntax::expr_path(syntax::absolute(&["xdr", "Encoder", "encode"]));
        }
        syntax::closure(&["e", "v"], self.encode("e", ty, &syntax::variable("v")))
    }

    /// A function that decodes a value: `|d| …`, or the name of one.
    ///
    /// Methods of `Decoder` cannot be named here: each is a function for one lifetime only.
    pub(super) fn decoding(&self, ty: &Type) -> Expr {
        if self.is_borrowed(ty) {
            return self.borrowing(ty);
        }
        let context = self.owned();
        let named = |path: &[&str]| syntax::expr_path(syntax::absolute(path));
        if self.is_plain(ty, Direction::Decode) {
            return named(&["xdr", "Decode", "decode"]);
        }
        match self.model.unalias(ty) {
            Type::List {
                nonempty: false, ..
            } => named(&["xdr", "decode_list"]),
            Type::List { nonempty: true, .. } => named(&["xdr", "decode_nonempty_list"]),
            Type::FixedOpaque(_) => named(&["xdr", "decode_boxed_opaque"]),
            ty => syntax::closure(&["d"], context.decode("d", ty)),
        }
    }

    /// An expression that decodes a value, given the name of the decoder.
    pub(super) fn decode(&self, name: &str, ty: &Type) -> Expr {
        let decoder = syntax::variable(name);
        let method = |name: &str, rest: Vec<Expr>| syntax::method(decoder.clone(), name, rest);
        match ty {
            Type::Opaque(max) => method("opaque", vec![self.bound(max.as_ref())]),
            Type::String { max, utf8: true } => method("utf8", vec![self.bound(max.as_ref())]),
            Type::String { max, utf8: false } => method("string", vec![self.bound(max.as_ref())]),
            Type::Array(element, max) if self.is_plain(element, Direction::Decode) => {
                method("array", vec![self.bound(max.as_ref())])
            }
            Type::Array(element, max) => {
                let min_size = syntax::int(i128::from(self.min_size(element)));
                method(
                    "array_with",
                    vec![self.bound(max.as_ref()), min_size, self.decoding(element)],
                )
            }
            Type::FixedArray { element, boxed, .. } => {
                let name = if *boxed {
                    "boxed_array_with"
                } else {
                    "fixed_array_with"
                };
                method(name, vec![self.decoding(element)])
            }
            Type::Optional { value, .. } => method("optional_with", vec![self.decoding(value)]),
            Type::Ranged { value, min, max } => self.decode_ranged(name, value, (*min, *max)),
            _ => method("decode", vec![]),
        }
    }

    /// The constant that says a bound, or its number; as large as can be where there is none.
    pub(super) fn bound(&self, bound: Option<&Bound>) -> Expr {
        let Some(Bound { max, constant }) = bound else {
            return syntax::expr_path(syntax::path(&["u32", "MAX"]));
        };
        match (constant, max) {
            (Some(constant), _) => syntax::expr_path(self.at_root(constant.unit, &constant.rust)),
            (None, max) => syntax::int(i128::from(max.unwrap_or(u32::MAX))),
        }
    }

    /// Whether `Decode` of the Rust type does all there is to do.
    pub(super) fn is_plainly_decoded(&self, ty: &Type) -> bool {
        self.is_plain(ty, Direction::Decode)
    }

    /// Whether the traits of the Rust type do all there is to do.
    fn is_plain(&self, ty: &Type, direction: Direction) -> bool {
        match self.model.unalias(ty) {
            Type::Opaque(max) | Type::String { max, .. } => max.is_none(),
            Type::Array(element, max) => max.is_none() && self.is_plain(element, direction),
            // `Box<[T; N]>` encodes as what it holds, and is decoded by methods of its own.
            Type::FixedOpaque(len) => direction == Direction::Encode || !is_large(len),
            Type::FixedArray { element, boxed, .. } => {
                (direction == Direction::Encode || !boxed) && self.is_plain(element, direction)
            }
            Type::Optional { value, boxed } => *boxed || self.is_plain(value, direction),
            Type::List { .. } | Type::Ranged { .. } => false,
            _ => true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encode,
    Decode,
}

/// A value that is read, and must not be shorter than this.
pub(super) fn at_least(decoder: &str, decode: &Expr, min: i128) -> Expr {
    let (decoder, min) = (syntax::variable(decoder), syntax::int(min));
    parse_quote!({ let value = #decode?; #decoder.at_least(&value, #min)?; Ok(value) })
}

/// What a reference refers to: method calls need no `&`.
pub(super) fn dereferenced(value: &Expr) -> Expr {
    match value {
        Expr::Reference(reference) => (*reference.expr).clone(),
        other => other.clone(),
    }
}

fn as_slice(value: &Expr) -> Expr {
    syntax::method(dereferenced(value), "as_slice", [])
}
