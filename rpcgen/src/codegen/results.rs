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

/// How a client decodes a reply.
pub(super) enum Decoding {
    /// By this function, or a closure that captures nothing.
    Function(Expr),
    /// By the closure `decode`, which this statement makes: it captures arguments.
    Closure(Stmt),
}

/// How a client decodes the reply of a procedure.
pub(super) fn decoding(context: &Context<'_>, procedure: &Procedure) -> Decoding {
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
    let raises = !procedure.exceptions.is_empty();
    if checks.is_empty() {
        return Decoding::Function(if raises {
            parse_quote!(|d| ::rpc_runtime::raised(d, #function))
        } else {
            function
        });
    }
    let ty = type_of(context, procedure);
    let body: Expr = parse_quote!({
        let results: #ty = #value?;
        #(#checks)*
        Ok(results)
    });
    let closure: Expr = if raises {
        parse_quote!(move |decoder| ::rpc_runtime::raised(decoder, |decoder| #body))
    } else {
        parse_quote!(move |decoder| #body)
    };
    Decoding::Closure(parse_quote! {
        let decode = ::rpc_runtime::ResultDecoder::new(#closure);
    })
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
