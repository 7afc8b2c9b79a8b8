//! `enum`.

use super::{Context, Piece, attribute, doc, syntax};
use crate::model::{Enum, Enumerator, Number, TypeDef};
use syn::{Attribute, Fields, Ident, ImplItem, ItemEnum, ItemImpl, Variant, parse_quote};

/// An enum, its numbers, and its codec.
pub(super) fn emit(context: &Context<'_>, def: &TypeDef, shape: &Enum) -> Vec<Piece> {
    let name = syntax::ident(&def.name.rust);
    let mut pieces = vec![
        declaration(context, def, shape).into(),
        numbers(context, def, shape).into(),
        into_number(context, &name, shape).into(),
    ];
    let (templates, size) = (context.templates, def.wire_size);
    if shape.is_open {
        let (encode, decode) = open_codec();
        pieces.push(templates.encode_impl(&name, encode.stmts).into());
        pieces.push(templates.decode_impl(&name, size, decode.stmts).into());
    } else {
        let (read, write) = closed_codec();
        pieces.extend(templates.fixed_impls(&name, size, read.stmts, write.stmts));
    }
    pieces
}

fn declaration(context: &Context<'_>, def: &TypeDef, shape: &Enum) -> ItemEnum {
    let name = syntax::ident(&def.name.rust);
    let docs = doc::definition(&def.name, &format!("The enum `{}`.", def.name.idl));
    let names = shape.enumerators.iter().map(|enumerator| &enumerator.name);
    let allow = context.allow_type_names(std::iter::once(&def.name).chain(names));
    let derives = attribute::derives(def.traits, &def.derives);
    let further = attribute::further(&def.name);
    // What carries a number has none of its own.
    let repr: Option<Attribute> = (!shape.is_open).then(|| parse_quote!(#[repr(i32)]));
    let mut item: ItemEnum = parse_quote! {
        #(#docs)*
        #allow
        #derives
        #repr
        #(#further)*
        pub enum #name {}
    };
    let variant = |enumerator| variant(context, enumerator, shape.is_open);
    item.variants = shape.enumerators.iter().map(variant).collect();
    if shape.is_open {
        item.variants.push(parse_quote! {
            /// A number that none of them has; to encode one that another has is an error.
            Unknown(i32)
        });
    }
    item
}

fn variant(context: &Context<'_>, enumerator: &Enumerator, is_open: bool) -> Variant {
    let mut attrs = doc::member(&enumerator.name);
    if enumerator.value == Number::Known(0) {
        attrs.push(parse_quote!(#[default]));
    }
    let number = context.number(&enumerator.value);
    Variant {
        attrs,
        ident: syntax::ident(&enumerator.name.rust),
        fields: Fields::Unit,
        discriminant: (!is_open).then(|| (Default::default(), number)),
    }
}

/// Further names of enumerators, and the enumerator of a number.
fn numbers(context: &Context<'_>, def: &TypeDef, shape: &Enum) -> ItemImpl {
    let (name, idl) = (syntax::ident(&def.name.rust), &def.name.idl);
    let is_open = shape.is_open;
    let arms = shape.enumerators.iter().map(|enumerator| -> syn::Arm {
        let (number, variant) = number_and_variant(context, enumerator);
        if is_open {
            parse_quote!(#number => Self::#variant,)
        } else {
            parse_quote!(#number => Some(Self::#variant),)
        }
    });
    let (summary, result, rest): (_, syn::Type, syn::Expr) = if is_open {
        let summary = format!(" The enumerator of `{idl}` that has this number, or `Unknown`.");
        (
            summary,
            parse_quote!(Self),
            parse_quote!(Self::Unknown(value)),
        )
    } else {
        let summary = format!(" The enumerator of `{idl}` that has this number.");
        let result = parse_quote!(::core::option::Option<Self>);
        (summary, result, parse_quote!(None))
    };
    let allow = allow_long(shape);
    let allow_names = context.allow_constant_names(shape.aliases.iter().map(|(name, _)| name));
    let mut item: ItemImpl = parse_quote! {
        #allow_names
        impl #name {
            #[doc = #summary]
            #[must_use]
            #allow
            pub const fn from_i32(value: i32) -> #result {
                match value {
                    #(#arms)*
                    _ => #rest,
                }
            }
        }
    };
    let aliases = shape.aliases.iter().map(|(alias, enumerator)| -> ImplItem {
        let docs = doc::member(alias);
        let (alias, enumerator) = (syntax::ident(&alias.rust), syntax::ident(enumerator));
        parse_quote! {
            #(#docs)*
            pub const #alias: Self = Self::#enumerator;
        }
    });
    item.items.splice(0..0, aliases);
    item
}

fn into_number(context: &Context<'_>, name: &Ident, shape: &Enum) -> ItemImpl {
    let number: syn::Expr = if shape.is_open {
        let arms = shape.enumerators.iter().map(|enumerator| -> syn::Arm {
            let (number, variant) = number_and_variant(context, enumerator);
            parse_quote!(#name::#variant => #number,)
        });
        parse_quote!(match value { #(#arms)* #name::Unknown(number) => number, })
    } else {
        parse_quote!(value as Self)
    };
    let allow = shape.is_open.then(|| allow_long(shape)).flatten();
    parse_quote! {
        impl ::core::convert::From<#name> for i32 {
            #allow
            fn from(value: #name) -> Self {
                #number
            }
        }
    }
}

fn number_and_variant(context: &Context<'_>, enumerator: &Enumerator) -> (syn::Expr, Ident) {
    (
        context.number(&enumerator.value),
        syntax::ident(&enumerator.name.rust),
    )
}

fn closed_codec() -> (syn::Block, syn::Block) {
    let read = parse_quote!({
        let value = run.get()?;
        Self::from_i32(value).ok_or_else(|| run.unknown_enumerator(value))
    });
    let write = parse_quote!({
        run.put(&i32::from(*self));
    });
    (read, write)
}

/// What is encoded decodes to the same value, and is the discriminant of the same arm.
fn open_codec() -> (syn::Block, syn::Block) {
    let encode = parse_quote!({
        let value = i32::from(*self);
        if Self::from_i32(value) != *self {
            return Err(encoder.known_enumerator(value));
        }
        encoder.encode(&value)
    });
    let decode = parse_quote!({ decoder.decode().map(Self::from_i32) });
    (encode, decode)
}

/// The exception for a table that is longer than the functions that clippy accepts.
fn allow_long(shape: &Enum) -> Option<Attribute> {
    (shape.enumerators.len() > UNREMARKABLE_ARMS).then(
        || parse_quote!(#[allow(clippy::too_many_lines, reason = "one arm for each enumerator")]),
    )
}

/// Enumerators whose table is no longer than the functions that clippy accepts.
const UNREMARKABLE_ARMS: usize = 90;
