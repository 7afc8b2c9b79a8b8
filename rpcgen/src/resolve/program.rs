//! Programs, versions, procedures (RFC 5531 §12), and interfaces, which become them.

use super::{
    Resolver,
    attribute::{Kind, Site},
    procedure::{Block, Procedures},
};
use crate::{
    ast::{Definition, File, InterfaceDef, Member, ProgramDef, VersionDef},
    diagnostic::{Code, Diagnostic},
    import::Unit,
    model::{Number, Procedure, Program, TypeDef, Version},
    names,
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

/// The numbers that interfaces pin, by name, each with its place.
type Pins = HashMap<String, (u32, Span)>;

/// The versions of a program, by number.
type VersionSpans = HashMap<Number<u32>, Span>;

/// All programs so far.
#[derive(Default)]
struct Programs {
    found: Vec<Found>,
    /// Where each is among them, by name and number.
    by_name: HashMap<(String, Number<u32>), usize>,
}

/// What stands before the members of an interface.
struct Header {
    name: String,
    span: Span,
    /// The numbers that attributes give.
    program: Option<u32>,
    version: Option<u32>,
    deprecated: Option<String>,
}

impl Programs {
    fn push(&mut self, found: Found) {
        let key = (found.program.name.idl.clone(), found.program.number.clone());
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
        let (headers, pins) = self.headers(file);
        let mut headers = headers.into_iter();
        for definition in file.all() {
            match definition {
                Definition::Program(program) => {
                    if let Some(found) = self.program(program, types) {
                        self.add_program(found, &mut programs);
                    }
                }
                Definition::Interface(interface) => {
                    if let Some(header) = headers.next().flatten() {
                        self.interface(interface, &header, &pins, types, &mut programs);
                    }
                }
                _ => {}
            }
        }
        programs.found
    }

    /// Adds a program; blocks of one name and number are one program.
    fn add_program(&mut self, found: Found, programs: &mut Programs) {
        let key = (found.program.name.idl.clone(), found.program.number.clone());
        let same = programs.by_name.get(&key).copied();
        let Some(first) = same.and_then(|index| programs.found.get_mut(index)) else {
            programs.push(found);
            return;
        };
        for version in found.program.versions {
            let span = found.versions.get(&version.number).copied();
            self.check_version(
                &mut first.versions,
                &version.number,
                span.unwrap_or(found.span),
            );
            first.program.versions.push(version);
        }
    }

    /// Programs may share a number where they share no version: a file may have a name for each
    /// version of a program.
    fn check_programs(&mut self, found: &[Found]) {
        let mut versions: HashMap<(&Number<u32>, &Number<u32>), &Found> = HashMap::new();
        for one in found {
            let name = &one.program.name;
            self.claim(true, &name.rust, &name.idl, one.span);
            let numbers = one.program.versions.iter().map(|version| &version.number);
            let taken = numbers.filter_map(|version| {
                let key = (&one.program.number, version);
                let first = *versions.entry(key).or_insert(one);
                (!std::ptr::eq(first, one)).then_some((version, first))
            });
            if let Some((version, first)) = taken.last() {
                let message = format!(
                    "program `{}` has the number of `{}`{}, and a version {version} too",
                    name.idl,
                    first.program.name.idl,
                    match one.program.number {
                        Number::Known(number) => format!(", {number:#010x}"),
                        Number::Constant(_) => String::new(),
                    }
                );
                let fault = Diagnostic::new(Code::DuplicateProgram, one.span, message);
                self.diagnostics
                    .push(fault.also(first.span, "the other program"));
            }
        }
    }

    // ---- program

    fn program(&mut self, def: &ProgramDef, types: &[TypeDef]) -> Option<Found> {
        let number = self.protocol_number(&def.number, "a program number (32 bits, unsigned)");
        let idl = &def.name.name;
        let mut versions = Vec::new();
        let mut spans = VersionSpans::new();
        for version in &def.versions {
            let Some(resolved) = self.version(version, idl, types) else {
                continue;
            };
            self.check_version(&mut spans, &resolved.number, version.number.span());
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

    fn check_version(&mut self, versions: &mut VersionSpans, number: &Number<u32>, span: Span) {
        if let Some(first) = versions.insert(number.clone(), span) {
            let message = format!("a second version {number} of the program");
            let fault = Diagnostic::new(Code::DuplicateVersion, span, message);
            self.diagnostics.push(fault.also(first, "the first one"));
        }
    }

    fn version(&mut self, def: &VersionDef, program: &str, types: &[TypeDef]) -> Option<Version> {
        let number = self.protocol_number(&def.number, "a version number (32 bits, unsigned)");
        let mut found = Procedures::new(program, types, Block::PROGRAM);
        for procedure in &def.procedures {
            let Some(value) = &procedure.number else {
                let message = format!("procedure `{}` has no number", procedure.name.name);
                let fault = Diagnostic::new(Code::Syntax, procedure.name.span, message);
                self.diagnostics
                    .push(fault.help("write `= 1` before the `;`"));
                continue;
            };
            let value = self.protocol_number(value, PROCEDURE_NUMBER);
            self.procedure(procedure, value, &mut found);
        }
        let number = number?;
        let name = self.name(
            &def.name.name,
            match &number {
                Number::Known(number) => format!("v{number}"),
                Number::Constant(_) => names::value_name(&def.name.name),
            },
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

    /// The headers of all interfaces, and the program numbers that they pin: one of several
    /// versions is enough.
    fn headers(&mut self, file: &File) -> (Vec<Option<Header>>, Pins) {
        let mut pins = Pins::new();
        let mut anonymous = None;
        let mut headers = Vec::new();
        for definition in file.all() {
            if let Definition::Interface(def) = definition {
                headers.push(self.header(def, &mut pins, &mut anonymous));
            }
        }
        (headers, pins)
    }

    fn header(
        &mut self,
        def: &InterfaceDef,
        pins: &mut Pins,
        anonymous: &mut Option<Span>,
    ) -> Option<Header> {
        let attributes = self.attributes(&def.attributes, Site::Interface);
        let program = self.attribute_number(attributes.get(Kind::Program));
        let version = self.attribute_number(attributes.get(Kind::Version));
        let name = self.interface_name(def, anonymous)?;
        let span = def.name.as_ref().map_or(def.keyword, |name| name.span);
        if let Some(number) = program {
            let (first, place) = *pins.entry(name.clone()).or_insert((number, span));
            if first != number {
                let message = format!("`{name}` has the program number {number:#010x} here");
                let fault = Diagnostic::new(Code::DuplicateProgram, span, message);
                let other = format!("and {first:#010x} here");
                self.diagnostics.push(
                    fault
                        .also(place, other)
                        .help("versions of one program have one number"),
                );
            }
        }
        Some(Header {
            name,
            span,
            program,
            version,
            deprecated: attributes.deprecated(),
        })
    }

    fn interface(
        &mut self,
        def: &InterfaceDef,
        header: &Header,
        pins: &Pins,
        types: &[TypeDef],
        programs: &mut Programs,
    ) {
        let (idl, span) = (&header.name, header.span);
        let pinned = pins.get(idl).map(|(number, _)| *number);
        let number = header.program.or(pinned).unwrap_or_else(|| {
            let number = derived_number(idl);
            self.derived_program(def, header, number);
            number
        });
        let procedures = self.members(def, idl, types);
        let version_number = header.version.unwrap_or(1);
        let version_name = format!("v{version_number}");
        let mut name = self.name(idl, version_name, def.doc.as_ref(), span);
        name.deprecated.clone_from(&header.deprecated);
        let version = Version {
            name,
            number: Number::Known(version_number),
            procedures,
        };
        let same = programs
            .by_name
            .get(&(idl.clone(), Number::Known(number)))
            .copied();
        if let Some(other) = same.and_then(|index| programs.found.get_mut(index)) {
            self.check_version(&mut other.versions, &Number::Known(version_number), span);
            other.program.versions.push(version);
            return;
        }
        let name = self.name(idl, names::program_name(idl), def.doc.as_ref(), span);
        let program = Program {
            name,
            number: Number::Known(number),
            versions: vec![version],
        };
        programs.push(Found {
            program,
            span,
            versions: HashMap::from([(Number::Known(version_number), span)]),
        });
    }

    /// Says which number a name gave, and how it can be kept.
    fn derived_program(&mut self, def: &InterfaceDef, header: &Header, number: u32) {
        let name = &header.name;
        let message = format!("the program number of `{name}` is {number:#010x}, made of its name");
        let note = Diagnostic::new(Code::DerivedProgram, header.span, message);
        let attribute = format!("[program({number:#010x})]");
        let keeps = "keeps it when the name changes";
        self.diagnostics.push(if def.attributes.is_empty() {
            let message = format!("`{attribute}` {keeps}");
            note.insert(def.keyword, &format!("{attribute} "), message)
        } else {
            note.help(format!("`{attribute} interface …` {keeps}"))
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
        let mut found = Procedures::new(program, types, Block::INTERFACE);
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
            self.procedure(procedure, number.map(Number::Known), &mut found);
            next = number.map_or(next, |number: u32| number.checked_add(1));
        }
        found.list
    }
}

const PROCEDURE_NUMBER: &str = "a procedure number (32 bits, unsigned)";

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
