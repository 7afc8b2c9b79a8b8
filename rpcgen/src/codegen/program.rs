//! The module of a program, and those of its versions.

use super::{
    Context, Piece, attribute, client, client_trait, deprecation, doc, exception, procedure,
    server, service,
    structure::{self, Fields},
    syntax,
};
use crate::{
    model::{Name, Number, Procedure, Program, Traits, Version},
    names::Names,
};
use syn::{Attribute, Path, parse_quote};

/// A program: its number, and a module for each version.
pub(super) fn emit(context: &Context<'_>, program: &Program) -> Piece {
    let idl = &program.name.idl;
    let number = match &program.number {
        Number::Known(number) => syntax::hex(*number),
        number @ Number::Constant(_) => {
            let root = &["super"];
            Context { root, ..*context }.number(number)
        }
    };
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
    let summary = match &version.number {
        Number::Known(number) => format!("Version {number} of the program."),
        Number::Constant(constant) => format!("Version `{}` of the program.", constant.rust),
    };
    let docs = doc::summary(&version.name, &summary);
    // Each is printed at once: a version may have very many procedures.
    let mut pieces = Vec::from_iter(context.print(vec![procedure::emit(context, version)]));
    // The runtime answers the NULL procedure: it has no place in a service.
    let served: Vec<&Procedure> = version
        .procedures
        .iter()
        .filter(|procedure| !procedure.is_null())
        .collect();
    for procedure in &served {
        if context.parts.server {
            pieces.extend(context.print(arguments(context, procedure)));
        }
        pieces.extend(context.print(results(context, procedure)));
        pieces.extend(context.print(exception::emit(context, procedure)));
    }
    if context.parts.server {
        pieces.extend(context.print(service::emit(context, &served)));
    }
    if context.parts.client {
        pieces.extend(context.print(client::emit(context, &version.procedures)));
        if context.parts.client_trait {
            pieces.extend(context.print(client_trait::emit(context, &version.procedures)));
        }
    }
    if context.parts.server {
        pieces.extend(context.print(server::emit(context, version, &served)));
    }
    let mut attributes = doc::attributes(&docs);
    attributes.extend(deprecation::attribute(&version.name));
    Piece::Module {
        attributes,
        is_public: true,
        name: syntax::ident(&version.name.rust),
        pieces,
    }
}

/// The struct that carries the arguments of a procedure with several.
fn arguments(context: &Context<'_>, procedure: &Procedure) -> Vec<Piece> {
    let fields = Fields {
        owner: &procedure.name.idl,
        list: &procedure.parameters,
        checks: &procedure.parameter_checks,
    };
    carrier(
        context,
        procedure,
        arguments_name(context, procedure),
        "arguments",
        fields,
    )
}

/// The struct that carries the results of a procedure with several.
fn results(context: &Context<'_>, procedure: &Procedure) -> Vec<Piece> {
    let fields = Fields {
        owner: &procedure.name.idl,
        list: &procedure.results,
        checks: &procedure.result_checks,
    };
    let name = context.names.result_name(&procedure.name.rust);
    carrier(context, procedure, name, "results", fields)
}

/// A struct that carries several values of a procedure.
fn carrier(
    context: &Context<'_>,
    procedure: &Procedure,
    rust: String,
    what: &str,
    fields: Fields<'_>,
) -> Vec<Piece> {
    if fields.list.len() < 2 {
        return Vec::new();
    }
    let name = Name {
        idl: procedure.name.idl.clone(),
        rust,
        doc: Some(format!("The {what} of {}.", procedure.name.idl)),
        text: procedure.name.text.clone(),
        deprecated: None,
        attributes: Vec::new(),
    };
    let types = &context.model.types;
    let list = fields.list.iter();
    let traits = list.map(|field| crate::resolve::traits(types, &field.ty));
    let size = crate::resolve::fields_wire_size(types, fields.list);
    let Some(traits) = traits.reduce(Traits::and) else {
        return Vec::new();
    };
    let traits = Traits {
        copy: false,
        ..traits
    };
    let derives = attribute::derives(traits, &[]);
    structure::emit(context, &name, fields, derives, size)
}

/// The name of the struct that carries the arguments.
pub(super) fn arguments_name(context: &Context<'_>, procedure: &Procedure) -> String {
    context.names.arguments_name(&procedure.name.rust)
}

/// The exceptions that a program's module needs. `mod calc;` with the program `calc` in it is what
/// people write who check `calc.rs` in.
fn allow(context: &Context<'_>, module: &str) -> Vec<Attribute> {
    let is_inception = context.model.unit(context.unit).module.as_deref() == Some(module);
    let inception = is_inception.then(|| -> Path { parse_quote!(clippy::module_inception) });
    let deprecated = context
        .has_deprecated
        .then(|| syntax::path(&["deprecated"]));
    let lints = [Some(syntax::path(&["dead_code"])), inception, deprecated];
    let lints = lints.into_iter().flatten();
    let stubs = parse_quote!(#[allow(#(#lints),*, reason = "few crates use both stubs")]);
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
