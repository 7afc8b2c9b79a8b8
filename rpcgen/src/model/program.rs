//! Programs, versions, procedures.

use super::{Check, Field, Name, Number, Type};
use std::time::Duration;

/// A program (RFC 5531 §8).
#[derive(Debug)]
pub struct Program {
    /// Its name; in Rust that of its module.
    pub name: Name,
    /// Its number.
    pub number: Number<u32>,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// A version of a program.
#[derive(Debug)]
pub struct Version {
    /// Its name; in Rust that of its module, `v` and the number.
    pub name: Name,
    /// Its number.
    pub number: Number<u32>,
    /// Its procedures, in the order of the file.
    pub procedures: Vec<Procedure>,
}

/// A procedure of a version.
#[derive(Debug)]
pub struct Procedure {
    /// Its name; in Rust that of the method.
    pub name: Name,
    /// Its number.
    pub number: Number<u32>,
    /// What a call carries; several travel as the fields of a struct.
    pub parameters: Vec<Field>,
    /// What the lengths of parameters must be.
    pub parameter_checks: Vec<Check>,
    /// What a reply carries, the result before what comes back through parameters; several travel
    /// as the fields of a struct.
    pub results: Vec<Field>,
    /// What the lengths of results must be.
    pub result_checks: Vec<Check>,
    /// What a reply may carry instead of results.
    pub exceptions: Vec<Exception>,
    /// What the runtime may do with a call.
    pub semantics: Semantics,
}

/// What a procedure raises: an arm of the union that its reply is.
#[derive(Debug)]
pub struct Exception {
    /// Its name; in Rust that of the variant.
    pub name: Name,
    /// Its number on the wire, which is not 0.
    pub number: i32,
    /// What it carries.
    pub ty: Type,
}

/// What the runtime may do with a call, as the attributes of its procedure say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Semantics {
    /// It may be executed more than once.
    pub idempotent: bool,
    /// It has no reply.
    pub maybe: bool,
    /// It may be sent to many servers.
    pub broadcast: bool,
    /// How long it may take, unless the client says otherwise.
    pub deadline: Option<Duration>,
}

impl Procedure {
    /// Whether it is the procedure that every program has: number 0, nothing in and nothing out
    /// (RFC 5531 §12.1). The runtime answers it.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.number == Number::Known(0)
            && self.parameters.is_empty()
            && self.results.is_empty()
            && self.exceptions.is_empty()
    }
}
