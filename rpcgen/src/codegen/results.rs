//! What a procedure gives back: nothing, a value, or a struct of several; or what it raises.

use super::{
    Context, client,
    exception::error_type,
    structure::{checked, field_of},
    syntax,
};
use crate::model::{Check, Demand, Procedure};
use syn::{Expr, Ident, Stmt, Type, parse_quote};

/// The type of all results together.
pub(super) fn type_of(context: &Context<'_>, procedure: &Procedure) -> Type {
    match procedure.results.as_slice() {
        [] => parse_quote!(()),
        [result] => context.rust_type(&result.ty),
        _ => {
            let name = name(context, procedure);
            parse_quote!(#name)
        }
    }
}

/// What a caller gets of a call that was executed.
pub(super) fn outcome(context: &Context<'_>, procedure: &Procedure) -> Type {
    let results = type_of(context, procedure);
    if procedure.exceptions.is_empty() {
        return results;
    }
    let error = error_type(context, procedure);
    parse_quote!(::core::result::Result<#results, #error>)
}

/// The struct that carries several results.
fn name(context: &Context<'_>, procedure: &Procedure) -> Ident {
    syntax::ident(&context.names.result_name(&procedure.name.rust))
}

/// What comes before a call, and the function that decodes its reply.
pub(super) fn decoding(context: &Context<'_>, procedure: &Procedure) -> (Option<Stmt>, Expr) {
    let (function, value) = match procedure.results.as_slice() {
        [result] => (
            context.decoding(&result.ty),
            context.decode("decoder", &result.ty),
        ),
        _ => (
            parse_quote!(::xdr::Decode::decode),
            parse_quote!(decoder.decode()),
        ),
    };
    let checks: Vec<Stmt> = limits(procedure)
        .filter_map(|(check, parameter)| {
            let array = procedure.results.get(check.array)?;
            let count = client::parameter(procedure.parameters.get(parameter)?);
            let value = value_of("results", procedure, check);
            let check = parse_quote!(decoder.at_most(#value, #count));
            Some(checked(
                ("decoder", "decoder"),
                &procedure.name.idl,
                array,
                check,
            ))
        })
        .collect();
    let (setup, decode) = if checks.is_empty() {
        (None, function)
    } else {
        let ty = type_of(context, procedure);
        let setup = parse_quote! {
            let decode = |decoder: &mut ::xdr::Decoder<'_>| {
                let results: #ty = #value?;
                #(#checks)*
                Ok(results)
            };
        };
        (Some(setup), parse_quote!(decode))
    };
    if procedure.exceptions.is_empty() {
        return (setup, decode);
    }
    (setup, parse_quote!(::rpc_runtime::raised(#decode)))
}

/// The expression that makes the reply of what a service returned, which is called `result`;
/// `arguments` says how a parameter is reached.
pub(super) fn reply(
    context: &Context<'_>,
    procedure: &Procedure,
    argument: impl Fn(usize) -> Expr,
) -> Expr {
    let checks: Vec<Stmt> = limits(procedure)
        .filter_map(|(check, parameter)| {
            let array = procedure.results.get(check.array)?;
            let (value, count) = (value_of("result", procedure, check), argument(parameter));
            let check = parse_quote!(e.at_most(#value, #count));
            Some(checked(("encoder", "e"), &procedure.name.idl, array, check))
        })
        .collect();
    let raises = !procedure.exceptions.is_empty();
    let result: Expr = if raises {
        parse_quote!(result)
    } else {
        parse_quote!(&result)
    };
    if raises && checks.is_empty() {
        let encode = match procedure.results.as_slice() {
            [one] => context.encoding(&one.ty),
            _ => parse_quote!(::xdr::Encoder::encode),
        };
        return parse_quote!(call.reply_or_raise(&result, #encode));
    }
    let encode = match procedure.results.as_slice() {
        [] => return parse_quote!(call.reply(::xdr::Encoder::void)),
        [one] => context.encode("encoder", &one.ty, &result),
        _ => parse_quote!(encoder.encode(#result)),
    };
    let body: Expr = if checks.is_empty() {
        encode
    } else {
        parse_quote!({ #(#checks)* #encode })
    };
    if raises {
        parse_quote!(call.reply_or_raise(&result, |encoder, result| #body))
    } else {
        parse_quote!(call.reply(|encoder| #body))
    }
}

/// Results that a parameter limits, with the place of that parameter.
fn limits(procedure: &Procedure) -> impl Iterator<Item = (&Check, usize)> {
    let limit = |check: &Check| match check.demand {
        Demand::AtMostParameter(parameter) => Some(parameter),
        _ => None,
    };
    let checks = procedure.result_checks.iter();
    checks.filter_map(move |check| Some((check, limit(check)?)))
}

/// A reference to the array of a check, in the variable that holds all results.
fn value_of(variable: &str, procedure: &Procedure, check: &Check) -> Expr {
    match (
        procedure.results.as_slice(),
        procedure.results.get(check.array),
    ) {
        ([_, _, ..], Some(field)) => field_of(variable, field),
        _ => syntax::reference(syntax::variable(variable)),
    }
}
