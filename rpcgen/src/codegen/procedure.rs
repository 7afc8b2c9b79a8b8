//! The module `procedures`: one constant for each procedure.

use super::{Context, Piece, doc, syntax};
use crate::model::{Procedure, Semantics, Version};
use std::time::Duration;
use syn::{Expr, parse_quote};

/// The constants of all procedures of a version.
pub(super) fn emit(context: &Context<'_>, version: &Version) -> Piece {
    // They stand in a module of their own.
    let context = &Context {
        root: &["super", "super", "super"],
        ..*context
    };
    let number = context.number(&version.number);
    let constant = |procedure: &Procedure| constant(context, procedure, &number).into();
    Piece::Module {
        attributes: doc::attributes(&["The procedures of this version."]),
        is_public: true,
        name: syntax::ident("procedures"),
        pieces: version.procedures.iter().map(constant).collect(),
    }
}

fn constant(context: &Context<'_>, procedure: &Procedure, version: &Expr) -> syn::ItemConst {
    let name = constant_name(context, procedure);
    let docs = doc::member(&procedure.name);
    let idl = &procedure.name.idl;
    let number = context.number(&procedure.number);
    let mut value: Expr = parse_quote!(super::super::PROGRAM.procedure(#version, #number, #idl));
    let Semantics {
        idempotent,
        maybe,
        broadcast,
        deadline,
    } = procedure.semantics;
    for (applies, method) in [
        (idempotent, "idempotent"),
        (maybe, "maybe"),
        (broadcast, "broadcast"),
    ] {
        if applies {
            value = syntax::method(value, method, []);
        }
    }
    if let Some(deadline) = deadline {
        value = syntax::method(value, "with_deadline", [duration(deadline)]);
    }
    parse_quote! {
        #(#docs)*
        pub const #name: ::rpc_runtime::Procedure = #value;
    }
}

/// A duration in the largest unit that tells it exactly.
fn duration(duration: Duration) -> Expr {
    let nanos = i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    let units = [
        ("from_secs", 1_000_000_000),
        ("from_millis", 1_000_000),
        ("from_micros", 1_000),
        ("from_nanos", 1),
    ];
    let (unit, count) = units
        .into_iter()
        .find(|(_, unit)| nanos % unit == 0)
        .map_or(("from_nanos", nanos), |(name, unit)| (name, nanos / unit));
    let path = syntax::absolute(&["core", "time", "Duration", unit]);
    syntax::call(syntax::expr_path(path), [syntax::int(count)])
}

/// The name of a procedure's constant.
pub(super) fn constant_name(context: &Context<'_>, procedure: &Procedure) -> syn::Ident {
    syntax::ident(&context.names.procedure_constant(&procedure.name.rust))
}
