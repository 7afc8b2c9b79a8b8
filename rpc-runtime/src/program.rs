use std::fmt;

/// A program: the name that its interface file gives it, and its number (RFC 5531 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Program {
    name: &'static str,
    number: u32,
}

impl Program {
    /// A program with this name and number.
    #[must_use]
    pub const fn new(name: &'static str, number: u32) -> Self {
        Self { name, number }
    }

    /// The name in the interface file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The number in the headers of calls.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// A procedure of one version of this program.
    #[must_use]
    pub const fn procedure(self, version: u32, number: u32, name: &'static str) -> Procedure {
        Procedure::new(self, version, number, name)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A procedure of one version of a program: what a call names, and what logs and errors show.
///
/// ```
/// use rpc_runtime::{Procedure, Program};
///
/// const ADD: Procedure = Procedure::new(Program::new("Calc", 0x3d1d_def4), 1, 2, "add");
/// assert_eq!(ADD.to_string(), "Calc.v1.add");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Procedure {
    program: Program,
    version: u32,
    number: u32,
    name: &'static str,
}

impl Procedure {
    /// A procedure with this number and name.
    #[must_use]
    pub const fn new(program: Program, version: u32, number: u32, name: &'static str) -> Self {
        Self {
            program,
            version,
            number,
            name,
        }
    }

    /// The program that it belongs to.
    #[must_use]
    pub const fn program(&self) -> Program {
        self.program
    }

    /// The version of the program.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The number in the headers of calls.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The name in the interface file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}.{}", self.program, self.version, self.name)
    }
}
