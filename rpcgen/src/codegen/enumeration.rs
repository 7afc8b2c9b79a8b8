//! `enum`.

use super::{Context, Piece, doc, structure, syntax};
use crate::model::{Enum, Enumerator, TypeDef};
use syn::{Fields, Ident, ImplItem, ItemEnum, ItemImpl, Variant, parse_quote};

/// An enum, its numbers, and its codec.
pub(super) fn emit(context: &Context<'_>, def: &TypeDef, shape: &Enum) -> Vec<Piece> {
    let name = syntax::ident(&def.name.rust);
    let idl = &def.name.idl;
    let docs = doc::definition(&def.name, &format!("The enum `{idl}`."));
    let derives = structure::derives(def.traits);
    let mut item: ItemEnum = parse_quote! {
        #(#docs)*
        #derives
        #[repr(i32)]
        pub enum #name {}
    };
    item.variants = shape.enumerators.iter().map(variant).collect();
    let encode = parse_quote!(encoder.encode(&i32::from(*self)));
    let decode: syn::Block = parse_quote!({
        let value = decoder.decode()?;
        Self::from_i32(value).ok_or_else(|| decoder.unknown_enumerator(value))
    });
    vec![
        item.into(),
        numbers(&name, idl, shape).into(),
        into_number(&name).into(),
        context
            .templates
            .encode_impl(&name, vec![syntax::tail(encode)])
            .into(),
        context.templates.decode_impl(&name, 4, decode.stmts).into(),
    ]
}

fn variant(enumerator: &Enumerator) -> Variant {
    let mut attrs = doc::member(&enumerator.name);
    if enumerator.value == 0 {
        attrs.push(parse_quote!(#[default]));
    }
    Variant {
        attrs,
        ident: syntax::ident(&enumerator.name.rust),
        fields: Fields::Unit,
        discriminant: Some((
            Default::default(),
            syntax::int(i128::from(enumerator.value)),
        )),
    }
}

/// Further names of enumerators, and the enumerator of a number.
fn numbers(name: &Ident, idl: &str, shape: &Enum) -> ItemImpl {
    let arms = shape.enumerators.iter().map(|enumerator| -> syn::Arm {
        let (number, variant) = (
            syntax::int(i128::from(enumerator.value)),
            syntax::ident(&enumerator.name.rust),
        );
        parse_quote!(#number => Some(Self::#variant),)
    });
    let summary = format!(" The enumerator of `{idl}` that has this number.");
    let mut item: ItemImpl = parse_quote! {
        impl #name {
            #[doc = #summary]
            #[must_use]
            pub const fn from_i32(value: i32) -> ::core::option::Option<Self> {
                match value {
                    #(#arms)*
                    _ => None,
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

fn into_number(name: &Ident) -> ItemImpl {
    parse_quote! {
        impl ::core::convert::From<#name> for i32 {
            fn from(value: #name) -> Self {
                value as Self
            }
        }
    }
}
