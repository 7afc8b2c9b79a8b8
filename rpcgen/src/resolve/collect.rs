//! The first pass: all names that the files define. Types without a name get one here.

use super::{
    constants::Constants,
    visible::{Index, Seen, Visibility},
};
use crate::{
    ast::{
        Attribute, ConstantDef, Declaration, Definition, EnumBody, File, Ident, Member, StructBody,
        TypeDef, TypeDefKind, TypeSpecifierKind, UnionBody,
    },
    diagnostic::Diagnostics,
    import::Unit,
    model::{TypeId, UnitId},
    preprocess,
    source::{SourceMap, Span},
};
use std::collections::HashMap;

/// All types and constants.
#[derive(Debug, Default)]
pub(super) struct Declarations<'a> {
    /// Those of each unit, in the order in which they are generated.
    pub units: Vec<Vec<Declared<'a>>>,
    types: Vec<TypeDeclaration<'a>>,
    index: Index<TypeId>,
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
    /// What stands before the definition.
    pub attributes: &'a [Attribute],
    pub span: Span,
    pub body: Body<'a>,
}

/// What a type is, as the file says it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'a> {
    Alias(&'a Declaration),
    Enum(&'a EnumBody),
    Struct(&'a StructBody),
    /// Optional-data of a struct without a name.
    OptionalStruct(&'a StructBody),
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

    /// The types that a name means where it stands.
    pub(super) fn named(&self, name: &Ident, visibility: &Visibility) -> Option<Seen<TypeId>> {
        let from = visibility.unit(name.span);
        self.index.seen(visibility, from, &name.name)
    }

    pub(super) fn with_body(&self, body: Span) -> Option<TypeId> {
        self.by_body.get(&body).copied()
    }
}

pub(super) fn collect<'a>(
    units: &'a [Unit],
    sources: &SourceMap,
    constants: &mut Constants,
    diagnostics: &mut Diagnostics,
) -> Declarations<'a> {
    let mut found = Declarations::default();
    for (index, unit) in units.iter().enumerate() {
        let mut collector = Collector {
            found,
            sources,
            unit: UnitId(index),
            order: Vec::new(),
            constants,
            diagnostics,
        };
        collector.file(&unit.parsed.file);
        found = collector.found;
        found.units.push(collector.order);
        for found in &unit.macros {
            constants.define_macro(UnitId(index), found);
        }
    }
    found
}

/// Collects the names of one unit.
struct Collector<'a, 'c> {
    found: Declarations<'a>,
    sources: &'c SourceMap,
    unit: UnitId,
    order: Vec<Declared<'a>>,
    constants: &'c mut Constants,
    diagnostics: &'c mut Diagnostics,
}

impl<'a> Collector<'a, '_> {
    fn file(&mut self, file: &'a File) {
        for definition in file.all() {
            match definition {
                Definition::Constant(constant) => self.constant(constant),
                Definition::Type(ty) => self.type_def(ty),
                Definition::Program(_) | Definition::Namespace(_) | Definition::Pragma(_) => {}
                Definition::Interface(interface) => {
                    for member in &interface.members {
                        match member {
                            Member::Constant(constant) => self.constant(constant),
                            Member::Type(ty) => self.type_def(ty),
                            Member::Procedure(_) => {}
                        }
                    }
                }
            }
        }
    }

    fn constant(&mut self, constant: &'a ConstantDef) {
        let (name, value) = (&constant.name, &constant.value);
        let is_new = self
            .constants
            .define(self.unit, name, value, self.diagnostics);
        if is_new {
            self.order.push(Declared::Constant(constant));
        }
    }

    fn type_def(&mut self, def: &'a TypeDef) {
        let (name, body) = match &def.kind {
            TypeDefKind::Enum(name, body) => (name, Body::Enum(body)),
            TypeDefKind::Struct(name, body) => (name, Body::Struct(body)),
            TypeDefKind::OptionalStruct(name, body) => (name, Body::OptionalStruct(body)),
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
        if let Body::Enum(body) = body
            && self.own(&name.name).is_none()
        {
            self.constants
                .define_enum(self.unit, body, self.diagnostics);
        }
        // `typedef [attributes] struct { … } name` has them behind the word.
        let attributes = match (&def.kind, body) {
            (TypeDefKind::Typedef(_), Body::Alias(_)) => &def.attributes,
            (TypeDefKind::Typedef(declaration), _) if def.attributes.is_empty() => {
                &declaration.attributes
            }
            _ => &def.attributes,
        };
        self.declare(TypeDeclaration {
            name: name.name.clone(),
            name_span: name.span,
            doc: def.doc.as_ref(),
            attributes,
            span: def.span,
            body,
        });
    }

    fn declare(&mut self, declaration: TypeDeclaration<'a>) {
        let name = Ident {
            name: declaration.name.clone(),
            span: declaration.name_span,
        };
        if let Some(first) = self.own(&name.name) {
            let first = self.found.get(first);
            if !self.is_same_text(declaration.span, first.span) {
                let fault = super::duplicate_name(&name, first.name_span);
                self.diagnostics.push(fault);
            }
            return;
        }
        self.nested(&name.name, declaration.body);
        let id = TypeId(self.found.types.len());
        self.found.index.insert(self.unit, &name.name, id);
        self.found.types.push(declaration);
        self.order.push(Declared::Type(id));
    }

    /// The type of this name in this unit.
    fn own(&self, name: &str) -> Option<TypeId> {
        self.found.index.own(self.unit, name)
    }

    /// Whether a definition says what another says, token for token.
    fn is_same_text(&self, one: Span, other: Span) -> bool {
        let tokens = |span| preprocess::tokens(self.sources.text(span));
        tokens(one).eq(tokens(other))
    }

    /// Declares the types without a name inside a type, as `Outer_field`.
    fn nested(&mut self, outer: &str, body: Body<'a>) {
        match body {
            Body::Enum(_) => {}
            Body::Alias(declaration) => self.nested_in(outer, ELEMENT, declaration),
            Body::OptionalStruct(body) => {
                let name = Ident {
                    name: format!("{outer}_{ELEMENT}"),
                    span: body.span,
                };
                self.declare_nested(&name, None, body.span, Body::Struct(body));
            }
            Body::Struct(body) => {
                for field in &body.fields {
                    self.nested_in(outer, name_of(field), field);
                }
            }
            Body::Union(body) => {
                self.nested_in(outer, name_of(&body.discriminant), &body.discriminant);
                let arms = body.arms.iter().map(|arm| &arm.declaration);
                for declaration in arms.chain(&body.default) {
                    self.nested_in(outer, name_of(declaration), declaration);
                }
            }
        }
    }

    fn nested_in(&mut self, outer: &str, field: &str, declaration: &'a Declaration) {
        let (body, span) = match &declaration.specifier.kind {
            TypeSpecifierKind::Enum(body) => (Body::Enum(body), body.span),
            TypeSpecifierKind::Struct(body) => (Body::Struct(body), body.span),
            TypeSpecifierKind::Union(body) => (Body::Union(body), body.span),
            _ => return,
        };
        if let Body::Enum(body) = body {
            self.constants
                .define_nested_enum(self.unit, body, self.diagnostics);
        }
        let (doc, place) = (declaration.doc.as_ref(), declaration.specifier.span);
        let name = Ident {
            name: format!("{outer}_{field}"),
            span: place,
        };
        self.declare_nested(&name, doc, span, body);
    }

    /// Declares a type without a name, whose body stands at `place`.
    fn declare_nested(
        &mut self,
        name: &Ident,
        doc: Option<&'a String>,
        place: Span,
        body: Body<'a>,
    ) {
        self.declare(TypeDeclaration {
            name: name.name.clone(),
            name_span: name.span,
            doc,
            attributes: &[],
            span: name.span,
            body,
        });
        if let Some(id) = self.own(&name.name) {
            self.found.by_body.insert(place, id);
        }
    }
}

/// What the type inside of a typedef is called: `typedef struct { … } points<>` has elements.
const ELEMENT: &str = "element";

fn name_of(declaration: &Declaration) -> &str {
    let name = declaration.name.as_ref();
    name.map_or("value", |name| name.name.as_str())
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
