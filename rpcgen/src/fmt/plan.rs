//! Where lines begin, as the AST says.

use super::element::Element;
use crate::{
    ast::{
        Attribute, Declaration, Definition, EnumBody, File, InterfaceDef, Member, NamespaceDef,
        ProcedureDef, ProgramDef, StructBody, TypeDef, TypeDefKind, TypeSpecifier,
        TypeSpecifierKind, UnionBody, Value, VersionDef,
    },
    source::Span,
};
use std::collections::HashSet;

/// The line that a token begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// How deep it is indented.
    pub(super) depth: usize,
    /// What it is.
    pub(super) kind: StartKind,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartKind {
    /// A definition with braces.
    Block,
    /// A definition without, a member, a case.
    Member,
    /// The closing brace of a block or body; that of a namespace is a member.
    Close,
}

/// Where lines begin, and which angle brackets are braces.
#[derive(Debug)]
pub(super) struct Plan {
    /// For each element the line that it begins.
    starts: Vec<Option<Start>>,
    /// The first bytes of the brackets of `interface < … >`.
    brackets: HashSet<usize>,
}

impl Plan {
    /// The plan for a file.
    pub(super) fn new(file: &File, text: &str, elements: &[Element]) -> Self {
        let mut planner = Planner {
            text,
            elements,
            plan: Self {
                starts: vec![None; elements.len()],
                brackets: HashSet::new(),
            },
        };
        for definition in &file.definitions {
            planner.definition(definition);
        }
        planner.plan
    }

    /// The line that an element begins.
    pub(super) fn start(&self, index: usize) -> Option<Start> {
        self.starts.get(index).copied().flatten()
    }

    /// What is printed for the token at an offset.
    pub(super) fn spelling<'a>(&self, offset: usize, token: &'a str) -> &'a str {
        match token {
            "<" if self.brackets.contains(&offset) => "{",
            ">" if self.brackets.contains(&offset) => "}",
            _ => token,
        }
    }
}

struct Planner<'a> {
    text: &'a str,
    elements: &'a [Element],
    plan: Plan,
}

impl Planner<'_> {
    fn definition(&mut self, definition: &Definition) {
        match definition {
            Definition::Constant(constant) => self.member(constant.span, 0),
            Definition::Type(type_def) => self.type_def(type_def, 0),
            Definition::Program(program) => self.program(program),
            Definition::Interface(interface) => self.interface(interface),
            Definition::Namespace(namespace) => self.namespace(namespace),
            Definition::Pragma(pragma) => self.member(pragma.span, 0),
        }
    }

    /// What is in a namespace is as deep as the namespace: it is most of the file.
    fn namespace(&mut self, namespace: &NamespaceDef) {
        self.member(namespace.span, 0);
        for definition in &namespace.definitions {
            self.definition(definition);
        }
        let close = self.closing_brace(namespace.span);
        self.start(close, 0, StartKind::Member);
    }

    // ---- RFC 4506 §6.3

    fn type_def(&mut self, type_def: &TypeDef, depth: usize) {
        match &type_def.kind {
            TypeDefKind::Typedef(declaration) => {
                self.member(type_def.span, depth);
                self.specifier(&declaration.specifier, depth);
            }
            TypeDefKind::Enum(_, body) => {
                self.block(type_def.span, depth);
                self.enum_body(body, depth);
            }
            TypeDefKind::Struct(_, body) | TypeDefKind::OptionalStruct(_, body) => {
                self.block(type_def.span, depth);
                self.struct_body(body, depth);
            }
            TypeDefKind::Union(_, body) => {
                self.block(type_def.span, depth);
                self.union_body(body, depth);
            }
        }
    }

    fn declaration(&mut self, declaration: &Declaration, depth: usize) {
        self.member(declaration.span, depth);
        self.specifier(&declaration.specifier, depth);
    }

    fn specifier(&mut self, specifier: &TypeSpecifier, depth: usize) {
        match &specifier.kind {
            TypeSpecifierKind::Enum(body) => self.enum_body(body, depth),
            TypeSpecifierKind::Struct(body) => self.struct_body(body, depth),
            TypeSpecifierKind::Union(body) => self.union_body(body, depth),
            _ => {}
        }
    }

    fn enum_body(&mut self, body: &EnumBody, depth: usize) {
        for enumerator in &body.enumerators {
            self.member(enumerator.span, depth + 1);
        }
        self.close_body(body.span, depth);
    }

    fn struct_body(&mut self, body: &StructBody, depth: usize) {
        for field in &body.fields {
            self.declaration(field, depth + 1);
        }
        self.close_body(body.span, depth);
    }

    fn union_body(&mut self, body: &UnionBody, depth: usize) {
        self.specifier(&body.discriminant.specifier, depth);
        for arm in &body.arms {
            for case in &arm.cases {
                // The word `case`.
                self.start_before(case.span(), 1, depth, StartKind::Member);
            }
            self.declaration(&arm.declaration, depth + 1);
        }
        if let Some(default) = &body.default {
            // The word `default` and its colon.
            self.start_before(default.span, 2, depth, StartKind::Member);
            self.declaration(default, depth + 1);
        }
        self.close_body(body.span, depth);
    }

    // ---- RFC 5531 §12.2

    fn program(&mut self, program: &ProgramDef) {
        self.block(program.span, 0);
        for version in &program.versions {
            self.version(version);
        }
        self.close_numbered(&program.number, 0);
    }

    fn version(&mut self, version: &VersionDef) {
        self.block(version.span, 1);
        for procedure in &version.procedures {
            self.procedure(procedure, 2);
        }
        self.close_numbered(&version.number, 1);
    }

    fn procedure(&mut self, procedure: &ProcedureDef, depth: usize) {
        self.member(procedure.span, depth);
        self.specifier(&procedure.result, depth);
        for parameter in &procedure.parameters {
            self.specifier(&parameter.specifier, depth);
        }
    }

    /// `} = number;`
    fn close_numbered(&mut self, number: &Value, depth: usize) {
        self.start_before(number.span(), 2, depth, StartKind::Close);
    }

    // ---- interface

    fn interface(&mut self, interface: &InterfaceDef) {
        self.block(interface.span, 0);
        self.below_attributes(&interface.attributes, interface.keyword, 0);
        for member in &interface.members {
            match member {
                Member::Constant(constant) => self.member(constant.span, 1),
                Member::Type(type_def) => self.type_def(type_def, 1),
                Member::Procedure(procedure) => self.procedure(procedure, 1),
            }
        }
        let name = interface.name.as_ref().map(|name| name.span);
        let open = self.index(name.unwrap_or(interface.keyword).start as usize);
        let open = open.and_then(|name| self.token_after(name));
        let close = self.closing_brace(interface.span);
        for bracket in open.iter().chain(&close) {
            if let Some(element) = self.elements.get(*bracket) {
                self.plan.brackets.insert(element.range.start);
            }
        }
        self.close(close, 0);
    }

    fn below_attributes(&mut self, attributes: &[Attribute], at: Span, depth: usize) {
        if !attributes.is_empty() {
            self.start(self.index(at.start as usize), depth, StartKind::Member);
        }
    }

    // ---- Elements

    fn block(&mut self, span: Span, depth: usize) {
        self.start(self.index(span.start as usize), depth, StartKind::Block);
    }

    fn member(&mut self, span: Span, depth: usize) {
        self.start(self.index(span.start as usize), depth, StartKind::Member);
    }

    /// A body ends with its brace.
    fn close_body(&mut self, body: Span, depth: usize) {
        self.close(self.last_token(body), depth);
    }

    /// Nothing at all between the braces stays in their line.
    fn close(&mut self, index: Option<usize>, depth: usize) {
        let before = index.and_then(|index| index.checked_sub(1));
        let is_empty = before.is_some_and(|before| matches!(self.token(before), "{" | "<"));
        if !is_empty {
            self.start(index, depth, StartKind::Close);
        }
    }

    /// Begins a line some tokens before a place.
    fn start_before(&mut self, span: Span, tokens: usize, depth: usize, kind: StartKind) {
        let mut index = self.index(span.start as usize);
        for _ in 0..tokens {
            index = index.and_then(|index| self.token_before(index));
        }
        match kind {
            StartKind::Close => self.close(index, depth),
            _ => self.start(index, depth, kind),
        }
    }

    fn start(&mut self, index: Option<usize>, depth: usize, kind: StartKind) {
        if let Some(start) = index.and_then(|index| self.plan.starts.get_mut(index)) {
            *start = Some(Start { depth, kind });
        }
    }

    /// The element that begins at an offset.
    fn index(&self, offset: usize) -> Option<usize> {
        let found = self
            .elements
            .binary_search_by_key(&offset, |element| element.range.start);
        found.ok()
    }

    /// The last brace of what may have a semicolon behind it.
    fn closing_brace(&self, span: Span) -> Option<usize> {
        let last = self.last_token(span)?;
        if self.token(last) == ";" {
            self.token_before(last)
        } else {
            Some(last)
        }
    }

    fn last_token(&self, span: Span) -> Option<usize> {
        let end = span.end as usize;
        let behind = self
            .elements
            .partition_point(|element| element.range.start < end);
        self.token_before(behind)
    }

    fn token_before(&self, index: usize) -> Option<usize> {
        let before = self.elements.get(..index)?;
        before.iter().rposition(Element::is_token)
    }

    fn token_after(&self, index: usize) -> Option<usize> {
        let behind = self.elements.get(index + 1..)?;
        let offset = behind.iter().position(Element::is_token)?;
        Some(index + 1 + offset)
    }

    fn token(&self, index: usize) -> &str {
        let range = self
            .elements
            .get(index)
            .map(|element| element.range.clone());
        range
            .and_then(|range| self.text.get(range))
            .unwrap_or_default()
    }
}
