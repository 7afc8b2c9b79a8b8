//! What the settings say of some types only.

use super::{Resolver, Strings};
use crate::{
    model::{Arm, Field, Impls, Name, Program, Shape, Type, TypeDef, TypeId},
    settings::{Selected, Setting},
    source::Span,
};

impl Resolver<'_> {
    /// Applies what is set for types and their members.
    pub(super) fn apply_settings(&mut self, types: &mut [TypeDef]) {
        if self.config.types.is_empty() {
            return;
        }
        for (index, def) in types.iter_mut().enumerate() {
            let span = self.declarations.get(TypeId(index)).span;
            self.apply(def, span);
        }
    }

    fn apply(&mut self, def: &mut TypeDef, span: Span) {
        let owner = def.name.idl.clone();
        self.add_attributes(&owner, None, &mut def.name);
        match &mut def.shape {
            Shape::Alias(ty) => {
                self.set_strings(&owner, None, span, ty);
                return;
            }
            Shape::Enum(shape) => {
                for name in shape.enumerators.iter_mut().map(|one| &mut one.name) {
                    self.add_member_attributes(&owner, name);
                }
            }
            Shape::Struct(shape) => {
                for Field { name, ty } in &mut shape.fields {
                    self.add_member_attributes(&owner, name);
                    self.set_strings(&owner, Some(&name.idl), span, ty);
                }
            }
            Shape::Union(shape) => {
                for Arm { name, field, .. } in &mut shape.arms {
                    self.add_member_attributes(&owner, name);
                    if let Some(field) = field {
                        self.set_strings(&owner, Some(&name.idl), span, &mut field.ty);
                    }
                }
                if let Some(Some(field)) = &mut shape.default {
                    self.set_strings(&owner, Some("default"), span, &mut field.ty);
                }
            }
        }
        self.add_derives(&owner, def);
        def.impls = Impls {
            serde: self.is_set(&owner, &Setting::Serde),
            arbitrary: self.is_set(&owner, &Setting::Arbitrary),
        };
    }

    fn add_attributes(&mut self, owner: &str, member: Option<&str>, name: &mut Name) {
        for (index, setting) in self.config.types.of(owner, member) {
            if let Setting::Attribute(text) = setting {
                name.attributes.push(text.clone());
                self.selected.mark(index);
            }
        }
    }

    fn add_member_attributes(&mut self, owner: &str, name: &mut Name) {
        let member = name.idl.clone();
        self.add_attributes(owner, Some(&member), name);
    }

    fn add_derives(&mut self, owner: &str, def: &mut TypeDef) {
        for (index, setting) in self.config.types.of(owner, None) {
            if let Setting::Derive(path) = setting {
                def.derives.push(path.clone());
                self.selected.mark(index);
            }
        }
    }

    /// Decides what becomes of a string, if the type is one.
    pub(super) fn set_strings(
        &mut self,
        owner: &str,
        member: Option<&str>,
        span: Span,
        ty: &mut Type,
    ) {
        let utf8 = match ty {
            Type::String { utf8, .. } => utf8,
            Type::Optional { value, .. } | Type::Ranged { value, .. } => {
                return self.set_strings(owner, member, span, value);
            }
            _ => return,
        };
        let of_member = member
            .into_iter()
            .flat_map(|member| self.config.types.of(owner, Some(member)));
        // Behind what is set for all members stands what is set for this one.
        for (index, setting) in self.config.types.of(owner, None).chain(of_member) {
            if let Setting::Strings(strings) = setting {
                *utf8 = self.is_utf8(*strings, span);
                self.selected.mark(index);
            }
        }
    }

    /// Whether a string that is written at this place becomes a `String`.
    pub(super) fn is_utf8(&self, strings: Strings, span: Span) -> bool {
        match strings {
            Strings::Utf8 => true,
            Strings::Bytes => false,
            Strings::ByDialect => self.sources.file(span.file).extension() == Some("idl"),
        }
    }

    /// Whether an enum keeps numbers that it has no enumerator for.
    pub(super) fn is_open(&mut self, owner: &str) -> bool {
        self.is_set(owner, &Setting::OpenEnum)
    }

    /// Whether the node of a linked list keeps its link.
    pub(super) fn keeps_links(&mut self, owner: &str) -> bool {
        self.is_set(owner, &Setting::KeepLinks)
    }

    fn is_set(&mut self, owner: &str, wanted: &Setting) -> bool {
        let settings = self.config.types.of(owner, None);
        let found = settings.filter(|(_, setting)| *setting == wanted);
        found.map(|(index, _)| self.selected.mark(index)).count() > 0
    }
}

/// Notes all that a selector could name.
pub(super) fn note_names<'p>(
    selected: &mut Selected,
    types: &[TypeDef],
    programs: impl Iterator<Item = &'p Program>,
) {
    for def in types {
        let owner = def.name.idl.as_str();
        selected.name(owner, None);
        let mut member = |name: &Name| selected.name(owner, Some(&name.idl));
        match &def.shape {
            Shape::Alias(_) => {}
            Shape::Enum(shape) => shape.enumerators.iter().for_each(|one| member(&one.name)),
            Shape::Struct(shape) => shape.fields.iter().for_each(|one| member(&one.name)),
            Shape::Union(shape) => shape.arms.iter().for_each(|one| member(&one.name)),
        }
    }
    let versions = programs.flat_map(|program| &program.versions);
    for procedure in versions.flat_map(|version| &version.procedures) {
        selected.name(&procedure.name.idl, None);
        for parameter in &procedure.parameters {
            selected.name(&procedure.name.idl, Some(&parameter.name.idl));
        }
    }
}
