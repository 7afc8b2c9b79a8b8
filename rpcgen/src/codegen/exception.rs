//! What a procedure raises: an enum of its exceptions.

use super::{Context, Piece, attribute, doc, syntax, union};
use crate::model::{Exception, Procedure, Traits};
use syn::{Ident, ItemEnum, ItemImpl, parse_quote};

/// The enum of a procedure's exceptions, if it raises any.
pub(super) fn emit(context: &Context<'_>, procedure: &Procedure) -> Vec<Piece> {
    let exceptions = &procedure.exceptions;
    if exceptions.is_empty() {
        return Vec::new();
    }
    let name = error_type(context, procedure);
    let summary = format!(" What `{}` raises.", procedure.name.idl);
    let types = &context.model.types;
    let mut traits = exceptions
        .iter()
        .map(|one| crate::resolve::traits(types, &one.ty));
    let eq_hash = traits.all(|one| one.eq_hash);
    let derives = attribute::derives(
        Traits {
            copy: false,
            eq_hash,
            default: false,
        },
        &[],
    );
    let sizes = exceptions
        .iter()
        .map(|one| crate::resolve::memory_size(types, &one.ty));
    let allow = union::allow_large_variant(sizes);
    let mut item: ItemEnum = parse_quote! {
        #[doc = #summary]
        #derives
        #allow
        pub enum #name {}
    };
    item.variants = exceptions
        .iter()
        .map(|one| -> syn::Variant {
            let (docs, variant) = (doc::member(&one.name), variant(one));
            let ty = context.rust_type(&one.ty);
            parse_quote!(#(#docs)* #variant(#ty))
        })
        .collect();
    let error: ItemImpl = parse_quote!(impl ::core::error::Error for #name {});
    vec![
        item.into(),
        display(procedure, &name).into(),
        error.into(),
        codec(context, procedure, &name).into(),
    ]
}

/// The enum of what a procedure raises.
pub(super) fn error_type(context: &Context<'_>, procedure: &Procedure) -> Ident {
    syntax::ident(&context.names.error_name(&procedure.name.rust))
}

fn variant(exception: &Exception) -> Ident {
    syntax::ident(&exception.name.rust)
}

fn display(procedure: &Procedure, name: &Ident) -> ItemImpl {
    let arms = procedure.exceptions.iter().map(|one| -> syn::Arm {
        let text = format!(
            "{} raised {}: {{value:?}}",
            procedure.name.idl, one.name.idl
        );
        let variant = variant(one);
        parse_quote!(Self::#variant(value) => ::core::write!(f, #text),)
    });
    parse_quote! {
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(#arms)*
                }
            }
        }
    }
}

/// The arms of the union that a reply is.
fn codec(context: &Context<'_>, procedure: &Procedure, name: &Ident) -> ItemImpl {
    let owner = &procedure.name.idl;
    let exceptions = &procedure.exceptions;
    let encode = exceptions.iter().map(|one| -> syn::Arm {
        let (variant, number) = (variant(one), syntax::int(i128::from(one.number)));
        let value = syntax::variable("value");
        let encode = context.encode_field(owner, &one.name.idl, &one.ty, value);
        parse_quote! {
            Self::#variant(value) => {
                encoder.encode::<i32>(&#number)?;
                #encode
            }
        }
    });
    let decode = exceptions.iter().map(|one| -> syn::Arm {
        let (variant, number) = (variant(one), syntax::int(i128::from(one.number)));
        let decode = context.decode_field(owner, &one.name.idl, &one.ty);
        parse_quote!(#number => #decode.map(Self::#variant),)
    });
    parse_quote! {
        impl ::rpc_runtime::Exception for #name {
            fn encode(&self, encoder: &mut ::xdr::Encoder) -> ::xdr::Result<()> {
                match self {
                    #(#encode)*
                }
            }

            fn decode(number: i32, decoder: &mut ::xdr::Decoder<'_>) -> ::xdr::Result<Self> {
                match number {
                    #(#decode)*
                    _ => Err(decoder.unknown_arm(number)),
                }
            }
        }
    }
}
