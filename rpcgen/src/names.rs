//! Names of the interface file to names of Rust: case, keywords, clashes.

use crate::{
    diagnostic::{Code, Diagnostic},
    source::Span,
};
use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use std::collections::HashMap;

/// How names of the interface file become names of Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// With the case of Rust: `nfs_fh3` is `NfsFh3`.
    #[default]
    Rust,
    /// As they are spelled; modules alone have the case of Rust.
    Preserve,
}

impl Names {
    /// The name of a type.
    #[must_use]
    pub fn type_name(self, idl: &str) -> String {
        match self {
            Self::Rust => type_name(idl),
            Self::Preserve => preserved(idl, &PRIMITIVES),
        }
    }

    /// The name of the borrowed twin of a type.
    #[must_use]
    pub fn twin_name(self, idl: &str) -> String {
        match self {
            Self::Rust => type_name(&format!("{idl}_ref")),
            Self::Preserve => format!("{idl}_ref"),
        }
    }

    /// The name of an enumerator, a case of a union.
    #[must_use]
    pub fn variant_name(self, idl: &str) -> String {
        match self {
            Self::Rust => type_name(idl),
            Self::Preserve => preserved(idl, &[]),
        }
    }

    /// The name of a field, a parameter.
    #[must_use]
    pub fn value_name(self, idl: &str) -> String {
        match self {
            Self::Rust => value_name(idl),
            Self::Preserve => preserved(idl, &[]),
        }
    }

    /// The name of a constant.
    #[must_use]
    pub fn constant_name(self, idl: &str) -> String {
        match self {
            Self::Rust => constant_name(idl),
            Self::Preserve => preserved(idl, &VARIABLES),
        }
    }

    /// The name of a procedure's method.
    #[must_use]
    pub fn procedure_name(self, idl: &str, program: &str) -> String {
        match self {
            Self::Rust => procedure_name(idl, program),
            Self::Preserve => preserved(idl, &METHODS),
        }
    }

    /// The name of a procedure's constant, by the name of its method.
    #[must_use]
    pub fn procedure_constant(self, procedure: &str) -> String {
        match self {
            Self::Rust => constant_name(procedure),
            Self::Preserve => procedure.to_owned(),
        }
    }

    /// The name of the struct that carries the arguments of a procedure, by the name of its method.
    #[must_use]
    pub fn arguments_name(self, procedure: &str) -> String {
        match self {
            Self::Rust => arguments_name(procedure),
            Self::Preserve => format!("{procedure}_args"),
        }
    }

    /// The name of the struct that carries several results of a procedure, by the name of its
    /// method.
    #[must_use]
    pub fn result_name(self, procedure: &str) -> String {
        match self {
            Self::Rust => type_name(&format!("{procedure}_result")),
            Self::Preserve => format!("{procedure}_result"),
        }
    }

    /// The name of the enum of what a procedure raises, by the name of its method.
    #[must_use]
    pub fn error_name(self, procedure: &str) -> String {
        match self {
            Self::Rust => type_name(&format!("{procedure}_error")),
            Self::Preserve => format!("{procedure}_error"),
        }
    }
}

/// Types that generated code names without a path.
const PRIMITIVES: [&str; 10] = [
    "bool", "f32", "f64", "i32", "i64", "str", "u32", "u64", "u8", "usize",
];

/// Variables and variants of generated code: a constant of that name would be a pattern that means
/// the constant.
const VARIABLES: [&str; 19] = [
    "Err",
    "None",
    "Ok",
    "Some",
    "d",
    "decode",
    "decoder",
    "discriminant",
    "e",
    "encoder",
    "error",
    "f",
    "number",
    "rest",
    "result",
    "results",
    "taken",
    "v",
    "value",
];

/// Methods that a client stub has beside those of procedures.
const METHODS: [&str; 2] = ["new", "with"];

/// A name as it is spelled, with a `_` where it has another meaning in generated code.
fn preserved(idl: &str, taken: &[&str]) -> String {
    let name = if idl == "_" { UNNAMED } else { idl };
    if taken.contains(&name) {
        return format!("{name}_");
    }
    legal(name.to_owned())
}

/// The name of a type, a variant: `nfs_fh3` → `NfsFh3`, `GETATTR3res` → `Getattr3res`.
#[must_use]
pub fn type_name(idl: &str) -> String {
    legal(words(idl).to_upper_camel_case())
}

/// The name of a field, a parameter, a procedure, a module: `rdMax` → `rd_max`.
#[must_use]
pub fn value_name(idl: &str) -> String {
    legal(words(idl).to_snake_case())
}

/// The name of a constant: `maxNameLen` → `MAX_NAME_LEN`.
#[must_use]
pub fn constant_name(idl: &str) -> String {
    legal(words(idl).to_shouty_snake_case())
}

/// The name of a program's module: without a trailing `prog` or `program`, where something else
/// remains.
#[must_use]
pub fn program_name(idl: &str) -> String {
    let name = words(idl).to_snake_case();
    let stem = ["_program", "_prog", "program", "prog"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .filter(|stem| !stem.is_empty());
    legal(stem.unwrap_or(&name).to_owned())
}

/// The name of a procedure: without what it repeats of its program (`NFSPROC3_GETATTR` →
/// `getattr`, and in a program `VXI11_CORE_PROG` `vxi11_core_create` → `create`), unless nothing or a digit would remain.
#[must_use]
pub fn procedure_name(idl: &str, program: &str) -> String {
    let rest = after_proc(idl).or_else(|| after_program(idl, program));
    let rest = rest.filter(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    let name = value_name(rest.unwrap_or(idl));
    if METHODS.contains(&name.as_str()) {
        name + "_"
    } else {
        name
    }
}

/// What follows the last `PROC`, digits and `_`.
fn after_proc(idl: &str) -> Option<&str> {
    let rests = idl.match_indices("PROC").filter_map(|(at, word)| {
        let rest = idl.get(at + word.len()..)?;
        rest.trim_start_matches(|c: char| c.is_ascii_digit())
            .strip_prefix('_')
    });
    rests.filter(|rest| !rest.is_empty()).last()
}

/// What follows the program's name, digits and `_`.
fn after_program<'a>(idl: &'a str, program: &str) -> Option<&'a str> {
    let stem = program_name(program);
    let head = idl
        .get(..stem.len())
        .filter(|head| head.eq_ignore_ascii_case(&stem))?;
    let rest = idl.get(head.len()..)?;
    let rest = rest
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .strip_prefix('_')?;
    (!rest.is_empty()).then_some(rest)
}

/// The name of the struct that carries the arguments of a procedure, by its name in Rust.
#[must_use]
pub fn arguments_name(procedure: &str) -> String {
    type_name(&format!("{procedure}_args"))
}

/// The variant for a numeric case label.
#[must_use]
pub fn number_variant(value: i128) -> String {
    if value < 0 {
        format!("CaseMinus{}", value.unsigned_abs())
    } else {
        format!("Case{value}")
    }
}

/// What becomes of a name that is nothing but `_`.
const UNNAMED: &str = "unnamed";

/// The words of a name: what remains without `_` at its ends, if anything does.
fn words(idl: &str) -> &str {
    if idl.chars().all(|c| c == '_') {
        UNNAMED
    } else {
        idl
    }
}

/// A name that Rust accepts, if need be as `r#name`: not starting with a digit, and not one of the
/// four words that `r#` does not help.
fn legal(name: String) -> String {
    match name.as_str() {
        "self" | "super" | "crate" | "Self" => name + "_",
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("_{name}"),
        _ => name,
    }
}

/// Names that must differ in Rust, such as the fields of a struct.
#[derive(Debug, Default)]
pub struct Scope {
    taken: HashMap<String, (String, Option<Span>)>,
}

impl Scope {
    /// A scope in which some names have a meaning already.
    #[must_use]
    pub fn with_reserved(names: &[&str]) -> Self {
        let taken = names
            .iter()
            .map(|name| ((*name).to_owned(), ((*name).to_owned(), None)));
        Self {
            taken: taken.collect(),
        }
    }

    /// Takes a name.
    ///
    /// # Errors
    ///
    /// Another name of the interface file became the same name in Rust.
    pub fn take(&mut self, rust: &str, idl: &str, span: Span) -> Result<(), Diagnostic> {
        let Some((other, place)) = self.taken.get(rust) else {
            self.taken
                .insert(rust.to_owned(), (idl.to_owned(), Some(span)));
            return Ok(());
        };
        if let Some(first) = place
            && other == idl
        {
            let message = format!("`{idl}` is declared twice");
            let fault = Diagnostic::new(Code::DuplicateField, span, message);
            return Err(fault.also(*first, "first declared here"));
        }
        let message = match place {
            Some(_) => format!("`{other}` and `{idl}` both become `{rust}` in Rust"),
            None => format!("`{idl}` becomes `{rust}` in Rust, a name that generated code needs"),
        };
        let diagnostic = Diagnostic::new(Code::NameClash, span, message)
            .help("rename one of the two: names do not travel, so the wire stays what it is");
        Err(match place {
            Some(place) => diagnostic.also(*place, "the first one"),
            None => diagnostic,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_case_of_rust() {
        assert_eq!(type_name("nfs_fh3"), "NfsFh3");
        assert_eq!(type_name("GETATTR3res"), "Getattr3res");
        assert_eq!(type_name("LookupResult"), "LookupResult");
        assert_eq!(type_name("NFS3_OK"), "Nfs3Ok");
        assert_eq!(value_name("rdMax"), "rd_max");
        assert_eq!(value_name("_private"), "private");
        assert_eq!(constant_name("maxNameLen"), "MAX_NAME_LEN");
    }

    #[test]
    fn words_without_a_raw_form_get_an_underscore() {
        assert_eq!(value_name("self"), "self_");
        assert_eq!(type_name("self"), "Self_");
        assert_eq!(value_name("type"), "type");
        assert_eq!(arguments_name("self_"), "SelfArgs");
    }

    #[test]
    fn a_name_without_letters_has_the_case_of_its_kind() {
        assert_eq!(type_name("_"), "Unnamed");
        assert_eq!(value_name("__"), "unnamed");
        assert_eq!(constant_name("_"), "UNNAMED");
        assert_eq!(program_name("_"), "unnamed");
    }

    #[test]
    fn a_program_loses_its_suffix() {
        assert_eq!(program_name("CALC_PROG"), "calc");
        assert_eq!(program_name("Calc"), "calc");
        assert_eq!(program_name("MOUNTPROG"), "mount");
        assert_eq!(program_name("NFS_PROGRAM"), "nfs");
        assert_eq!(program_name("PROG"), "prog");
    }

    #[test]
    fn a_procedure_loses_what_its_program_says() {
        assert_eq!(procedure_name("NFSPROC3_GETATTR", "NFS_PROGRAM"), "getattr");
        assert_eq!(procedure_name("MOUNTPROC_MNT", "MOUNTPROG"), "mnt");
        assert_eq!(procedure_name("CALC_ADD", "CALC_PROG"), "add");
        assert_eq!(procedure_name("calc_add", "CALC_PROG"), "add");
        assert_eq!(procedure_name("NFSPROC_2BIG", "NFS"), "nfsproc_2big");
        assert_eq!(procedure_name("CALC_", "CALC_PROG"), "calc");
        assert_eq!(procedure_name("func1", "Calc"), "func1");
    }
}
