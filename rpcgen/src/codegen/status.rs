//! A union that tells how something went, as a `Result` and back.

use super::{Context, doc, syntax};
use crate::model::{Arm, Field, TypeDef, Union};
use syn::{Attribute, Expr, ImplItemFn, ItemImpl, Type, parse_quote};

/// The conversions of a union that has an arm of success: the method `into_result`, and `From`.
pub(super) fn conversions(
    context: &Context<'_>,
    def: &TypeDef,
    union: &Union,
) -> Option<(ImplItemFn, ItemImpl)> {
    let success = union.arms.get(union.success?)?;
    let emitter = Emitter {
        context,
        def,
        union,
        success,
        failure: Failure::of(union, success),
    };
    Some((emitter.to_result(), emitter.of_result()))
}

/// What is left of a union that is no success.
enum Failure<'a> {
    /// The discriminant: no arm but that of success carries anything.
    Status,
    /// The discriminant, and what the default arm carries, which is the only other one.
    StatusAnd(&'a Field),
    /// The union itself.
    Union,
}

impl<'a> Failure<'a> {
    fn of(union: &'a Union, success: &Arm) -> Self {
        let mut others = union.arms.iter().filter(|arm| arm.label != success.label);
        match &union.default {
            Some(Some(field)) if union.arms.len() == 1 => Self::StatusAnd(field),
            None | Some(None) if others.all(|arm| arm.field.is_none()) => Self::Status,
            _ => Self::Union,
        }
    }
}

struct Emitter<'a> {
    context: &'a Context<'a>,
    def: &'a TypeDef,
    union: &'a Union,
    success: &'a Arm,
    failure: Failure<'a>,
}

/// Bytes of an error that surely are fewer than clippy (`result_large_err`) objects to: sizes here
/// leave out padding.
const ERROR_SIZE_MAX: u64 = 64;

impl Emitter<'_> {
    fn to_result(&self) -> ImplItemFn {
        let result = self.result_type();
        let docs = self.docs();
        let allow = self.allow_large_error();
        let (variant, value) = self.success();
        let (rest, error) = self.rest();
        parse_quote! {
            #(#docs)*
            #allow
            pub fn into_result(self) -> #result {
                match self {
                    Self::#variant => Ok(#value),
                    #rest => Err(#error),
                }
            }
        }
    }

    fn of_result(&self) -> ItemImpl {
        let name = syntax::ident(&self.def.name.rust);
        let result = self.result_type();
        let (variant, value) = self.success();
        let failures = self.failures();
        parse_quote! {
            impl ::core::convert::From<#result> for #name {
                fn from(result: #result) -> Self {
                    match result {
                        Ok(#value) => Self::#variant,
                        #(#failures)*
                    }
                }
            }
        }
    }

    fn result_type(&self) -> Type {
        let ok = match &self.success.field {
            None => parse_quote!(()),
            Some(field) => self.context.rust_type(&field.ty),
        };
        let status = self.context.rust_type(&self.union.discriminant.ty);
        let error = match self.failure {
            Failure::Status => status,
            Failure::StatusAnd(field) => {
                let value = self.context.rust_type(&field.ty);
                parse_quote!((#status, #value))
            }
            Failure::Union => syntax::type_path(syntax::path(&["Self"])),
        };
        syntax::generic(
            syntax::absolute(&["core", "result", "Result"]),
            vec![ok, error],
        )
    }

    fn docs(&self) -> Vec<Attribute> {
        let carried = match &self.success.field {
            None => "Nothing, for",
            Some(_) => "What is carried by",
        };
        let status = &self.union.discriminant.name.idl;
        let error = match self.failure {
            Failure::Status => format!("Any other `{status}`."),
            Failure::StatusAnd(field) => {
                format!("Any other `{status}`, with its `{}`.", field.name.idl)
            }
            Failure::Union => format!("The union as it is, for any other `{status}`."),
        };
        doc::attributes(&[
            format!("{carried} `case {}`.", self.success.name.idl),
            String::new(),
            "# Errors".to_owned(),
            String::new(),
            error,
        ])
    }

    fn allow_large_error(&self) -> Option<Attribute> {
        let types = &self.context.model.types;
        let size = match self.failure {
            Failure::Status => 0,
            Failure::StatusAnd(field) => crate::resolve::memory_size(types, &field.ty),
            Failure::Union => self.def.memory_size,
        };
        (size > ERROR_SIZE_MAX).then(|| {
            parse_quote! {
                #[allow(clippy::result_large_err, reason = "the interface has it")]
            }
        })
    }

    /// The variant of success as a pattern and a value, and what it carries.
    fn success(&self) -> (Expr, Expr) {
        let variant = syntax::ident(&self.success.name.rust);
        match self.success.field {
            None => (parse_quote!(#variant), parse_quote!(())),
            Some(_) => (parse_quote!(#variant(value)), parse_quote!(value)),
        }
    }

    /// The pattern of every other variant, and the error that it becomes.
    fn rest(&self) -> (syn::Pat, Expr) {
        match self.failure {
            Failure::Status if self.union.arms.len() == 1 => (
                parse_quote!(Self::Default { discriminant }),
                parse_quote!(discriminant),
            ),
            Failure::Status => (parse_quote!(rest), parse_quote!(rest.discriminant())),
            Failure::StatusAnd(_) => (
                parse_quote!(Self::Default {
                    discriminant,
                    value
                }),
                parse_quote!((discriminant, value)),
            ),
            Failure::Union => (parse_quote!(rest), parse_quote!(rest)),
        }
    }

    /// From an error to its variant.
    fn failures(&self) -> Vec<syn::Arm> {
        match self.failure {
            Failure::Status => {
                let labels = self.union.arms.iter();
                let labels = labels.filter(|arm| arm.label != self.success.label);
                let mut arms: Vec<syn::Arm> = labels.map(|arm| self.labelled(arm)).collect();
                arms.push(parse_quote!(Err(discriminant) => Self::Default { discriminant },));
                arms
            }
            Failure::StatusAnd(_) => vec![parse_quote! {
                Err((discriminant, value)) => Self::Default { discriminant, value },
            }],
            Failure::Union => vec![parse_quote!(Err(rest) => rest,)],
        }
    }

    fn labelled(&self, arm: &Arm) -> syn::Arm {
        let label = super::union::label(self.context, self.union, &arm.label);
        let variant = syntax::ident(&arm.name.rust);
        parse_quote!(Err(#label) => Self::#variant,)
    }
}
