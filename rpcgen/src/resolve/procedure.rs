//! Procedures: what a call carries, what a reply carries, what the runtime may do with it.

use super::{
    Resolver, analysis,
    attribute::{Attributes, Kind, Site},
    attributed::Siblings,
    declaration::{Place, Written},
    list,
    member::{Direction, Member},
};
use crate::{
    ast::{self, Declaration, Ident, PlainType, ProcedureDef, TypeSpecifierKind},
    diagnostic::{Code, Diagnostic},
    model::{Exception, Field, Number, Procedure, Semantics, Shape, Type, TypeDef, TypeId},
    names::Scope,
};
use std::{collections::HashMap, time::Duration};

/// The field of several results that is the result itself.
const RESULT: &str = "result";

/// The longest deadline: what a caller waits for longer than a day is no call.
const DEADLINE_MAX: Duration = Duration::from_secs(60 * 60 * 24);

/// What pointers mean in the block that procedures stand in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    parameter: Place,
    result: Place,
}

impl Block {
    pub(super) const PROGRAM: Self = Self {
        parameter: Place::Program,
        result: Place::Program,
    };
    pub(super) const INTERFACE: Self = Self {
        parameter: Place::Parameter,
        result: Place::Result,
    };
}

/// The procedures of a version under construction.
pub(super) struct Procedures<'a> {
    program: &'a str,
    types: &'a [TypeDef],
    block: Block,
    scope: Scope,
    /// The types that stand side by side in the version's module.
    local_types: Scope,
    numbers: HashMap<Number<u32>, Ident>,
    pub(super) list: Vec<Procedure>,
}

impl<'a> Procedures<'a> {
    pub(super) fn new(program: &'a str, types: &'a [TypeDef], block: Block) -> Self {
        Self {
            program,
            types,
            block,
            scope: Scope::default(),
            local_types: Scope::default(),
            numbers: HashMap::new(),
            list: Vec::new(),
        }
    }
}

impl Resolver<'_> {
    pub(super) fn procedure(
        &mut self,
        def: &ProcedureDef,
        number: Option<Number<u32>>,
        found: &mut Procedures<'_>,
    ) {
        let attributes = self.attributes(&def.attributes, Site::Procedure);
        let semantics = self.semantics(&attributes);
        let deprecated = attributes.deprecated();
        let mut members = Vec::new();
        self.result(def, attributes, found.block.result, &mut members);
        self.parameters(def, found.block.parameter, &mut members);
        let mut linked = self.link(members);
        for field in linked.parameters.iter_mut().chain(&mut linked.results) {
            complete(&mut field.ty, found.types);
        }
        let exceptions = self.exceptions(def, found.types);
        let rust = self
            .config
            .names
            .procedure_name(&def.name.name, found.program);
        let mut name = self.name(&def.name.name, rust, def.doc.as_ref(), def.span);
        name.deprecated = deprecated;
        let procedure = Procedure {
            name,
            number: number.clone().unwrap_or(Number::Known(0)),
            parameters: linked.parameters,
            parameter_checks: linked.parameter_checks,
            results: linked.results,
            result_checks: linked.result_checks,
            exceptions,
            semantics,
        };
        self.check_maybe(def, &procedure);
        self.claim_procedure(def, &procedure, found);
        let Some(number) = number else { return };
        if let Some(first) = found.numbers.insert(number.clone(), def.name.clone()) {
            let message = format!(
                "procedure `{}` has the number of `{}`, {number}",
                def.name.name, first.name
            );
            let fault = Diagnostic::new(Code::DuplicateProcedure, def.name.span, message);
            self.diagnostics
                .push(fault.also(first.span, "the other procedure"));
        }
        found.list.push(procedure);
    }

    /// Takes the names of a procedure and of the types that belong to it.
    fn claim_procedure(
        &mut self,
        def: &ProcedureDef,
        procedure: &Procedure,
        found: &mut Procedures<'_>,
    ) {
        let (idl, span) = (&def.name.name, def.name.span);
        let rust = &procedure.name.rust;
        let names = self.config.names;
        let mut clash = found.scope.take(rust, idl, span);
        let types = [
            (procedure.parameters.len() > 1).then(|| names.arguments_name(rust)),
            (procedure.results.len() > 1).then(|| names.result_name(rust)),
            (!procedure.exceptions.is_empty()).then(|| names.error_name(rust)),
        ];
        for name in types.into_iter().flatten() {
            clash = clash.and_then(|()| found.local_types.take(&name, idl, span));
        }
        if let Err(clash) = clash {
            self.diagnostics.push(clash);
        }
    }

    // ---- Parameters and results

    fn result<'a>(
        &mut self,
        def: &'a ProcedureDef,
        attributes: Attributes<'a>,
        place: Place,
        members: &mut Vec<Member<'a>>,
    ) {
        let written = Written {
            specifier: &def.result,
            pointer: def.result_pointer,
            suffixes: &[],
            span: def.result.span,
        };
        let ty = match (&def.result.kind, def.result_pointer) {
            (TypeSpecifierKind::Void, None) => return self.refuse_result(&attributes),
            // It has no name that brackets could stand behind.
            (TypeSpecifierKind::Plain(PlainType::Opaque), None) => self.specified_type(&def.result),
            _ => {
                let names = def.parameters.iter().filter_map(|one| one.name.as_ref());
                let siblings: Siblings<'_> = names.map(|name| name.name.as_str()).collect();
                self.attributed_type(written, &attributes, place, &siblings)
            }
        };
        let Some(mut ty) = ty else { return };
        self.set_strings(&def.name.name, None, def.span, &mut ty);
        let name = self.name(RESULT, RESULT.to_owned(), None, def.result.span);
        let field = Field { name, ty };
        members.push(Member::new(field, written, attributes, Direction::RETURNED));
    }

    /// Reports attributes that say something of a result that is not there.
    fn refuse_result(&mut self, attributes: &Attributes<'_>) {
        for attribute in attributes.of_type() {
            let name = &attribute.name.name;
            let message = format!("`{name}` says something of the result, and there is none");
            self.error(Code::BadAttribute, attribute.span, message);
        }
    }

    fn parameters<'a>(
        &mut self,
        def: &'a ProcedureDef,
        pointers: Place,
        members: &mut Vec<Member<'a>>,
    ) {
        let has_result = !members.is_empty();
        let mut scope = Scope::default();
        let names = def.parameters.iter().filter_map(|one| one.name.as_ref());
        let siblings: Siblings<'_> = names.map(|name| name.name.as_str()).collect();
        let count = def.parameters.len();
        for (index, declaration) in def.parameters.iter().enumerate() {
            let attributes = self.attributes(&declaration.attributes, Site::Parameter);
            let direction = self.direction(declaration, &attributes);
            let written = Written::from(declaration);
            let Some(mut ty) = self.attributed_type(written, &attributes, pointers, &siblings)
            else {
                continue;
            };
            let (idl, span) = match &declaration.name {
                Some(name) => (name.name.clone(), name.span),
                None if count == 1 => ("arg".to_owned(), declaration.span),
                None => (format!("arg{}", index + 1), declaration.span),
            };
            let rust = self.config.names.value_name(&idl);
            if let Err(clash) = scope.take(&rust, &idl, span) {
                self.diagnostics.push(clash);
            }
            if has_result && direction.returned && rust == RESULT {
                let message = format!("`{idl}` has the name that the result itself gets");
                self.error(Code::NameClash, span, message);
            }
            self.set_strings(&def.name.name, Some(&idl), def.span, &mut ty);
            let name = self.name(&idl, rust, declaration.doc.as_ref(), declaration.span);
            members.push(Member::new(
                Field { name, ty },
                written,
                attributes,
                direction,
            ));
        }
    }

    fn direction(&mut self, declaration: &Declaration, attributes: &Attributes<'_>) -> Direction {
        let Some(out) = attributes.get(Kind::Out) else {
            return Direction::SENT;
        };
        let is_string = matches!(
            declaration.specifier.kind,
            TypeSpecifierKind::Plain(PlainType::String)
        );
        if declaration.pointer.is_none() && declaration.suffixes.is_empty() && !is_string {
            let name = declaration.name.as_ref().map_or("x", |name| &name.name);
            let message = "an `out` parameter is a pointer or an array";
            let fault = Diagnostic::new(Code::BadDirection, declaration.span, message);
            self.diagnostics.push(
                fault
                    .also(out.span, "it comes back")
                    .help(format!("write `*{name}`")),
            );
        }
        Direction {
            sent: attributes.has(Kind::In),
            returned: true,
        }
    }

    // ---- Exceptions

    fn exceptions(&mut self, def: &ProcedureDef, types: &[TypeDef]) -> Vec<Exception> {
        let mut variants = Scope::default();
        let mut numbers: HashMap<i32, &ast::Exception> = HashMap::new();
        let mut found = Vec::new();
        for (position, raised) in (1..).zip(&def.exceptions) {
            let ident = &raised.name;
            let ty = self.named_type(None, ident);
            let rust = self.config.names.variant_name(&ident.name);
            if let Err(clash) = variants.take(&rust, &ident.name, ident.span) {
                self.diagnostics.push(clash);
            }
            let Some(number) = self.exception_number(raised, position) else {
                continue;
            };
            if let Some(first) = numbers.insert(number, raised) {
                let message = format!("a second exception with the number {number}");
                let fault = Diagnostic::new(Code::BadException, raised.span, message);
                self.diagnostics
                    .push(fault.also(first.span, "the first one"));
            }
            let Some(mut ty) = ty else { continue };
            complete(&mut ty, types);
            let name = self.name(&ident.name, rust, None, raised.span);
            found.push(Exception { name, number, ty });
        }
        found
    }

    fn exception_number(&mut self, raised: &ast::Exception, position: i32) -> Option<i32> {
        let Some(value) = &raised.number else {
            return Some(position);
        };
        let number: i32 = self.number(value, "an exception number (32 bits, signed)")?;
        if number == 0 {
            let message = "the number 0 says that nothing was raised";
            self.error(Code::BadException, value.span(), message);
            return None;
        }
        Some(number)
    }

    // ---- Semantics

    fn semantics(&mut self, attributes: &Attributes<'_>) -> Semantics {
        Semantics {
            idempotent: attributes.has(Kind::Idempotent),
            maybe: attributes.has(Kind::Maybe),
            broadcast: attributes.has(Kind::Broadcast),
            deadline: self.deadline(attributes),
        }
    }

    fn deadline(&mut self, attributes: &Attributes<'_>) -> Option<Duration> {
        let text = attributes.text(Kind::Deadline)?;
        let deadline = duration(text).filter(|one| !one.is_zero() && *one <= DEADLINE_MAX);
        if let (None, Some(attribute)) = (deadline, attributes.get(Kind::Deadline)) {
            let message = format!("`{text}` is no deadline");
            let fault = Diagnostic::new(Code::BadDeadline, attribute.span, message);
            self.diagnostics.push(fault.help(
                "a number and its unit, up to a day: `100ns`, `100us`, `100ms`, `2s`, `5min`",
            ));
        }
        deadline
    }

    fn check_maybe(&mut self, def: &ProcedureDef, procedure: &Procedure) {
        let maybe = def.attributes.iter();
        let mut maybe = maybe.filter(|one| matches!(one.name.name.as_str(), "maybe" | "oneway"));
        let (true, Some(attribute)) = (procedure.semantics.maybe, maybe.next()) else {
            return;
        };
        let name = &attribute.name.name;
        let what = if let Some(raised) = def.exceptions.first() {
            Some((raised.span, "what is raised would need a reply"))
        } else if procedure.results.is_empty() {
            None
        } else {
            Some((def.span, "what comes back would need a reply"))
        };
        if let Some((span, label)) = what {
            let message = format!("a `{name}` procedure has no reply");
            let fault = Diagnostic::new(Code::BadMaybe, attribute.span, message);
            self.diagnostics.push(
                fault
                    .also(span, label)
                    .help("it is `void`, and has no `out` parameter"),
            );
        }
    }
}

/// A number with its unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let (number, unit) = text.split_at(text.len() - digits.len());
    let number: u64 = number.parse().ok()?;
    match unit.trim_start() {
        "ns" => Some(Duration::from_nanos(number)),
        "us" => Some(Duration::from_micros(number)),
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "min" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

/// Gives the type of a parameter or result what the analysis of all types found.
fn complete(ty: &mut Type, types: &[TypeDef]) {
    let is_node = |id: TypeId| {
        let shape = types.get(id.0).map(|def| &def.shape);
        matches!(shape, Some(Shape::Struct(structure)) if structure.is_list_node())
    };
    list::use_lists(ty, &is_node);
    analysis::box_large(ty, &|id| types.get(id.0).map_or(0, |def| def.memory_size));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_have_a_number_and_a_unit() {
        assert_eq!(duration("2s"), Some(Duration::from_secs(2)));
        assert_eq!(duration("250 ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("5min"), Some(Duration::from_secs(300)));
        assert_eq!(duration("7us"), Some(Duration::from_micros(7)));
        assert_eq!(duration("7ns"), Some(Duration::from_nanos(7)));
        for text in [
            "",
            "s",
            "2",
            "2h",
            "-2s",
            "1.5s",
            "99999999999999999999s",
            "2 s 3",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
