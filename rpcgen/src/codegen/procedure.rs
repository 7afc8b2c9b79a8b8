//! The module `procedures`: one constant for each procedure.

use super::{Context, Piece, doc, syntax};
use crate::model::{Procedure, Version};
use syn::parse_quote;

/// The constants of all procedures of a version.
pub(super) fn emit(context: &Context<'_>, version: &Version) -> Piece {
    let constant = |procedure: &Procedure| constant(context, procedure, version.number).into();
    Piece::Module {
        attributes: doc::attributes(&["The procedures of this version."]),
        is_public: true,
        name: syntax::ident("procedures"),
        pieces: version.procedures.iter().map(constant).collect(),
    }
}

fn constant(context: &Context<'_>, procedure: &Procedure, version: u32) -> syn::ItemConst {
    let name = constant_name(context, procedure);
    let docs = doc::member(&procedure.name);
    let idl = &procedure.name.idl;
    let number = syntax::int(i128::from(procedure.number));
    let version = syntax::int(i128::from(version));
    parse_quote! {
        #(#docs)*
        pub const #name: ::rpc_runtime::Procedure =
            super::super::PROGRAM.procedure(#version, #number, #idl);
    }
}

/// The name of a procedure's constant.
pub(super) fn constant_name(context: &Context<'_>, procedure: &Procedure) -> syn::Ident {
    syntax::ident(&context.names.procedure_constant(&procedure.name.rust))
}
