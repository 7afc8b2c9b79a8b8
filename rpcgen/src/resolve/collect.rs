//! The first pass: all names that a file defines. Types without a name get one here.

use super::constants::Constants;
use crate::{
    ast::{
        ConstantDef, Declaration, Definition, EnumBody, File, Ident, Member, StructBody, TypeDef,
        TypeDefKind, TypeSpecifierKind, UnionBody,
    },
    diagnostic::Diagnostics,
    model::TypeId,
    source::Span,
};
use std::collections::HashMap;

/// All types and constants of a file.
#[derive(Debug, Default)]
pub(super) struct Declarations<'a> {
    /// Types and constants, in the order in which they are generated.
    pub order: Vec<Declared<'a>>,
    types: Vec<TypeDeclaration<'a>>,
    by_name: HashMap<String, TypeId>,
    /// Types without a name, by the place of their body.
    by_body: HashMap<Span, TypeId>,
}

/// A type or a constant.
#[derive(Debug)]
pub(super) enum Declared<'a> {
    Type(TypeId),
    Constant(&'a ConstantDef),
}

/// A type before it is resolved.
#[derive(Debug)]
pub(super) struct TypeDeclaration<'a> {
    pub name: String,
    pub name_span: Span,
    pub doc: Option<&'a String>,
    pub span: Span,
    pub body: Body<'a>,
}

/// What a type is, as the file says it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'a> {
    Alias(&'a Declaration),
    Enum(&'a EnumBody),
    Struct(&'a StructBody),
    Union(&'a UnionBody),
}

impl<'a> Declarations<'a> {
    pub(super) fn types(&self) -> &[TypeDeclaration<'a>] {
        &self.types
    }

    pub(super) fn get(&self, id: TypeId) -> &TypeDeclaration<'a> {
        #[expect(
            clippy::indexing_slicing,
            reason = "ids are indices of these declarations"
        )]
        &self.types[id.0]
    }

    pub(super) fn named(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn with_body(&self, body: Span) -> Option<TypeId> {
        self.by_body.get(&body).copied()
    }
}

pub(super) fn collect<'a>(
    file: &'a File,
    constants: &mut Constants,
    diagnostics: &mut Diagnostics,
) -> Declarations<'a> {
    let mut collector = Collector {
        found: Declarations::default(),
        constants,
        diagnostics,
    };
    for definition in &file.definitions {
        match definition {
            Definition::Constant(constant) => collector.constant(constant),
            Definition::Type(ty) => collector.type_def(ty),
            Definition::Program(_) => {}
            Definition::Interface(interface) => {
                for member in &interface.members {
                    match member {
                        Member::Constant(constant) => collector.constant(constant),
                        Member::Type(ty) => collector.type_def(ty),
                        Member::Procedure(_) => {}
                    }
                }
            }
        }
    }
    collector.found
}

struct Collector<'a, 'c> {
    found: Declarations<'a>,
    constants: &'c mut Constants,
    diagnostics: &'c mut Diagnostics,
}

impl<'a> Collector<'a, '_> {
    fn constant(&mut self, constant: &'a ConstantDef) {
        if self
            .constants
            .define(&constant.name, &constant.value, self.diagnostics)
        {
            self.found.order.push(Declared::Constant(constant));
        }
    }

    fn type_def(&mut self, def: &'a TypeDef) {
        let (name, body) = match &def.kind {
            TypeDefKind::Enum(name, body) => (name, Body::Enum(body)),
            TypeDefKind::Struct(name, body) => (name, Body::Struct(body)),
            TypeDefKind::Union(name, body) => (name, Body::Union(body)),
            TypeDefKind::Typedef(declaration) => {
                let Some(name) = &declaration.name else {
                    self.diagnostics.push(super::types::nameless(declaration));
                    return;
                };
                if names_itself(declaration, name) {
                    return;
                }
                (name, typedef_body(declaration))
            }
        };
        self.declare(name, def.doc.as_ref(), def.span, body);
    }

    fn declare(&mut self, name: &Ident, doc: Option<&'a String>, span: Span, body: Body<'a>) {
        if let Some(first) = self.found.named(&name.name) {
            let first = self.found.get(first).name_span;
            self.diagnostics.push(super::duplicate_name(name, first));
            return;
        }
        self.nested(&name.name, body);
        let id = TypeId(self.found.types.len());
        let (name, name_span) = (name.name.clone(), name.span);
        self.found.by_name.insert(name.clone(), id);
        self.found.types.push(TypeDeclaration {
            name,
            name_span,
            doc,
            span,
            body,
        });
        self.found.order.push(Declared::Type(id));
    }

    /// Declares the types without a name inside a type, as `Outer_field`.
    fn nested(&mut self, outer: &str, body: Body<'a>) {
        match body {
            Body::Enum(body) => self.constants.define_enum(body, self.diagnostics),
            Body::Alias(declaration) => self.nested_in(outer, declaration),
            Body::Struct(body) => {
                for field in &body.fields {
                    self.nested_in(outer, field);
                }
            }
            Body::Union(body) => {
                self.nested_in(outer, &body.discriminant);
                let arms = body.arms.iter().map(|arm| &arm.declaration);
                for declaration in arms.chain(&body.default) {
                    self.nested_in(outer, declaration);
                }
            }
        }
    }

    fn nested_in(&mut self, outer: &str, declaration: &'a Declaration) {
        let (body, span) = match &declaration.specifier.kind {
            TypeSpecifierKind::Enum(body) => (Body::Enum(body), body.span),
            TypeSpecifierKind::Struct(body) => (Body::Struct(body), body.span),
            TypeSpecifierKind::Union(body) => (Body::Union(body), body.span),
            _ => return,
        };
        let field = declaration
            .name
            .as_ref()
            .map_or("value", |name| name.name.as_str());
        let name = Ident {
            name: format!("{outer}_{field}"),
            span: declaration.specifier.span,
        };
        self.declare(
            &name,
            declaration.doc.as_ref(),
            declaration.specifier.span,
            body,
        );
        if let Some(id) = self.found.named(&name.name) {
            self.found.by_body.insert(span, id);
        }
    }
}

/// `typedef struct { … } name` is `struct name { … }` (RFC 4506 §4.18).
fn typedef_body(declaration: &Declaration) -> Body<'_> {
    if declaration.pointer.is_none() && declaration.suffixes.is_empty() {
        match &declaration.specifier.kind {
            TypeSpecifierKind::Enum(body) => return Body::Enum(body),
            TypeSpecifierKind::Struct(body) => return Body::Struct(body),
            TypeSpecifierKind::Union(body) => return Body::Union(body),
            _ => {}
        }
    }
    Body::Alias(declaration)
}

/// `typedef struct name name;`, which C needs and XDR does not.
fn names_itself(declaration: &Declaration, name: &Ident) -> bool {
    let plain = declaration.pointer.is_none() && declaration.suffixes.is_empty();
    matches!(
        &declaration.specifier.kind,
        TypeSpecifierKind::Name(Some(_), other) if plain && other.name == name.name
    )
}
