//! Model to syntax: one emitter for each kind of thing, called in the order of the output.
//!
//! What occurs once for each type or field is built as syntax nodes, what occurs once for each
//! procedure is quoted: parsing quoted tokens costs three times as much as building the nodes.

mod alias;
mod arbitrary;
mod attribute;
mod borrowed;
mod client;
mod client_trait;
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
mod serde;
mod server;
mod service;
mod share;
mod status;
mod structure;
mod syntax;
mod templates;
mod union;
mod wire;

use crate::{
    config::{Config, Crates, ModulePath},
    format,
    model::{Item, Model, Program, Shape, TypeId, UnitId},
    names::Names,
};
use syn::Attribute;
use templates::Templates;

/// Which parts are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Client stubs.
    pub client: bool,
    /// The traits that client stubs implement, for mocks.
    pub client_trait: bool,
    /// Server stubs.
    pub server: bool,
}

/// A piece of the generated file: blank lines go between pieces.
pub(crate) enum Piece {
    /// An item.
    Item(Box<syn::Item>),
    /// What became of other pieces: their syntax takes a hundred times the memory.
    Text(String),
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

/// Whether values own their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// They do.
    Owned,
    /// They are the twins of those that do.
    Borrowed,
}

/// What emitters read.
pub(crate) struct Context<'a> {
    pub(crate) model: &'a Model,
    /// The unit that is generated.
    pub(crate) unit: UnitId,
    pub(crate) parts: Parts,
    /// What types, and the expressions that decode them, are of.
    pub(crate) form: Form,
    pub(crate) names: Names,
    /// Where the crates are that the file links against.
    pub(crate) crates: &'a Crates,
    /// The module that has the modules of all units, seen from the root of this one.
    pub(crate) modules: &'a ModulePath,
    /// The path from where items are emitted to the root of the generated file.
    pub(crate) root: &'static [&'static str],
    pub(crate) templates: &'a Templates,
    /// Whether anything is deprecated: seldom is.
    pub(crate) has_deprecated: bool,
}

impl Context<'_> {
    /// Pieces as one of text, if there are any.
    fn print(&self, pieces: Vec<Piece>) -> Option<Piece> {
        (!pieces.is_empty()).then(|| Piece::Text(self.text(pieces)))
    }

    fn text(&self, pieces: Vec<Piece>) -> String {
        let print = |mut piece| {
            if !self.crates.are_default() {
                crates::rename(self.crates, &mut piece);
            }
            format::piece(piece)
        };
        let texts: Vec<String> = pieces.into_iter().map(print).collect();
        texts.join("\n")
    }
}

/// Generates the file of a unit: its pieces as text, in order.
pub(crate) fn generate(model: &Model, id: UnitId, config: &Config) -> Vec<String> {
    let (unit, parts) = (model.unit(id), config.parts);
    let stubs = (parts.client || parts.server) && !unit.programs.is_empty();
    // One check is enough, and gives one error: releases of the runtime name that of the codec.
    let mut shares = vec![Share::Check(if stubs { "rpc_runtime" } else { "xdr" })];
    shares.extend(unit.items.iter().map(Share::Item));
    if stubs {
        shares.extend(unit.programs.iter().map(Share::Program));
    }
    let has_deprecated = deprecation::is_anything(model);
    share::all(&shares, || {
        let templates = Templates::default();
        move |share: &Share<'_>| {
            let context = Context {
                model,
                unit: id,
                parts,
                form: Form::Owned,
                names: config.names,
                crates: &config.crates,
                modules: &config.modules,
                root: share.root(),
                templates: &templates,
                has_deprecated,
            };
            context.text(share.pieces(&context))
        }
    })
}

/// A share of the generated file, which does not depend on the others.
enum Share<'a> {
    /// The check of the crate that the file links against.
    Check(&'static str),
    Item(&'a Item),
    Program(&'a Program),
}

impl Share<'_> {
    /// The path from where most of it stands to the root of the file.
    fn root(&self) -> &'static [&'static str] {
        match self {
            Self::Check(_) | Self::Item(_) => &[],
            Self::Program(_) => &["super", "super"],
        }
    }

    fn pieces(&self, context: &Context<'_>) -> Vec<Piece> {
        match self {
            Self::Check(krate) => vec![syntax::format_check(&[krate])],
            Self::Item(Item::Constant(constant)) => vec![constant::emit(context, constant)],
            Self::Item(Item::Extern(item)) => vec![constant::emit_extern(context, item)],
            Self::Item(Item::Type(id)) => type_pieces(context, *id),
            Self::Program(program) => vec![program::emit(context, program)],
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
            structure::emit(context, &def.name, fields, derives, def.wire_size)
        }
        Shape::Union(shape) => union::emit(context, def, shape),
    };
    if def.impls.serde {
        serde::derive(context, def, &mut pieces);
    }
    if def.impls.arbitrary {
        pieces.extend(arbitrary::implementation(context, def));
    }
    pieces.extend(borrowed::twin(context, def));
    deprecation::allow(context, def, &mut pieces);
    pieces
}
