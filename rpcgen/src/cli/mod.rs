//! The command line: what it takes, what it writes, how it ends.
//!
//! The first word says what is done: that of a [`Subcommand`], each of which has a file of its own
//! here, or else `rpcgen FILE` compiles. What they share is in `failure`, `input`, `report` and
//! `target`.

mod arguments;
mod check;
mod compile;
mod failure;
mod input;
mod report;
mod target;

use arguments::Arguments;
use clap::Parser as _;
use failure::Failure;
use report::complain;
use std::process::ExitCode;

/// What the command does besides compiling. Another one is a file beside this with a struct that
/// derives `clap::Args` and has a method `run`, and a line here and in [`Subcommand::run`].
#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    Check(check::Check),
}

impl Subcommand {
    fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Check(check) => check.run(),
        }
    }
}

/// Runs the command on the arguments of this process.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return said_by_clap(&error),
    };
    let result = match &arguments.subcommand {
        Some(subcommand) => subcommand.run(),
        None => arguments.compile.run(),
    };
    result.map_or_else(Failure::exit, |()| ExitCode::SUCCESS)
}

/// Prints help, the version, or what is wrong with the arguments.
fn said_by_clap(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(_) => Failure::Io.exit(),
        Ok(()) if error.use_stderr() => Failure::Usage.exit(),
        Ok(()) => ExitCode::SUCCESS,
    }
}

/// Says what is wrong with arguments that clap takes.
fn misused(message: &str) -> Failure {
    complain(&format!(
        "{message}\n\nFor more information, try 'rpcgen --help'."
    ));
    Failure::Usage
}
