//! What should not be used any more: generated code has to use it, and must not warn.

use super::{Context, Piece};
use crate::model::{Bound, Item, Model, Name, Shape, Type, TypeDef};
use syn::{Attribute, parse_quote};

/// The attribute that users of a deprecated thing are warned by.
pub(super) fn attribute(name: &Name) -> Option<Attribute> {
    let why = name.deprecated.as_ref()?;
    Some(parse_quote!(#[deprecated = #why]))
}

/// Allows the pieces of a type to use what is deprecated in it.
pub(super) fn allow(context: &Context<'_>, def: &TypeDef, pieces: &mut [Piece]) {
    if !context.has_deprecated || !uses_deprecated(context.model, def) {
        return;
    }
    for piece in pieces {
        if let Piece::Item(item) = piece
            && let Some(attributes) = attributes_of(item)
        {
            attributes
                .push(parse_quote!(#[allow(deprecated, reason = "the interface still has it")]));
        }
    }
}

/// Whether anything at all is deprecated.
pub(super) fn is_anything(model: &Model) -> bool {
    let mut items = model.units.iter().flat_map(|unit| &unit.items);
    let has_item = items.any(|item| match item {
        Item::Constant(constant) => constant.name.deprecated.is_some(),
        Item::Extern(_) => false,
        Item::Type(id) => names(model.type_def(*id)).any(is_deprecated),
    });
    let programs = model.units.iter().flat_map(|unit| &unit.programs);
    let versions = programs.flat_map(|program| &program.versions);
    let procedures = versions.clone().flat_map(|version| &version.procedures);
    has_item
        || versions.map(|version| &version.name).any(is_deprecated)
        || procedures
            .map(|procedure| &procedure.name)
            .any(is_deprecated)
}

fn is_deprecated(name: &Name) -> bool {
    name.deprecated.is_some()
}

/// The names of a type and of its parts.
fn names(def: &TypeDef) -> impl Iterator<Item = &Name> {
    let parts: Vec<&Name> = match &def.shape {
        Shape::Alias(_) => Vec::new(),
        Shape::Enum(shape) => {
            let aliases = shape.aliases.iter().map(|(name, _)| name);
            shape
                .enumerators
                .iter()
                .map(|one| &one.name)
                .chain(aliases)
                .collect()
        }
        Shape::Struct(shape) => shape.fields.iter().map(|field| &field.name).collect(),
        Shape::Union(shape) => shape.arms.iter().map(|arm| &arm.name).collect(),
    };
    parts.into_iter().chain([&def.name])
}

fn uses_deprecated(model: &Model, def: &TypeDef) -> bool {
    // The labels of a union are enumerators.
    let labels = match &def.shape {
        Shape::Union(union) => Some(&union.discriminant.ty),
        _ => None,
    };
    let mut types = def.shape.types().into_iter().chain(labels);
    names(def).any(is_deprecated) || types.any(|ty| mentions_deprecated(model, ty))
}

fn mentions_deprecated(model: &Model, ty: &Type) -> bool {
    match ty {
        Type::Named(id) | Type::Boxed(id) | Type::List { node: id, .. } => {
            let def = model.type_def(*id);
            let is_enum = matches!(def.shape, Shape::Enum(_));
            is_deprecated(&def.name) || is_enum && names(def).any(is_deprecated)
        }
        Type::Array(element, bound) => {
            is_deprecated_bound(model, bound.as_ref()) || mentions_deprecated(model, element)
        }
        Type::Opaque(bound) | Type::String { max: bound, .. } => {
            is_deprecated_bound(model, bound.as_ref())
        }
        Type::Optional { value: inner, .. }
        | Type::FixedArray { element: inner, .. }
        | Type::Ranged { value: inner, .. } => mentions_deprecated(model, inner),
        _ => false,
    }
}

fn is_deprecated_bound(model: &Model, bound: Option<&Bound>) -> bool {
    let Some(said) = bound.and_then(|bound| bound.constant.as_ref()) else {
        return false;
    };
    let mut items = model.unit(said.unit).items.iter();
    items.any(|item| match item {
        Item::Constant(one) => is_deprecated(&one.name) && one.name.rust == said.rust,
        Item::Extern(_) | Item::Type(_) => false,
    })
}

fn attributes_of(item: &mut syn::Item) -> Option<&mut Vec<Attribute>> {
    match item {
        syn::Item::Enum(item) => Some(&mut item.attrs),
        syn::Item::Impl(item) => Some(&mut item.attrs),
        syn::Item::Struct(item) => Some(&mut item.attrs),
        syn::Item::Type(item) => Some(&mut item.attrs),
        _ => None,
    }
}
