//! Borrowed twins: the types that have one, because the settings ask for it and there is something
//! to borrow.

use super::{
    Resolver,
    analysis::{self, named_in},
};
use crate::{
    model::{INLINE_MAX, Shape, Type, TypeDef, TypeId},
    settings::Setting,
};

impl Resolver<'_> {
    /// Gives twins to the types that are to have one, and to those of the same file that they are
    /// made of.
    pub(super) fn name_twins(&mut self, types: &mut [TypeDef]) {
        let asked = self.asked_for_twins(types);
        if asked.iter().all(Vec::is_empty) {
            return;
        }
        let wanted = with_parts(types, &asked);
        for id in analysis::by_value(types).order {
            let Some(def) = types.get(id) else { continue };
            let mut parts = def.shape.types().into_iter();
            let is_alias = matches!(def.shape, Shape::Alias(_));
            if is_alias || wanted.get(id) != Some(&true) || !parts.any(|ty| borrows(types, ty)) {
                continue;
            }
            let twin = self.config.names.twin_name(&def.name.idl);
            let (idl, span) = (
                def.name.idl.clone(),
                self.declarations.get(TypeId(id)).name_span,
            );
            let root = self.root(span);
            if let Some(clash) = root.and_then(|root| root.types.take(&twin, &idl, span).err()) {
                let help = format!("`{twin}` is to be the borrowed twin of `{idl}`");
                self.diagnostics.push(clash.help(help));
            }
            for &setting in asked.get(id).into_iter().flatten() {
                self.selected.mark(setting);
            }
            if let Some(def) = types.get_mut(id) {
                def.twin = Some(twin);
            }
        }
    }

    /// The numbers of the settings that ask for a twin of each type.
    fn asked_for_twins(&self, types: &[TypeDef]) -> Vec<Vec<usize>> {
        let asked = |def: &TypeDef| {
            let settings = self.config.types.of(&def.name.idl, None);
            let settings = settings.filter(|(_, setting)| **setting == Setting::Borrowed);
            settings.map(|(index, _)| index).collect()
        };
        types.iter().map(asked).collect()
    }
}

/// Which types are asked for, or are part of one that is. A file is generated alike whoever imports
/// it, so that nothing is asked of another file's types.
fn with_parts(types: &[TypeDef], asked: &[Vec<usize>]) -> Vec<bool> {
    let mut wanted: Vec<bool> = asked.iter().map(|settings| !settings.is_empty()).collect();
    let asked = wanted.iter().enumerate().filter(|(_, wanted)| **wanted);
    let mut waiting: Vec<usize> = asked.map(|(id, _)| id).collect();
    while let Some(def) = waiting.pop().and_then(|id| types.get(id)) {
        for part in def.shape.types().into_iter().filter_map(named_in) {
            let is_near = types.get(part.0).is_some_and(|part| part.unit == def.unit);
            if let Some(wanted) = wanted.get_mut(part.0).filter(|wanted| is_near && !**wanted) {
                *wanted = true;
                waiting.push(part.0);
            }
        }
    }
    wanted
}

/// Whether a twin holds another type than its owner in this place.
#[must_use]
pub fn borrows(types: &[TypeDef], ty: &Type) -> bool {
    match unalias(types, ty) {
        Type::Opaque(_) | Type::String { .. } | Type::List { .. } => true,
        Type::FixedOpaque(len) => len.known().is_some_and(|len| u64::from(len) > INLINE_MAX),
        Type::Array(element, _) => can_be_lazy(types, element),
        Type::FixedArray {
            element: inner,
            boxed: false,
            ..
        }
        | Type::Optional {
            value: inner,
            boxed: false,
        }
        | Type::Ranged { value: inner, .. } => borrows(types, inner),
        Type::Named(id) => types.get(id.0).is_some_and(|def| def.twin.is_some()),
        _ => false,
    }
}

/// Whether an element can be read by its type alone, whenever it is asked for. What looks like
/// another type of XDR in Rust cannot, nor what is made of borrowed parts without a name.
fn can_be_lazy(types: &[TypeDef], element: &Type) -> bool {
    match unalias(types, element) {
        Type::Ranged { value, .. } => can_be_lazy(types, value),
        Type::List { .. } => false,
        Type::Array(element, _) => can_be_lazy(types, element),
        ty @ (Type::FixedOpaque(_) | Type::FixedArray { .. } | Type::Optional { .. }) => {
            super::wire_size(types, ty).is_fixed
        }
        _ => true,
    }
}

/// The type behind any number of `typedef`s.
fn unalias<'a>(types: &'a [TypeDef], mut ty: &'a Type) -> &'a Type {
    while let Type::Named(id) = ty
        && let Some(Shape::Alias(aliased)) = types.get(id.0).map(|def| &def.shape)
    {
        ty = aliased;
    }
    ty
}
