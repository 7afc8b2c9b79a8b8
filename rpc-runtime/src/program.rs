use std::{fmt, time::Duration};

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

/// A procedure of one version of a program: what a call names, what logs and errors show, and what
/// the runtime may do with a call, as the attributes in the interface file say.
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
    is_idempotent: bool,
    is_maybe: bool,
    is_broadcast: bool,
    deadline: Option<Duration>,
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
            is_idempotent: false,
            is_maybe: false,
            is_broadcast: false,
            deadline: None,
        }
    }

    /// Says that a call may be executed more than once.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// Says that a call has no reply: it is sent once, and ends when it is on its way.
    #[must_use]
    pub const fn maybe(mut self) -> Self {
        self.is_maybe = true;
        self
    }

    /// Says that a call may be sent to many servers.
    #[must_use]
    pub const fn broadcast(mut self) -> Self {
        self.is_broadcast = true;
        self
    }

    /// Sets how long a call may take where the client does not say it.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Whether a call may be executed more than once.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }

    /// Whether a call has no reply.
    #[must_use]
    pub const fn is_maybe(&self) -> bool {
        self.is_maybe
    }

    /// Whether a call may be sent to many servers.
    #[must_use]
    pub const fn is_broadcast(&self) -> bool {
        self.is_broadcast
    }

    /// How long a call may take where the client does not say it.
    #[must_use]
    pub const fn deadline(&self) -> Option<Duration> {
        self.deadline
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
