//! The module of a program, and those of its versions.

use super::{
    Context, Piece, attribute, client, doc, procedure, server, service, structure, syntax,
};
use crate::{
    model::{Name, Procedure, Program, Traits, Version},
    names::Names,
};
use syn::{Attribute, parse_quote};

/// A program: its number, and a module for each version.
pub(super) fn emit(context: &Context<'_>, program: &Program) -> Piece {
    let idl = &program.name.idl;
    let number = syntax::hex(program.number);
    let summary = format!(" The program `{idl}`.");
    let constant: syn::ItemConst = parse_quote! {
        #[doc = #summary]
        pub const PROGRAM: ::rpc_runtime::Program = ::rpc_runtime::Program::new(#idl, #number);
    };
    let mut pieces = vec![constant.into()];
    pieces.extend(
        program
            .versions
            .iter()
            .map(|version| emit_version(context, version)),
    );
    let docs = doc::summary(&program.name, &format!("The program `{idl}`."));
    let mut attributes = doc::attributes(&docs);
    attributes.extend(allow(context, &program.name.rust));
    Piece::Module {
        attributes,
        is_public: true,
        name: syntax::ident(&program.name.rust),
        pieces,
    }
}

fn emit_version(context: &Context<'_>, version: &Version) -> Piece {
    let summary = format!("Version {} of the program.", version.number);
    let docs = doc::summary(&version.name, &summary);
    let mut pieces = vec![procedure::emit(context, version)];
    // The runtime answers the NULL procedure: it has no place in a service.
    let served: Vec<&Procedure> = version
        .procedures
        .iter()
        .filter(|procedure| !procedure.is_null())
        .collect();
    if context.parts.server {
        for procedure in &served {
            pieces.extend(arguments(context, procedure));
        }
        pieces.extend(service::emit(context, &served));
    }
    if context.parts.client {
        pieces.extend(client::emit(context, &version.procedures));
    }
    if context.parts.server {
        pieces.extend(server::emit(context, version, &served));
    }
    let attributes = doc::attributes(&docs);
    Piece::Module {
        attributes,
        is_public: true,
        name: syntax::ident(&version.name.rust),
        pieces,
    }
}

/// The struct that carries the arguments of a procedure with several.
fn arguments(context: &Context<'_>, procedure: &Procedure) -> Vec<Piece> {
    if procedure.parameters.len() < 2 {
        return Vec::new();
    }
    let name = Name {
        idl: procedure.name.idl.clone(),
        rust: arguments_name(context, procedure),
        doc: Some(format!("The arguments of {}.", procedure.name.idl)),
        text: procedure.name.text.clone(),
        attributes: Vec::new(),
    };
    let fields = procedure.parameters.clone();
    let types = &context.model.types;
    let traits = fields
        .iter()
        .map(|field| crate::resolve::traits(types, &field.ty));
    let traits = traits.reduce(Traits::and);
    let sizes = fields.iter().map(|field| context.min_size(&field.ty));
    let min_size = sizes.fold(0, u64::saturating_add);
    let Some(traits) = traits else {
        return Vec::new();
    };
    let traits = Traits {
        copy: false,
        ..traits
    };
    let derives = attribute::derives(traits, &[]);
    structure::emit(context, &name, &fields, derives, min_size)
}

/// The name of the struct that carries the arguments.
pub(super) fn arguments_name(context: &Context<'_>, procedure: &Procedure) -> String {
    context.names.arguments_name(&procedure.name.rust)
}

/// The exceptions that a program's module needs. `mod calc;` with the program `calc` in it is what
/// people write who check `calc.rs` in.
fn allow(context: &Context<'_>, module: &str) -> Vec<Attribute> {
    let is_same = context.model.unit(context.unit).module.as_deref() == Some(module);
    let stubs: Attribute = if is_same {
        parse_quote! {
            #[allow(dead_code, clippy::module_inception, reason = "few crates use both stubs")]
        }
    } else {
        parse_quote!(#[allow(dead_code, reason = "few crates use both stubs")])
    };
    let spelling: Option<Attribute> = (context.names == Names::Preserve).then(|| {
        parse_quote! {
            #[allow(
                non_camel_case_types,
                non_snake_case,
                non_upper_case_globals,
                reason = "IDL spelling"
            )]
        }
    });
    std::iter::once(stubs).chain(spelling).collect()
}
