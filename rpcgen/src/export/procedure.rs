//! Programs: C takes one argument and gives one result, so that several are a struct, as those of
//! C `rpcgen -N` are, and exceptions a union.

use super::Exporter;
use crate::{
    model::{Field, Procedure, Program, Type, Version},
    names,
};

impl Exporter<'_> {
    pub(super) fn program(&mut self, program: &Program) {
        let mut lines = vec![format!("program {} {{", program_name(program))];
        for version in &program.versions {
            lines.push(format!("    version {} {{", version_name(program, version)));
            for procedure in &version.procedures {
                self.procedure(program, version, procedure, &mut lines);
            }
            lines.push(format!("    }} = {};", version.number));
        }
        lines.push(match program.number.known() {
            Some(number) => format!("}} = {number:#010x}"),
            None => format!("}} = {}", program.number),
        });
        self.definition(&lines.join("\n"));
    }

    fn procedure(
        &mut self,
        program: &Program,
        version: &Version,
        procedure: &Procedure,
        lines: &mut Vec<String>,
    ) {
        let name = procedure_name(program, version, procedure);
        let stem = format!("{}_{}", name.to_lowercase(), version.number);
        let argument = self.carrier(&format!("{stem}_argument"), &procedure.parameters);
        let result = self.result(&stem, procedure);
        if procedure.semantics.maybe {
            let comment = "/* There is no reply: call it with a time-out of 0. */";
            lines.push(format!("        {comment}"));
        }
        let number = &procedure.number;
        lines.push(format!("        {result} {name}({argument}) = {number};"));
    }

    fn result(&mut self, stem: &str, procedure: &Procedure) -> String {
        let result = self.carrier(&format!("{stem}_result"), &procedure.results);
        if procedure.exceptions.is_empty() {
            return result;
        }
        let mut members = vec!["case 0:".to_owned()];
        members.push(match result.as_str() {
            "void" => "    void;".to_owned(),
            result => format!("    {result} result;"),
        });
        let name = format!("{stem}_reply");
        for exception in &procedure.exceptions {
            let member = format!("{}_exception", exception.name.idl);
            let declaration = self.declaration(&name, &member, &exception.ty);
            members.push(format!("case {}:", exception.number));
            members.push(format!("    {declaration};"));
        }
        self.block(&format!("union {name} switch (int raised)"), &members);
        name
    }

    /// The type that carries values: `void`, that of the one, or a struct.
    fn carrier(&mut self, name: &str, fields: &[Field]) -> String {
        match fields {
            [] => "void".to_owned(),
            [field] => match self.model.form(&field.ty) {
                // What has brackets, or a `*`, needs a name here.
                Type::Optional { .. }
                | Type::Array(..)
                | Type::FixedArray { .. }
                | Type::Opaque(_)
                | Type::FixedOpaque(_)
                | Type::String { .. }
                | Type::List { .. }
                    if !matches!(field.ty, Type::Named(_)) =>
                {
                    let declaration = self.declaration(name, name, &field.ty);
                    self.definition(&format!("typedef {declaration}"));
                    name.to_owned()
                }
                _ => self.specifier(name, "value", &field.ty),
            },
            fields => {
                let members = self.members(name, fields);
                self.block(&format!("struct {name}"), &members);
                name.to_owned()
            }
        }
    }
}

/// Whether the version is an interface: those have no name of their own beside the program's.
fn is_interface(program: &Program, version: &Version) -> bool {
    version.name.idl == program.name.idl
}

fn program_name(program: &Program) -> String {
    let idl = &program.name.idl;
    let is_interface = program
        .versions
        .iter()
        .any(|one| is_interface(program, one));
    if is_interface {
        format!("{}_PROG", names::constant_name(idl))
    } else {
        idl.clone()
    }
}

fn version_name(program: &Program, version: &Version) -> String {
    if is_interface(program, version) {
        let program = names::constant_name(&program.name.idl);
        format!("{program}_V{}", version.number)
    } else {
        version.name.idl.clone()
    }
}

/// The name of a procedure, which is a macro in C.
fn procedure_name(program: &Program, version: &Version, procedure: &Procedure) -> String {
    let idl = &procedure.name.idl;
    if is_interface(program, version) {
        let program = names::constant_name(&program.name.idl);
        format!("{program}_{}", names::constant_name(idl))
    } else {
        idl.clone()
    }
}
