//! Typedefs that put an array around an array: what reads or prints a type goes through them all.

use super::{
    analysis::{alias_edges, named_in},
    collect::Declarations,
    graph::components,
};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics},
    model::{Shape, Type, TypeDef, TypeId},
};

/// Levels of arrays, pointers and ranges that typedefs may put around each other: real files have two
/// or three. Behind the resolver types are looked at by recursions that end at structs and unions, and
/// code for a level stands in that for the next; a stack of a megabyte has room for twice as many.
const LEVELS_MAX: usize = 16;

/// Reports the typedefs that go beyond the limit, where none is a name of itself: of each chain that
/// which is the first to do so. Tells whether there were any.
pub(super) fn report_deep(
    types: &[TypeDef],
    declarations: &Declarations<'_>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut levels = vec![0; types.len()];
    let mut deep = Vec::new();
    for id in components(&alias_edges(types)).order {
        let Some(Shape::Alias(ty)) = types.get(id).map(|def| &def.shape) else {
            continue;
        };
        let inner = named_in(ty).and_then(|inner| levels.get(inner.0));
        let inner = inner.copied().unwrap_or(0);
        let all = inner + levels_of(ty);
        if inner <= LEVELS_MAX && all > LEVELS_MAX {
            deep.push(id);
        }
        if let Some(levels) = levels.get_mut(id) {
            *levels = all;
        }
    }
    deep.sort_unstable();
    for &id in &deep {
        let declaration = declarations.get(TypeId(id));
        let message = format!(
            "`{}` is nested more than {LEVELS_MAX} deep by typedefs",
            declaration.name
        );
        let fault = Diagnostic::new(Code::DeepTypedefs, declaration.name_span, message);
        let help = "a type of any depth is a struct or union that contains itself";
        diagnostics.push(fault.help(help));
    }
    !deep.is_empty()
}

/// The levels of a type where it is written.
fn levels_of(ty: &Type) -> usize {
    match ty {
        Type::Optional { value: inner, .. }
        | Type::FixedArray { element: inner, .. }
        | Type::Ranged { value: inner, .. }
        | Type::Array(inner, _) => levels_of(inner) + 1,
        _ => 0,
    }
}
