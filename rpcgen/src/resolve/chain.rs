//! Long chains of types, each of which contains the next: rustc looks at them with a recursion that
//! has a limit.

use super::{
    analysis::named_in,
    collect::Declarations,
    graph::{Components, components},
};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics},
    model::{Program, Shape, Type, TypeDef, TypeId},
};

/// Links by value up to which rustc, whose limit is 128, always finds the layout of a type.
const LINKS_MAX: u32 = 64;

/// Puts a box into each chain of types that contain each other by value, at every so manyth link.
pub(super) fn box_long_chains(types: &mut [TypeDef], by_value: &Components) {
    let mut links = vec![0; types.len()];
    for &id in &by_value.order {
        let is_alias = |id: TypeId| {
            let shape = types.get(id.0).map(|def| &def.shape);
            matches!(shape, Some(Shape::Alias(_)))
        };
        let Some(def) = types.get(id) else { continue };
        let own = u32::from(!is_alias(TypeId(id)));
        let parts = def.shape.types().into_iter();
        let long: Vec<bool> = parts.map(|ty| links_of(ty, &links) >= LINKS_MAX).collect();
        let Some(def) = types.get_mut(id) else {
            continue;
        };
        if own > 0 {
            let parts = def.shape.types_mut().into_iter().zip(long);
            parts
                .filter(|(_, is_long)| *is_long)
                .for_each(|(ty, _)| put_in_box(ty));
        }
        let parts = def.shape.types().into_iter();
        let most = parts.map(|ty| links_of(ty, &links)).max();
        if let Some(links) = links.get_mut(id) {
            *links = most.unwrap_or(0) + own;
        }
    }
}

/// Links by value from a type to the end of the chain.
fn links_of(ty: &Type, links: &[u32]) -> u32 {
    match ty {
        Type::Named(id) => links.get(id.0).copied().unwrap_or(0),
        Type::FixedArray { element, boxed, .. } if !boxed => links_of(element, links) + 1,
        Type::Optional { value, boxed } if !boxed => links_of(value, links) + 1,
        _ => 0,
    }
}

fn put_in_box(ty: &mut Type) {
    match ty {
        Type::Named(id) => *ty = Type::Boxed(*id),
        Type::FixedArray { boxed, .. } => *boxed = true,
        _ => {}
    }
}

/// Levels of rustc's recursion, 128 by default, that are left for the chain in a user's type.
const LEVELS_MAX: u32 = 110;

/// Notes the longest chain that rustc does not compile unless the crate raises its limit.
///
/// What a program carries has to be `Send`, which costs more levels than the types alone.
pub(super) fn note_long_chains<'p>(
    types: &[TypeDef],
    programs: impl Iterator<Item = &'p Program>,
    declarations: &Declarations<'_>,
    diagnostics: &mut Diagnostics,
) {
    let edges: Vec<Vec<usize>> = types.iter().map(|def| all_edges(&def.shape)).collect();
    let found = components(&edges);
    let alone = levels(types, &found, alone_cost);
    let sent = levels(types, &found, sent_cost);
    let versions = programs.flat_map(|program| &program.versions);
    let carried = versions
        .flat_map(|version| &version.procedures)
        .flat_map(|procedure| {
            let fields = procedure.parameters.iter().chain(&procedure.results);
            let exceptions = procedure.exceptions.iter().map(|one| &one.ty);
            fields.map(|field| &field.ty).chain(exceptions)
        });
    let carried = carried.filter_map(named_in);
    let carried = carried.filter_map(|id| Some((*sent.get(id.0)?, id)));
    let all = alone
        .iter()
        .enumerate()
        .map(|(id, &levels)| (levels, TypeId(id)));
    let longest = carried
        .chain(all)
        .max_by_key(|&(levels, id)| (levels, std::cmp::Reverse(id)));
    let Some((levels, id)) = longest.filter(|(levels, _)| *levels > LEVELS_MAX) else {
        return;
    };
    let declaration = declarations.get(id);
    let message = format!(
        "`{}` begins a chain of types that is too long for rustc's default limit",
        declaration.name
    );
    let limit = levels.saturating_add(128 - LEVELS_MAX).next_power_of_two();
    let note = Diagnostic::new(Code::LongChain, declaration.name_span, message);
    diagnostics.push(note.help(format!(
        "`#![recursion_limit = \"{limit}\"]` at the top of the crate that has the stubs raises it"
    )));
}

fn all_edges(shape: &Shape) -> Vec<usize> {
    let named = shape.types().into_iter().filter_map(named_in);
    named.map(|id| id.0).collect()
}

/// The levels that each type needs; within a cycle rustc needs none.
fn levels(types: &[TypeDef], found: &Components, cost: fn(&Type) -> Cost) -> Vec<u32> {
    let mut levels = vec![0_u32; types.len()];
    for &id in &found.order {
        let Some(def) = types.get(id) else { continue };
        let component = found.of.get(id);
        let of_part = |ty: &Type| {
            let target = named_in(ty)?.0;
            if found.of.get(target) == component {
                return None;
            }
            let below = *levels.get(target)?;
            Some(match (cost(ty), &def.shape) {
                (Cost::Link(levels), _) => below.saturating_add(levels),
                // A typedef is the type itself.
                (Cost::Part, Shape::Alias(_)) => below,
                (Cost::Part, _) if below == 0 => 0,
                (Cost::Part, _) => below.saturating_add(1),
            })
        };
        let most = def.shape.types().into_iter().filter_map(of_part).max();
        if let Some(levels) = levels.get_mut(id) {
            *levels = most.unwrap_or(0);
        }
    }
    levels
}

/// What a link of a chain costs.
enum Cost {
    /// So many levels.
    Link(u32),
    /// One level, if the chain goes on with links that cost some.
    Part,
}

/// By value a chain of any length compiles, for it has boxes.
fn alone_cost(ty: &Type) -> Cost {
    match ty {
        Type::Optional { .. } => Cost::Link(2),
        Type::Array(..) | Type::List { .. } => Cost::Link(1),
        _ => Cost::Part,
    }
}

/// `Vec` and `Box` are made of types of their own, each of which has to be `Send`.
fn sent_cost(ty: &Type) -> Cost {
    Cost::Link(match ty {
        Type::Optional { boxed: false, .. } | Type::FixedArray { boxed: false, .. } => 2,
        Type::Optional { boxed: true, .. } | Type::FixedArray { boxed: true, .. } => 5,
        Type::Array(..) | Type::List { .. } | Type::Boxed(_) => 4,
        _ => 1,
    })
}
