//! What can only be said of all types together: which contain themselves, where a box breaks the
//! cycle, how large they are, which traits they have.

use super::{
    chain,
    circle::{self, cycles},
    collect::Declarations,
    graph::{Components, components},
    nesting, wire_size,
};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics},
    model::{INLINE_MAX, Number, Shape, Traits, Type, TypeDef, TypeId},
};
use std::collections::VecDeque;

/// Bytes of memory up to which a struct of scalars is `Copy`.
const COPY_MAX: u64 = 32;

/// Elements up to which the standard library has `Default` for arrays.
const DEFAULT_ARRAY_MAX: u32 = 32;

/// Completes the types; `None` where one contains itself without an end.
pub(super) fn analyse(
    mut types: Vec<TypeDef>,
    declarations: &Declarations<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<TypeDef>> {
    break_cycles(&mut types);
    let edges = edges(&types);
    let by_value = components(&edges);
    if report_infinite(&types, &edges, &by_value, declarations, diagnostics)
        || nesting::report_deep(&types, declarations, diagnostics)
    {
        return None;
    }
    chain::box_long_chains(&mut types, &by_value);
    measure(&mut types, &by_value.order);
    derive_traits(&mut types, &by_value.order);
    let order = circle::find_circles(&mut types);
    wire_size::measure(&mut types, &by_value.order, &order);
    Some(types)
}

/// The types in an order that puts each behind those it contains by value.
pub(super) fn by_value(types: &[TypeDef]) -> Components {
    components(&edges(types))
}

/// The types that each type contains: by value, or as optional-data that is not boxed.
fn edges(types: &[TypeDef]) -> Vec<Vec<usize>> {
    let contained = |def: &TypeDef| {
        def.shape
            .types()
            .into_iter()
            .filter_map(contained)
            .collect()
    };
    types.iter().map(contained).collect()
}

fn contained(ty: &Type) -> Option<usize> {
    match ty {
        Type::Named(id) => Some(id.0),
        Type::Optional {
            value: inner,
            boxed: false,
        }
        | Type::FixedArray { element: inner, .. }
        | Type::Ranged { value: inner, .. } => contained(inner),
        _ => None,
    }
}

/// Puts a box around optional-data on each cycle, and around what a union carries.
fn break_cycles(types: &mut [TypeDef]) {
    let components = components(&edges(types));
    let component = |id: usize| components.of.get(id);
    for (id, def) in types.iter_mut().enumerate() {
        let is_cyclic = |other: TypeId| component(other.0) == component(id);
        for ty in def.shape.types_mut() {
            box_optional(ty, &is_cyclic);
        }
        if let Shape::Union(_) = def.shape {
            box_arms(&mut def.shape, &is_cyclic);
        }
    }
}

/// Puts boxes into a union that contains itself, if there is an arm with which a value ends.
fn box_arms(union: &mut Shape, is_cyclic: &impl Fn(TypeId) -> bool) {
    let leads_on = |ty: &Type| contained(ty).is_some_and(|id| is_cyclic(TypeId(id)));
    let has_end = match union {
        Shape::Union(union) => {
            let arms = union.arms.iter().map(|arm| arm.field.as_ref());
            let mut carried = arms.chain(union.default.iter().map(Option::as_ref));
            carried.any(|field| field.is_none_or(|field| !leads_on(&field.ty)))
        }
        _ => false,
    };
    if !has_end {
        return;
    }
    for ty in union.types_mut() {
        if let Type::Named(id) = ty
            && is_cyclic(*id)
        {
            *ty = Type::Boxed(*id);
        }
    }
}

fn box_optional(ty: &mut Type, is_cyclic: &impl Fn(TypeId) -> bool) {
    match ty {
        Type::Optional { value, boxed } => match **value {
            Type::Named(id) => *boxed = is_cyclic(id),
            _ => box_optional(value, is_cyclic),
        },
        Type::FixedArray { element: inner, .. }
        | Type::Ranged { value: inner, .. }
        | Type::Array(inner, _) => box_optional(inner, is_cyclic),
        _ => {}
    }
}

/// The typedefs that each typedef names, behind arrays and boxes too: Rust expands them all.
pub(super) fn alias_edges(types: &[TypeDef]) -> Vec<Vec<usize>> {
    let alias = |id: TypeId| match types.get(id.0).map(|def| &def.shape) {
        Some(Shape::Alias(ty)) => Some(ty),
        _ => None,
    };
    let edge = |id: usize| {
        let target = named_in(alias(TypeId(id))?)?;
        alias(target).map(|_| target.0)
    };
    (0..types.len())
        .map(|id| edge(id).into_iter().collect())
        .collect()
}

/// The named type at the core of a type.
pub(crate) fn named_in(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Named(id) | Type::Boxed(id) => Some(*id),
        Type::List { node, .. } => Some(*node),
        Type::Optional { value: inner, .. }
        | Type::FixedArray { element: inner, .. }
        | Type::Ranged { value: inner, .. }
        | Type::Array(inner, _) => named_in(inner),
        _ => None,
    }
}

/// Types of a circle that a message shows beside the first; more of them say less.
const LINKS_SHOWN: usize = 4;

/// Reports types that contain themselves by value, and typedefs that name nothing but each other,
/// each cycle once; tells whether there were any.
fn report_infinite(
    types: &[TypeDef],
    edges: &[Vec<usize>],
    by_value: &Components,
    declarations: &Declarations<'_>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let alias_edges = alias_edges(types);
    let aliases = cycles(&alias_edges, &components(&alias_edges));
    // A typedef has one edge, so one that is on a cycle of typedefs is on no other.
    let is_struct = |id: &usize| {
        let def = types.get(*id);
        def.is_some_and(|def| !matches!(def.shape, Shape::Alias(_)))
    };
    let infinite = cycles(edges, by_value);
    let infinite: Vec<Vec<usize>> = infinite
        .into_iter()
        .filter(|cycle| cycle.iter().any(is_struct))
        .collect();
    for cycle in &infinite {
        let mut members = cycle.iter().map(|&id| declarations.get(TypeId(id)));
        let Some(declaration) = members.next() else {
            continue;
        };
        let message = format!("`{}` contains itself without an end", declaration.name);
        let mut fault = Diagnostic::new(Code::InfiniteType, declaration.name_span, message)
            .help("a value can hold another of its type behind a `*` or in an array `<>`");
        for other in members.take(LINKS_SHOWN) {
            fault = fault.also(other.name_span, "by way of this one");
        }
        diagnostics.push(fault);
    }
    for id in aliases.iter().filter_map(|cycle| cycle.first()) {
        let declaration = declarations.get(TypeId(*id));
        let message = format!("`{}` is a name of nothing but itself", declaration.name);
        diagnostics.push(
            Diagnostic::new(Code::InfiniteType, declaration.name_span, message)
                .help("only a struct, or a union with data in two arms, can hold its own type"),
        );
    }
    !infinite.is_empty() || !aliases.is_empty()
}

/// Sizes in memory, of each type after those it contains.
fn measure(types: &mut [TypeDef], order: &[usize]) {
    for &id in order {
        let Some(def) = types.get(id) else { continue };
        let size = shape_memory_size(types, &def.shape);
        if let Some(def) = types.get_mut(id) {
            def.memory_size = size;
        }
    }
    let memory: Vec<u64> = types.iter().map(|def| def.memory_size).collect();
    for ty in types.iter_mut().flat_map(|def| def.shape.types_mut()) {
        box_large(ty, &|id| memory.get(id.0).copied().unwrap_or_default());
    }
}

/// Puts arrays in boxes that are too large for the stack.
pub(super) fn box_large(ty: &mut Type, memory: &impl Fn(TypeId) -> u64) {
    let is_large = memory_of(ty, memory) > INLINE_MAX;
    match ty {
        Type::FixedArray { element, boxed, .. } => {
            box_large(element, memory);
            *boxed |= is_large;
        }
        Type::Optional { value: inner, .. }
        | Type::Ranged { value: inner, .. }
        | Type::Array(inner, _) => box_large(inner, memory),
        _ => {}
    }
}

fn shape_memory_size(types: &[TypeDef], shape: &Shape) -> u64 {
    let named = |id: TypeId| types.get(id.0).map_or(0, |def| def.memory_size);
    let parts = shape
        .types()
        .into_iter()
        .map(|ty| match memory_of(ty, &named) {
            large if large > INLINE_MAX && !matches!(ty, Type::Named(_)) => POINTER_SIZE,
            size => size,
        });
    match shape {
        Shape::Enum(_) => 4,
        Shape::Alias(_) | Shape::Struct(_) => parts.fold(0, u64::saturating_add),
        Shape::Union(_) => parts.max().unwrap_or(0).saturating_add(8),
    }
}

const POINTER_SIZE: u64 = 8;

/// Bytes of memory that a type of the user's is taken for: so many that a union with it beside
/// nothing counts as one of arms that differ much.
const EXTERN_SIZE: u64 = 256;

/// A length, or the least that it can be.
pub(super) fn known(len: &Number<u32>) -> u64 {
    len.known().map_or(0, u64::from)
}

/// Whether the standard library surely has `Default` for arrays of this length.
fn has_default(len: &Number<u32>) -> bool {
    len.known().is_some_and(|len| len <= DEFAULT_ARRAY_MAX)
}

/// About how many bytes of memory a value takes.
#[must_use]
pub fn memory_size(types: &[TypeDef], ty: &Type) -> u64 {
    memory_of(ty, &|id| types.get(id.0).map_or(0, |def| def.memory_size))
}

fn memory_of(ty: &Type, named: &impl Fn(TypeId) -> u64) -> u64 {
    match ty {
        Type::Bool => 1,
        Type::Int | Type::UnsignedInt | Type::Float => 4,
        Type::Hyper | Type::UnsignedHyper | Type::Double => 8,
        Type::Quadruple => 16,
        Type::FixedOpaque(len) if known(len) > INLINE_MAX => POINTER_SIZE,
        Type::FixedOpaque(len) => known(len),
        Type::Opaque(_) | Type::String { .. } => 4 * POINTER_SIZE,
        Type::Array(..) | Type::List { .. } => 3 * POINTER_SIZE,
        Type::Optional { boxed: true, .. }
        | Type::FixedArray { boxed: true, .. }
        | Type::Boxed(_) => POINTER_SIZE,
        Type::Optional {
            value,
            boxed: false,
        } => memory_of(value, named).saturating_add(8),
        Type::FixedArray { element, len, .. } => {
            memory_of(element, named).saturating_mul(known(len))
        }
        Type::Ranged { value, .. } => memory_of(value, named),
        Type::Named(id) => named(*id),
        Type::Extern(_) => EXTERN_SIZE,
    }
}

/// Traits of all types. Every type is taken to have all of them until a part of it lacks one:
/// types may contain each other behind boxes, so a type is looked at again whenever one that it
/// names loses a trait.
fn derive_traits(types: &mut [TypeDef], order: &[usize]) {
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); types.len()];
    for (id, def) in types.iter().enumerate() {
        for part in def.shape.types().into_iter().filter_map(named_in) {
            if let Some(users) = users.get_mut(part.0) {
                users.push(id);
            }
        }
    }
    let mut waiting: VecDeque<usize> = order.iter().copied().collect();
    let mut is_waiting = vec![true; types.len()];
    while let Some(id) = waiting.pop_front() {
        let Some(traits) = types.get(id).map(|def| shape_traits(types, def)) else {
            continue;
        };
        if let Some(is_waiting) = is_waiting.get_mut(id) {
            *is_waiting = false;
        }
        let Some(def) = types.get_mut(id).filter(|def| def.traits != traits) else {
            continue;
        };
        def.traits = traits;
        for &user in users.get(id).into_iter().flatten() {
            if let Some(is_waiting) = is_waiting.get_mut(user).filter(|waiting| !**waiting) {
                *is_waiting = true;
                waiting.push_back(user);
            }
        }
    }
}

fn shape_traits(types: &[TypeDef], def: &TypeDef) -> Traits {
    let parts = def.shape.types().into_iter().map(|ty| traits(types, ty));
    let all = parts.fold(ALL_TRAITS, Traits::and);
    match &def.shape {
        Shape::Alias(_) => all,
        Shape::Enum(found) => {
            let zero = Number::Known(0);
            let has_zero = found.enumerators.iter().any(|one| one.value == zero);
            Traits {
                default: has_zero,
                ..ALL_TRAITS
            }
        }
        Shape::Struct(structure) => {
            let is_small = def.memory_size <= COPY_MAX && !structure.is_list_node();
            Traits {
                copy: all.copy && is_small,
                ..all
            }
        }
        Shape::Union(_) => Traits {
            copy: false,
            default: false,
            ..all
        },
    }
}

const ALL_TRAITS: Traits = Traits {
    copy: true,
    eq_hash: true,
    default: true,
};

/// The traits of a type where it is used.
#[must_use]
pub fn traits(types: &[TypeDef], ty: &Type) -> Traits {
    let not_copy = Traits {
        copy: false,
        ..ALL_TRAITS
    };
    match ty {
        Type::Int
        | Type::UnsignedInt
        | Type::Hyper
        | Type::UnsignedHyper
        | Type::Bool
        | Type::Quadruple => ALL_TRAITS,
        Type::Float | Type::Double => Traits {
            eq_hash: false,
            ..ALL_TRAITS
        },
        Type::FixedOpaque(len) => Traits {
            copy: len.known().is_some_and(|len| u64::from(len) <= COPY_MAX),
            default: has_default(len),
            eq_hash: true,
        },
        Type::Opaque(_) | Type::String { .. } => not_copy,
        Type::Array(element, _) => Traits {
            eq_hash: traits(types, element).eq_hash,
            ..not_copy
        },
        Type::List { node, .. } => Traits {
            eq_hash: traits(types, &Type::Named(*node)).eq_hash,
            ..not_copy
        },
        Type::Optional { value, boxed } => {
            let value = traits(types, value);
            Traits {
                copy: value.copy && !boxed,
                default: true,
                ..value
            }
        }
        Type::FixedArray {
            element,
            len,
            boxed,
        } => {
            let element = traits(types, element);
            Traits {
                copy: element.copy && !boxed && len.known().is_some(),
                default: element.default && has_default(len),
                ..element
            }
        }
        Type::Ranged { value, min, .. } => {
            let value = traits(types, value);
            Traits {
                default: value.default && *min <= 0,
                ..value
            }
        }
        Type::Boxed(id) => Traits {
            copy: false,
            ..traits(types, &Type::Named(*id))
        },
        Type::Named(id) => types.get(id.0).map_or(ALL_TRAITS, |def| def.traits),
        // It may have more: the user knows.
        Type::Extern(_) => Traits {
            copy: false,
            eq_hash: false,
            default: false,
        },
    }
}
