//! Borrowed twins: the same struct or union, whose data lies in the message.

use super::{Context, Form, Piece, deprecation, doc, structure, syntax, union, wire::at_least};
use crate::{
    model::{Name, Shape, Type, TypeDef, Union},
    resolve,
};
use syn::{Attribute, Expr, Ident, ItemEnum, ItemStruct, parse_quote};

/// The twin of a type, if it has one.
pub(super) fn twin(context: &Context<'_>, def: &TypeDef) -> Vec<Piece> {
    let Some(twin) = &def.twin else {
        return Vec::new();
    };
    let context = Context {
        form: Form::Borrowed,
        ..*context
    };
    let name = syntax::ident(twin);
    let (mut pieces, decode) = match &def.shape {
        Shape::Struct(shape) => {
            let fields = structure::Fields {
                owner: &def.name.idl,
                list: &shape.fields,
                checks: &shape.checks,
            };
            let decode = structure::decode_body(&context, fields);
            (vec![struct_of(&context, def, &name, fields)], decode)
        }
        Shape::Union(shape) => union_of(&context, def, &name, shape),
        Shape::Alias(_) | Shape::Enum(_) => return Vec::new(),
    };
    let templates = context.templates;
    pieces.push(templates.borrowed_impl(&name, def.wire_size, decode).into());
    pieces
}

fn struct_of(
    context: &Context<'_>,
    def: &TypeDef,
    name: &Ident,
    fields: structure::Fields<'_>,
) -> Piece {
    let attributes = attributes(context, def);
    let allow = context.allow_value_names(fields.list.iter().map(|field| &field.name));
    let mut item: ItemStruct = parse_quote! {
        #(#attributes)*
        #allow
        pub struct #name<'a> {}
    };
    item.fields = structure::declarations(context, fields.list);
    item.into()
}

fn union_of(
    context: &Context<'_>,
    def: &TypeDef,
    name: &Ident,
    shape: &Union,
) -> (Vec<Piece>, Vec<syn::Stmt>) {
    let attributes = attributes(context, def);
    let emitter = union::Emitter {
        context,
        owner: &def.name.idl,
        union: shape,
    };
    // What is borrowed takes less than twice the memory of what is owned.
    let largest = emitter.sizes().max().unwrap_or(0);
    let allow = union::allow_large_variant([0, largest.saturating_mul(2)].into_iter());
    let mut item: ItemEnum = parse_quote! {
        #(#attributes)*
        #allow
        pub enum #name<'a> {}
    };
    item.variants = emitter.variants();
    let methods = emitter.discriminant(&parse_quote!(#name<'_>));
    (vec![item.into(), methods.into()], emitter.decode())
}

fn attributes(context: &Context<'_>, def: &TypeDef) -> Vec<Attribute> {
    let summary = format!(
        "[`{}`] where it lies: what it borrows from the message is not copied.",
        def.name.rust
    );
    let mut attributes = doc::attributes(&[summary]);
    let twin = Name {
        rust: def.twin.clone().unwrap_or_default(),
        ..def.name.clone()
    };
    attributes.extend(deprecation::attribute(&def.name));
    attributes.extend(context.allow_type_names(std::iter::once(&twin)));
    let eq = def.traits.eq_hash.then(|| syntax::path(&["Eq"]));
    let eq = eq.into_iter();
    attributes.push(parse_quote!(#[derive(Debug, Clone, PartialEq, #(#eq),*)]));
    attributes
}

impl Context<'_> {
    /// Whether a value is borrowed here that is owned elsewhere.
    pub(super) fn is_borrowed(&self, ty: &Type) -> bool {
        self.form == Form::Borrowed && resolve::borrows(&self.model.types, ty)
    }

    /// The attributes of a field, an arm. What the settings add is for the owned type: the attribute
    /// of a derive, say, that its twin does not have.
    pub(super) fn member_attributes(&self, name: &Name) -> Vec<Attribute> {
        match self.form {
            Form::Owned => doc::member(name),
            Form::Borrowed => doc::member(&Name {
                attributes: Vec::new(),
                ..name.clone()
            }),
        }
    }

    /// The same, for what is owned.
    pub(super) fn owned(&self) -> Self {
        Self {
            form: Form::Owned,
            ..*self
        }
    }

    /// The type of a borrowed value.
    pub(super) fn borrowed_type(&self, ty: &Type) -> syn::Type {
        let elements = |element: syn::Type| parse_quote!(::xdr::Elements<'a, #element>);
        match self.model.form(ty) {
            Type::Opaque(_) => parse_quote!(&'a [u8]),
            Type::String { utf8: true, .. } => parse_quote!(&'a str),
            Type::String { utf8: false, .. } => parse_quote!(::xdr::ByteStr<'a>),
            Type::FixedOpaque(len) => {
                let len = self.number(len);
                parse_quote!(&'a [u8; #len])
            }
            Type::Array(element, _) => elements(self.rust_type(element)),
            Type::List { node, .. } => elements(self.rust_type(&Type::Named(*node))),
            Type::FixedArray { element, len, .. } => {
                let (element, len) = (self.rust_type(element), self.number(len));
                parse_quote!([#element; #len])
            }
            Type::Optional { value, .. } => {
                let value = self.rust_type(value);
                parse_quote!(::core::option::Option<#value>)
            }
            Type::Named(id) => {
                let def = self.model.type_def(*id);
                let name = def.twin.as_ref().unwrap_or(&def.name.rust);
                let path = self.at_root(def.unit, name);
                parse_quote!(#path<'a>)
            }
            ty => self.owned().rust_type(ty),
        }
    }

    /// A function that decodes a borrowed value.
    pub(super) fn borrowing(&self, ty: &Type) -> Expr {
        let ty = self.model.unalias(ty);
        let method = match ty {
            Type::Named(_) => return parse_quote!(::xdr::DecodeBorrowed::decode_borrowed),
            Type::List {
                nonempty: false, ..
            } => "list_borrowed",
            Type::List { nonempty: true, .. } => "nonempty_list_borrowed",
            Type::FixedOpaque(_) => "fixed_opaque_borrowed",
            _ => return syntax::closure(&["d"], self.borrow("d", ty)),
        };
        syntax::expr_path(syntax::absolute(&["xdr", "Decoder", method]))
    }

    /// An expression that decodes a borrowed value.
    fn borrow(&self, name: &str, ty: &Type) -> Expr {
        let decoder = syntax::variable(name);
        let method = |name: &str, rest: Vec<Expr>| syntax::method(decoder.clone(), name, rest);
        match self.model.unalias(ty) {
            Type::Opaque(max) => method("opaque_borrowed", vec![self.bound(max.as_ref())]),
            Type::String { max, utf8 } => {
                let name = if *utf8 {
                    "utf8_borrowed"
                } else {
                    "string_borrowed"
                };
                method(name, vec![self.bound(max.as_ref())])
            }
            Type::Array(element, max) if self.is_plainly_borrowed(element) => {
                method("array_borrowed", vec![self.bound(max.as_ref())])
            }
            Type::Array(element, max) => {
                let min_size = syntax::size(self.min_size(element));
                let bound = self.bound(max.as_ref());
                let check = self.decoding(element);
                method("array_borrowed_with", vec![bound, min_size, check])
            }
            Type::FixedArray { element, .. } => {
                method("fixed_array_with", vec![self.decoding(element)])
            }
            Type::Optional { value, .. } => method("optional_with", vec![self.decoding(value)]),
            Type::Ranged { value, min, .. } => at_least(name, &self.borrow(name, value), *min),
            ty => syntax::call(self.borrowing(ty), [decoder]),
        }
    }

    /// Whether the traits of the borrowed type do all there is to do.
    pub(super) fn is_plainly_borrowed(&self, ty: &Type) -> bool {
        match self.model.unalias(ty) {
            Type::Opaque(max) | Type::String { max, .. } => max.is_none(),
            Type::Array(element, max) => max.is_none() && self.is_plainly_borrowed(element),
            ty if self.is_borrowed(ty) => matches!(ty, Type::Named(_)),
            ty => self.is_plainly_decoded(ty),
        }
    }
}
