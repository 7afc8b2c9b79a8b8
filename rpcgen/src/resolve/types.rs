//! Types: what each declaration means.

use super::{
    Resolver,
    attribute::{Attributes, Site},
    attributed::Siblings,
    collect::Body,
    declaration::Place,
    identical::Ambiguous,
    integer,
    member::{Direction, Member},
    wire_size,
};
use crate::{
    ast::{
        Declaration, EnumBody, Ident, PlainType, Prefix, StructBody, TypeSpecifier,
        TypeSpecifierKind, Value,
    },
    diagnostic::{Code, Diagnostic},
    model::{
        Enum, Enumerator, ExternKind, Field, Impls, Number, Shape, Struct, Traits, Type, TypeDef,
        TypeId,
    },
    names::Scope,
    parse,
    source::Span,
};
use std::collections::HashMap;

impl Resolver<'_> {
    /// All types, in the order of their ids.
    pub(super) fn types(&mut self) -> Vec<TypeDef> {
        let count = self.declarations.types().len();
        (0..count)
            .map(|index| self.type_def(TypeId(index)))
            .collect()
    }

    fn type_def(&mut self, id: TypeId) -> TypeDef {
        let declaration = self.declarations.get(id);
        let (body, idl) = (declaration.body, declaration.name.clone());
        let unit = self.output(declaration.name_span);
        let rust = self.config.names.type_name(&idl);
        let mut name = self.name(&idl, rust, declaration.doc, declaration.span);
        name.deprecated = self
            .attributes(declaration.attributes, Site::Definition)
            .deprecated();
        let shape = match body {
            Body::Alias(declaration) => {
                let attributes = self.attributes(&declaration.attributes, Site::Alone);
                let ty = self.attributed_type(
                    declaration.into(),
                    &attributes,
                    Place::Type,
                    &Siblings::new(),
                );
                Shape::Alias(ty.unwrap_or(PLACEHOLDER))
            }
            Body::Enum(body) => Shape::Enum(self.enumeration(&idl, body)),
            Body::Struct(body) => Shape::Struct(self.structure(&idl, body)),
            Body::OptionalStruct(body) => {
                let value = self.declarations.with_body(body.span).map(Type::Named);
                Shape::Alias(optional(value.unwrap_or(PLACEHOLDER)))
            }
            Body::Union(body) => self.union(body),
        };
        let traits = Traits {
            copy: true,
            eq_hash: true,
            default: true,
        };
        TypeDef {
            name,
            unit,
            shape,
            wire_size: wire_size::UNKNOWN,
            memory_size: 0,
            traits,
            derives: Vec::new(),
            impls: Impls::default(),
            twin: None,
            circle: None,
        }
    }

    fn enumeration(&mut self, idl: &str, body: &EnumBody) -> Enum {
        let is_open = self.is_open(idl);
        let mut scope = if is_open {
            Scope::with_reserved(&["Unknown"])
        } else {
            Scope::default()
        };
        let mut first_of: HashMap<Number<i32>, String> = HashMap::new();
        let mut found = Enum {
            enumerators: Vec::new(),
            aliases: Vec::new(),
            is_open,
        };
        for enumerator in &body.enumerators {
            let ident = &enumerator.name;
            let Some(value) = self.enumerator_value(ident) else {
                continue;
            };
            let first = first_of.get(&value).cloned();
            let rust = match first {
                None => self.config.names.variant_name(&ident.name),
                Some(_) => self.config.names.constant_name(&ident.name),
            };
            if let Err(clash) = scope.take(&rust, &ident.name, ident.span) {
                self.diagnostics.push(clash);
            }
            let doc = enumerator.doc.as_ref();
            let mut name = self.name(&ident.name, rust, doc, enumerator.span);
            let attributes = self.attributes(&enumerator.attributes, Site::Definition);
            name.deprecated = attributes.deprecated();
            match first {
                None => {
                    first_of.insert(value.clone(), name.rust.clone());
                    found.enumerators.push(Enumerator { name, value });
                }
                Some(first) => found.aliases.push((name, first)),
            }
        }
        if body.enumerators.is_empty() {
            self.error(
                Code::EmptyBody,
                body.span,
                format!("enum `{idl}` has no enumerators"),
            );
        }
        found
    }

    /// The number of an enumerator, which an `int` can hold (RFC 4506 §4.3).
    pub(super) fn enumerator_value(&mut self, name: &Ident) -> Option<Number<i32>> {
        self.number_or_extern(
            &Value::Name(name.clone()),
            "an enum (a 32-bit signed integer)",
            ExternKind::Int,
        )
    }

    fn structure(&mut self, idl: &str, body: &StructBody) -> Struct {
        if body.fields.is_empty() {
            let message = format!("struct `{idl}` has no fields");
            self.error(Code::EmptyStruct, body.span, message);
        }
        let mut scope = Scope::default();
        let names = body.fields.iter().filter_map(|field| field.name.as_ref());
        let siblings: Siblings<'_> = names.map(|name| name.name.as_str()).collect();
        let members = body.fields.iter();
        let members = members
            .filter_map(|field| self.field_member(field, &siblings, &mut scope))
            .collect();
        let linked = self.link(members);
        Struct {
            fields: linked.parameters,
            checks: linked.parameter_checks,
            next: None,
        }
    }

    /// A field of a struct, in the scope of that struct.
    fn field_member<'a>(
        &mut self,
        declaration: &'a Declaration,
        siblings: &Siblings<'_>,
        scope: &mut Scope,
    ) -> Option<Member<'a>> {
        let attributes = self.attributes(&declaration.attributes, Site::Field);
        let field = self.attributed_field(declaration, &attributes, siblings)?;
        let ident = declaration.name.as_ref()?;
        if let Err(clash) = scope.take(&field.name.rust, &ident.name, ident.span) {
            self.diagnostics.push(clash);
        }
        let direction = Direction::SENT;
        Some(Member::new(
            field,
            declaration.into(),
            attributes,
            direction,
        ))
    }

    /// A declaration that has a name and stands alone: what arms carry, what unions are switched by.
    pub(super) fn named_field(&mut self, declaration: &Declaration, site: Site) -> Option<Field> {
        let attributes = self.attributes(&declaration.attributes, site);
        self.attributed_field(declaration, &attributes, &Siblings::new())
    }

    fn attributed_field(
        &mut self,
        declaration: &Declaration,
        attributes: &Attributes<'_>,
        siblings: &Siblings<'_>,
    ) -> Option<Field> {
        let Some(ident) = &declaration.name else {
            self.diagnostics.push(nameless(declaration));
            return None;
        };
        let ty = self.attributed_type(declaration.into(), attributes, Place::Type, siblings)?;
        let rust = self.config.names.value_name(&ident.name);
        let mut name = self.name(
            &ident.name,
            rust,
            declaration.doc.as_ref(),
            declaration.span,
        );
        name.deprecated = attributes.deprecated();
        Some(Field { name, ty })
    }

    /// The type that a specifier names.
    pub(super) fn specified_type(&mut self, specifier: &TypeSpecifier) -> Option<Type> {
        match &specifier.kind {
            TypeSpecifierKind::Void => {
                self.error(
                    Code::BadDeclaration,
                    specifier.span,
                    "`void` cannot stand here",
                );
                None
            }
            TypeSpecifierKind::Integer(words) => {
                let found = integer::from_words(words);
                if found.is_none() {
                    let message = format!("`{}` is no integer type", words.join(" "));
                    let fault = Diagnostic::new(Code::BadIntegerType, specifier.span, message);
                    self.diagnostics.push(fault.help(
                        "4 bytes are `int` or `unsigned int`, 8 bytes `hyper` or `unsigned hyper`",
                    ));
                }
                found
            }
            TypeSpecifierKind::Plain(PlainType::Float) => Some(Type::Float),
            TypeSpecifierKind::Plain(PlainType::Double) => Some(Type::Double),
            TypeSpecifierKind::Plain(PlainType::Quadruple) => Some(Type::Quadruple),
            TypeSpecifierKind::Plain(PlainType::Bool) => Some(Type::Bool),
            // `string` and `opaque` are taken by `declared_type`; as a result they have no brackets.
            TypeSpecifierKind::Plain(PlainType::String) => Some(Type::String {
                max: None,
                utf8: self.is_utf8(self.config.strings, specifier.span),
            }),
            TypeSpecifierKind::Plain(PlainType::Opaque) => {
                let message = "`opaque` has no size here";
                let diagnostic = Diagnostic::new(Code::MissingBrackets, specifier.span, message);
                self.diagnostics
                    .push(diagnostic.help("give it a name: `typedef opaque data<>;`"));
                None
            }
            TypeSpecifierKind::Name(prefix, name) => self.named_type(*prefix, name),
            TypeSpecifierKind::Enum(EnumBody { span, .. })
            | TypeSpecifierKind::Struct(StructBody { span, .. }) => {
                self.nested_type(*span, specifier.span)
            }
            TypeSpecifierKind::Union(body) => self.nested_type(body.span, specifier.span),
        }
    }

    fn nested_type(&mut self, body: Span, specifier: Span) -> Option<Type> {
        let id = self.declarations.with_body(body);
        if id.is_none() {
            let message = "a type cannot be defined here";
            let diagnostic = Diagnostic::new(Code::BadDeclaration, specifier, message);
            self.diagnostics
                .push(diagnostic.help("define it before, and write its name here"));
        }
        id.map(Type::Named)
    }

    /// The type that a name means where it stands.
    pub(super) fn find_type(&mut self, name: &Ident) -> Option<TypeId> {
        let seen = self.declarations.named(name, &self.visibility)?;
        if !seen.others.is_empty() {
            let key = (self.visibility.unit(name.span), name.name.clone());
            self.ambiguous_types
                .entry(key)
                .or_insert_with(|| Ambiguous {
                    name: name.clone(),
                    first: seen.nearest,
                    others: seen.others,
                });
        }
        Some(seen.nearest)
    }

    pub(super) fn named_type(&mut self, prefix: Option<Prefix>, name: &Ident) -> Option<Type> {
        if let Some(id) = self.find_type(name) {
            self.check_prefix(prefix, id, name);
            return Some(Type::Named(id));
        }
        if let Some(ty) = self.given_type(name) {
            return Some(ty);
        }
        if name.name == "void" {
            let message = "`void` stands alone, and has no name";
            self.error(Code::BadDeclaration, name.span, message);
            return None;
        }
        if let Some((dialect, help)) = parse::foreign_type(&name.name) {
            let message = format!("`{}` is of the dialect of {dialect}", name.name);
            let fault = Diagnostic::new(Code::ForeignDialect, name.span, message);
            if self.undefined_types.insert(name.name.clone()) {
                self.diagnostics.push(fault.help(help));
            }
            return None;
        }
        if integer::is_unsized(&name.name) && !self.missing.are_extern() {
            if self.undefined_types.insert(name.name.clone()) {
                let message = format!("`{}` has no width of its own", name.name);
                let fault = Diagnostic::new(Code::UnsizedCType, name.span, message);
                self.diagnostics.push(fault.help(format!(
                    "say which it has: `--extern-type {0}=u32`, or `typedef unsigned int {0};`",
                    name.name
                )));
            }
            return None;
        }
        self.missing.ty(name).map(Type::Extern)
    }

    /// `struct X` must be a struct, or another name of one.
    fn check_prefix(&mut self, prefix: Option<Prefix>, id: TypeId, name: &Ident) {
        let declared = self.declarations.get(id);
        let (word, fits) = match prefix {
            None => return,
            Some(Prefix::Struct) => (
                "a struct",
                matches!(declared.body, Body::Struct(_) | Body::OptionalStruct(_)),
            ),
            Some(Prefix::Enum) => ("an enum", matches!(declared.body, Body::Enum(_))),
            Some(Prefix::Union) => ("a union", matches!(declared.body, Body::Union(_))),
        };
        if !fits && !matches!(declared.body, Body::Alias(_)) {
            let defined = declared.name_span;
            let message = format!("`{}` is not {word}", name.name);
            let diagnostic = Diagnostic::new(Code::WrongKind, name.span, message);
            self.diagnostics
                .push(diagnostic.also(defined, "defined here"));
        }
    }
}

/// The types of the language that are one word.
pub(super) const TYPE_WORDS: [&str; 11] = [
    "bool", "char", "double", "float", "hyper", "int", "long", "opaque", "short", "string",
    "unsigned",
];

/// `T *`, before it is known whether that needs a box.
pub(super) fn optional(value: Type) -> Type {
    Type::Optional {
        value: Box::new(value),
        boxed: false,
    }
}

/// Stands for a type whose fault was reported, so that what uses it is checked too.
const PLACEHOLDER: Type = Type::Int;

/// The fault of a declaration that should have a name, such as `void` in a struct.
pub(super) fn nameless(declaration: &Declaration) -> Diagnostic {
    let message = match declaration.specifier.kind {
        TypeSpecifierKind::Void => "`void` cannot stand here",
        _ => "a name is missing",
    };
    Diagnostic::new(Code::BadDeclaration, declaration.span, message)
}
