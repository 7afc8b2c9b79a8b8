//! Programs, versions, procedures (RFC 5531 §12), and interfaces, which become them.

use super::{Resolver, analysis, integer, list, types};
use crate::{
    ast::{
        Declaration, Definition, File, Ident, InterfaceDef, Member, PlainType, ProcedureDef,
        ProgramDef, TypeSpecifierKind, VersionDef,
    },
    diagnostic::{Code, Diagnostic},
    import::Unit,
    model::{Field, Procedure, Program, Shape, Type, TypeDef, Version},
    names::{self, Scope},
    source::Span,
};
use std::collections::HashMap;

/// The first program number that RFC 5531 §13.4 leaves to users, and how many there are.
const USER_PROGRAMS: (u32, u32) = (0x2000_0000, 0x2000_0000);

/// A program under construction, with the places of its parts.
struct Found {
    program: Program,
    span: Span,
    versions: VersionSpans,
}

/// The versions of a program, by number.
type VersionSpans = HashMap<u32, Span>;

/// All programs so far.
#[derive(Default)]
struct Programs {
    found: Vec<Found>,
    /// Where each is among them, by name and number.
    by_name: HashMap<(String, u32), usize>,
    /// The interface that is named after its file.
    anonymous: Option<Span>,
}

impl Programs {
    fn push(&mut self, found: Found) {
        let key = (found.program.name.idl.clone(), found.program.number);
        self.by_name.entry(key).or_insert(self.found.len());
        self.found.push(found);
    }
}

impl Resolver<'_> {
    /// The programs of each generated file.
    pub(super) fn programs(&mut self, units: &[Unit], types: &[TypeDef]) -> Vec<Vec<Program>> {
        let mut found = Vec::new();
        for unit in units {
            found.push(self.programs_of(&unit.parsed.file, types));
        }
        let outputs = self.by_output(found);
        for output in &outputs {
            self.check_programs(output);
        }
        let programs = |output: Vec<Found>| output.into_iter().map(|found| found.program).collect();
        outputs.into_iter().map(programs).collect()
    }

    fn programs_of(&mut self, file: &File, types: &[TypeDef]) -> Vec<Found> {
        let mut programs = Programs::default();
        for definition in file.all() {
            match definition {
                Definition::Program(program) => {
                    if let Some(found) = self.program(program, types) {
                        self.add_program(found, &mut programs);
                    }
                }
                Definition::Interface(interface) => {
                    self.interface(interface, types, &mut programs);
                }
                _ => {}
            }
        }
        programs.found
    }

    /// Adds a program; blocks of one name and number are one program.
    fn add_program(&mut self, found: Found, programs: &mut Programs) {
        let key = (found.program.name.idl.clone(), found.program.number);
        let same = programs.by_name.get(&key).copied();
        let Some(first) = same.and_then(|index| programs.found.get_mut(index)) else {
            programs.push(found);
            return;
        };
        for version in found.program.versions {
            let span = found.versions.get(&version.number).copied();
            self.check_version(
                &mut first.versions,
                version.number,
                span.unwrap_or(found.span),
            );
            first.program.versions.push(version);
        }
    }

    /// Programs may share a number where they share no version: a file may have a name for each
    /// version of a program.
    fn check_programs(&mut self, found: &[Found]) {
        let mut versions: HashMap<(u32, u32), &Found> = HashMap::new();
        for one in found {
            let name = &one.program.name;
            self.claim(true, &name.rust, &name.idl, one.span);
            let numbers = one.program.versions.iter().map(|version| version.number);
            let taken = numbers.filter_map(|version| {
                let key = (one.program.number, version);
                let first = *versions.entry(key).or_insert(one);
                (!std::ptr::eq(first, one)).then_some((version, first))
            });
            if let Some((version, first)) = taken.last() {
                let message = format!(
                    "program `{}` has the number of `{}`, {:#010x}, and a version {version} too",
                    name.idl, first.program.name.idl, one.program.number
                );
                let fault = Diagnostic::new(Code::DuplicateProgram, one.span, message);
                self.diagnostics
                    .push(fault.also(first.span, "the other program"));
            }
        }
    }

    // ---- program

    fn program(&mut self, def: &ProgramDef, types: &[TypeDef]) -> Option<Found> {
        let number = self.number(&def.number, "a program number (32 bits, unsigned)");
        let idl = &def.name.name;
        let mut versions = Vec::new();
        let mut spans = VersionSpans::new();
        for version in &def.versions {
            let Some(resolved) = self.version(version, idl, types) else {
                continue;
            };
            self.check_version(&mut spans, resolved.number, version.number.span());
            versions.push(resolved);
        }
        let rust = names::program_name(idl);
        let name = self.name(idl, rust, def.doc.as_ref(), def.name.span);
        let program = Program {
            name,
            number: number?,
            versions,
        };
        Some(Found {
            program,
            span: def.name.span,
            versions: spans,
        })
    }

    fn check_version(&mut self, versions: &mut VersionSpans, number: u32, span: Span) {
        if let Some(first) = versions.insert(number, span) {
            let message = format!("a second version {number} of the program");
            let fault = Diagnostic::new(Code::DuplicateVersion, span, message);
            self.diagnostics.push(fault.also(first, "the first one"));
        }
    }

    fn version(&mut self, def: &VersionDef, program: &str, types: &[TypeDef]) -> Option<Version> {
        let number = self.number(&def.number, "a version number (32 bits, unsigned)");
        let mut found = Procedures::new(program, types);
        for procedure in &def.procedures {
            let Some(value) = &procedure.number else {
                let message = format!("procedure `{}` has no number", procedure.name.name);
                let fault = Diagnostic::new(Code::Syntax, procedure.name.span, message);
                self.diagnostics
                    .push(fault.help("write `= 1` before the `;`"));
                continue;
            };
            let value = self.number(value, PROCEDURE_NUMBER);
            self.procedure(procedure, value, &mut found);
        }
        let number = number?;
        let name = self.name(
            &def.name.name,
            format!("v{number}"),
            def.doc.as_ref(),
            def.name.span,
        );
        Some(Version {
            name,
            number,
            procedures: found.list,
        })
    }

    // ---- interface

    fn interface(&mut self, def: &InterfaceDef, types: &[TypeDef], programs: &mut Programs) {
        let pins = self.interface_attributes(&def.attributes);
        let Some(idl) = self.interface_name(def, &mut programs.anonymous) else {
            return;
        };
        let span = def.name.as_ref().map_or(def.keyword, |name| name.span);
        let number = pins.program.unwrap_or_else(|| derived_number(&idl));
        if pins.program.is_none() {
            let message =
                format!("the program number of `{idl}` is {number:#010x}, made of its name");
            let note = Diagnostic::new(Code::DerivedProgram, span, message);
            let attribute = format!("[program({number:#010x})]");
            let keeps = "keeps it when the name changes";
            self.diagnostics.push(if def.attributes.is_empty() {
                let message = format!("`{attribute}` {keeps}");
                note.insert(def.keyword, &format!("{attribute} "), message)
            } else {
                note.help(format!("`{attribute} interface …` {keeps}"))
            });
        }
        let procedures = self.members(def, &idl, types);
        let version_number = pins.version.unwrap_or(1);
        let version_name = format!("v{version_number}");
        let name = self.name(&idl, version_name, def.doc.as_ref(), span);
        let version = Version {
            name,
            number: version_number,
            procedures,
        };
        let same = programs.by_name.get(&(idl.clone(), number)).copied();
        if let Some(other) = same.and_then(|index| programs.found.get_mut(index)) {
            self.check_version(&mut other.versions, version_number, span);
            other.program.versions.push(version);
            return;
        }
        let name = self.name(&idl, names::program_name(&idl), def.doc.as_ref(), span);
        let program = Program {
            name,
            number,
            versions: vec![version],
        };
        programs.push(Found {
            program,
            span,
            versions: HashMap::from([(version_number, span)]),
        });
    }

    /// The name of an interface; one without is named after its file.
    fn interface_name(
        &mut self,
        def: &InterfaceDef,
        anonymous: &mut Option<Span>,
    ) -> Option<String> {
        if let Some(name) = &def.name {
            return Some(name.name.clone());
        }
        if let Some(first) = *anonymous {
            let message = "a second interface without a name";
            let fault = Diagnostic::new(Code::AnonymousInterface, def.keyword, message);
            self.diagnostics
                .push(fault.also(first, "the first one has the name of the file"));
            return None;
        }
        *anonymous = Some(def.keyword);
        let stem = self
            .sources
            .file(def.keyword.file)
            .stem()
            .map(names::type_name);
        if stem.is_none() {
            let message = "an interface from standard input needs a name";
            self.error(Code::AnonymousInterface, def.keyword, message);
        }
        stem
    }

    fn members(&mut self, def: &InterfaceDef, program: &str, types: &[TypeDef]) -> Vec<Procedure> {
        let mut found = Procedures::new(program, types);
        let mut next = Some(1);
        for member in &def.members {
            let Member::Procedure(procedure) = member else {
                continue;
            };
            let number = match &procedure.number {
                Some(value) => self.number(value, PROCEDURE_NUMBER),
                None if next.is_none() => {
                    self.error(
                        Code::OutOfRange,
                        procedure.name.span,
                        "no procedure number is left",
                    );
                    None
                }
                None => next,
            };
            self.refuse_pointers(procedure);
            self.procedure(procedure, number, &mut found);
            next = number.map_or(next, |number: u32| number.checked_add(1));
        }
        found.list
    }

    /// A pointer parameter of an interface is to be the value itself, not optional-data as in a
    /// `program`: nothing is generated for it until that is so.
    fn refuse_pointers(&mut self, procedure: &ProcedureDef) {
        for parameter in &procedure.parameters {
            let Some(pointer) = parameter.pointer.filter(|_| !is_untyped_pointer(parameter)) else {
                continue;
            };
            let message = "this release does not support pointer parameters of an interface";
            let fault = Diagnostic::new(Code::Unsupported, pointer, message);
            self.diagnostics.push(fault.help(
                "a value goes without the `*`; for one that may be absent, make a typedef of `T *`",
            ));
        }
    }

    // ---- procedure

    fn procedure(&mut self, def: &ProcedureDef, number: Option<u32>, found: &mut Procedures<'_>) {
        for attribute in &def.attributes {
            self.unsupported_attribute(attribute);
        }
        let parameters = self.parameters(def, found.types);
        let result = self.result(def, found.types);
        let rust = self
            .config
            .names
            .procedure_name(&def.name.name, found.program);
        let clash = found.scope.take(&rust, &def.name.name, def.name.span);
        // The structs that carry several parameters stand side by side in the version's module.
        let clash = clash.and_then(|()| match def.parameters.as_slice() {
            [] | [_] => Ok(()),
            _ => {
                let arguments = self.config.names.arguments_name(&rust);
                found
                    .arguments
                    .take(&arguments, &def.name.name, def.name.span)
            }
        });
        if let Err(clash) = clash {
            self.diagnostics.push(clash);
        }
        let Some(number) = number else { return };
        if let Some(first) = found.numbers.insert(number, def.name.clone()) {
            let message = format!(
                "procedure `{}` has the number of `{}`, {number}",
                def.name.name, first.name
            );
            let fault = Diagnostic::new(Code::DuplicateProcedure, def.name.span, message);
            self.diagnostics
                .push(fault.also(first.span, "the other procedure"));
        }
        let name = self.name(&def.name.name, rust, def.doc.as_ref(), def.span);
        found.list.push(Procedure {
            name,
            number,
            parameters,
            result,
        });
    }

    fn parameters(&mut self, def: &ProcedureDef, types: &[TypeDef]) -> Vec<Field> {
        let mut scope = Scope::default();
        let count = def.parameters.len();
        let mut fields = Vec::new();
        for (index, declaration) in def.parameters.iter().enumerate() {
            for attribute in &declaration.attributes {
                self.parameter_attribute(attribute);
            }
            if is_untyped_pointer(declaration) {
                self.bad_pointer(declaration);
                continue;
            }
            let Some(mut ty) = self.declared_type(declaration) else {
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
            self.set_strings(&def.name.name, Some(&idl), def.span, &mut ty);
            let name = self.name(&idl, rust, declaration.doc.as_ref(), declaration.span);
            fields.push(Field {
                name,
                ty: complete(ty, types),
            });
        }
        fields
    }

    fn result(&mut self, def: &ProcedureDef, types: &[TypeDef]) -> Option<Type> {
        let mut ty = match (&def.result.kind, def.result_pointer) {
            (TypeSpecifierKind::Void, None) => return None,
            (
                TypeSpecifierKind::Void | TypeSpecifierKind::Plain(PlainType::Opaque),
                Some(pointer),
            ) => {
                let message = "a pointer without a size cannot be a result";
                let fault =
                    Diagnostic::new(Code::BadDeclaration, def.result.span.to(pointer), message);
                self.diagnostics
                    .push(fault.help("bytes are `typedef opaque data<>;`"));
                return None;
            }
            (_, pointer) => {
                let value = self.specified_type(&def.result)?;
                match pointer {
                    None => value,
                    Some(_) => types::optional(value),
                }
            }
        };
        self.set_strings(&def.name.name, None, def.span, &mut ty);
        Some(complete(ty, types))
    }

    fn bad_pointer(&mut self, declaration: &Declaration) {
        let message = "the size of what the pointer points to is not known";
        let fault = Diagnostic::new(Code::BadParameter, declaration.span, message);
        self.diagnostics.push(fault.help(
            "`opaque data<>` is a chunk of bytes with its size, `string text<>` a text, \
             `T items<>` an array",
        ));
    }
}

const PROCEDURE_NUMBER: &str = "a procedure number (32 bits, unsigned)";

/// The procedures of a version under construction.
struct Procedures<'a> {
    program: &'a str,
    types: &'a [TypeDef],
    scope: Scope,
    arguments: Scope,
    numbers: HashMap<u32, Ident>,
    list: Vec<Procedure>,
}

impl<'a> Procedures<'a> {
    fn new(program: &'a str, types: &'a [TypeDef]) -> Self {
        Self {
            program,
            types,
            scope: Scope::default(),
            arguments: Scope::default(),
            numbers: HashMap::new(),
            list: Vec::new(),
        }
    }
}

/// A type of a parameter or result, with what the analysis of all types found.
fn complete(mut ty: Type, types: &[TypeDef]) -> Type {
    let is_node = |id: crate::model::TypeId| {
        let shape = types.get(id.0).map(|def| &def.shape);
        matches!(shape, Some(Shape::Struct(structure)) if structure.is_list_node)
    };
    list::use_lists(&mut ty, &is_node);
    analysis::box_large(&mut ty, &|id| {
        types.get(id.0).map_or(0, |def| def.memory_size)
    });
    ty
}

/// `void *p`, `char *p`, `opaque *p`: how much is meant, only C's reader knows.
fn is_untyped_pointer(declaration: &Declaration) -> bool {
    declaration.pointer.is_some()
        && match &declaration.specifier.kind {
            TypeSpecifierKind::Void | TypeSpecifierKind::Plain(PlainType::Opaque) => true,
            TypeSpecifierKind::Integer(words) => integer::is_char(words),
            TypeSpecifierKind::Name(None, name) => name.name == "void",
            _ => false,
        }
}

/// The program number of an interface that pins none: FNV-1a of its name, in the range that
/// RFC 5531 §13.4 leaves to users.
#[must_use]
pub fn derived_number(name: &str) -> u32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    USER_PROGRAMS.0 | (hash & (USER_PROGRAMS.1 - 1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_number_of_calc_is_the_one_that_is_documented() {
        assert_eq!(super::derived_number("Calc"), 0x3d1d_def4);
    }
}
