//! Model to syntax: one emitter for each kind of thing, called in the order of the output.
//!
//! What occurs once for each type or field is built as syntax nodes, what occurs once for each
//! procedure is quoted: parsing quoted tokens costs three times as much as building the nodes.

mod alias;
mod attribute;
mod client;
mod constant;
mod crates;
mod deprecation;
mod doc;
mod enumeration;
mod exception;
mod procedure;
mod program;
mod results;
mod rust_type;
mod server;
mod service;
mod status;
mod structure;
mod syntax;
mod union;
mod wire;

use crate::{
    config::{Config, ModulePath},
    model::{Item, Model, Shape, TypeId, UnitId},
    names::Names,
};
use syn::Attribute;

/// Which parts are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Client stubs.
    pub client: bool,
    /// Server stubs.
    pub server: bool,
}

/// A piece of the generated file: blank lines go between pieces.
pub(crate) enum Piece {
    /// An item.
    Item(Box<syn::Item>),
    /// A module.
    Module {
        /// Its documentation and attributes.
        attributes: Vec<Attribute>,
        /// Whether it is `pub`.
        is_public: bool,
        /// Its name.
        name: syn::Ident,
        /// What it holds.
        pieces: Vec<Self>,
    },
}

macro_rules! piece_from_item {
    ($($variant:ident($item:ident)),*) => {$(
        impl From<syn::$item> for Piece {
            fn from(item: syn::$item) -> Self {
                Self::Item(Box::new(syn::Item::$variant(item)))
            }
        }
    )*};
}

piece_from_item!(
    Const(ItemConst),
    Enum(ItemEnum),
    Fn(ItemFn),
    Impl(ItemImpl),
    Macro(ItemMacro),
    Struct(ItemStruct),
    Trait(ItemTrait),
    Type(ItemType)
);

/// What emitters read.
pub(crate) struct Context<'a> {
    pub(crate) model: &'a Model,
    /// The unit that is generated.
    pub(crate) unit: UnitId,
    pub(crate) parts: Parts,
    pub(crate) names: Names,
    /// The module that has the modules of all units, seen from the root of this one.
    pub(crate) modules: &'a ModulePath,
    /// The path from where items are emitted to the root of the generated file.
    pub(crate) root: &'static [&'static str],
    pub(crate) templates: &'a syntax::Templates,
    /// Whether anything is deprecated: seldom is.
    pub(crate) has_deprecated: bool,
}

/// Generates the file of a unit, a piece at a time: what was handed out is no longer held.
pub(crate) fn generate(model: &Model, id: UnitId, config: &Config, emit: &mut dyn FnMut(Piece)) {
    if config.crates.are_default() {
        return pieces(model, id, config, emit);
    }
    pieces(model, id, config, &mut |mut piece| {
        crates::rename(&config.crates, &mut piece);
        emit(piece);
    });
}

fn pieces(model: &Model, id: UnitId, config: &Config, emit: &mut dyn FnMut(Piece)) {
    let templates = syntax::Templates::default();
    let (unit, parts) = (model.unit(id), config.parts);
    let mut context = Context {
        model,
        unit: id,
        parts,
        names: config.names,
        modules: &config.modules,
        root: &[],
        templates: &templates,
        has_deprecated: deprecation::is_anything(model),
    };
    let stubs = (parts.client || parts.server) && !unit.programs.is_empty();
    // One check is enough, and gives one error: releases of the runtime name that of the codec.
    let checked = if stubs { "rpc_runtime" } else { "xdr" };
    emit(syntax::format_check(&[checked]));
    for item in &unit.items {
        match item {
            Item::Constant(constant) => emit(constant::emit(&context, constant)),
            Item::Extern(item) => emit(constant::emit_extern(&context, item)),
            Item::Type(id) => type_pieces(&context, *id).into_iter().for_each(&mut *emit),
        }
    }
    if stubs {
        context.root = &["super", "super"];
        for program in &unit.programs {
            emit(program::emit(&context, program));
        }
    }
}

/// A type and its codec.
fn type_pieces(context: &Context<'_>, id: TypeId) -> Vec<Piece> {
    let def = context.model.type_def(id);
    let mut pieces = match &def.shape {
        Shape::Alias(ty) => vec![alias::emit(context, def, ty)],
        Shape::Enum(shape) => enumeration::emit(context, def, shape),
        Shape::Struct(shape) => {
            let fields = structure::Fields {
                owner: &def.name.idl,
                list: &shape.fields,
                checks: &shape.checks,
            };
            let derives = attribute::derives(def.traits, &def.derives);
            structure::emit(context, &def.name, fields, derives, def.min_size)
        }
        Shape::Union(shape) => union::emit(context, def, shape),
    };
    deprecation::allow(context, def, &mut pieces);
    pieces
}
