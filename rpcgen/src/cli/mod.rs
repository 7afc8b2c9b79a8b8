//! The command line: what it takes, what it writes, how it ends.
//!
//! The first word says what is done: that of a [`Subcommand`], each of which has a file of its own
//! here, or else `rpcgen FILE` compiles. What they share is in `failure`, `input`, `report` and
//! `target`.

mod arguments;
mod check;
mod classic;
mod compile;
mod explain;
mod export;
mod externs;
mod failure;
mod fmt;
mod input;
mod new;
mod report;
mod settings;
mod target;

use arguments::Arguments;
use clap::{CommandFactory as _, Parser as _};
use failure::Failure;
use report::complain;
use std::{env, ffi::OsString, process::ExitCode};

/// What the command does besides compiling. Another one is a file beside this with a struct that
/// derives `clap::Args` and has a method `run`, and a line here and in [`Subcommand::run`].
#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    Check(Box<check::Check>),
    Explain(explain::Explain),
    Export(Box<export::Export>),
    Externs(Box<externs::Externs>),
    Fmt(fmt::Fmt),
    New(new::New),
}

impl Subcommand {
    fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Check(check) => check.run(),
            Self::Explain(explain) => explain.run(),
            Self::Export(export) => export.run(),
            Self::Externs(externs) => externs.run(),
            Self::Fmt(fmt) => fmt.run(),
            Self::New(new) => new.run(),
        }
    }
}

/// Runs the command on the arguments of this process.
pub(crate) fn run() -> ExitCode {
    let words = match modern_words(env::args_os().collect()) {
        Ok(words) => words,
        Err(failure) => return failure.exit(),
    };
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return said_by_clap(&error),
    };
    let result = match &arguments.subcommand {
        Some(subcommand) => subcommand.run(),
        None => arguments.compile.run(),
    };
    result.map_or_else(Failure::exit, |()| ExitCode::SUCCESS)
}

/// The words of the command line, those that only the C `rpcgen` knows rewritten.
fn modern_words(words: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let command = Arguments::command();
    let mut words = words.into_iter();
    let name = words.next();
    let mut words = words.peekable();
    let is_subcommand = words
        .peek()
        .and_then(|word| word.to_str())
        .is_some_and(|word| word == "help" || command.find_subcommand(word).is_some());
    if is_subcommand {
        return Ok(name.into_iter().chain(words).collect());
    }
    let value_flags: Vec<String> = command
        .get_arguments()
        .filter(|argument| argument.get_action().takes_values())
        .filter_map(|argument| Some(format!("--{}", argument.get_long()?)))
        .collect();
    let context = classic::Context {
        value_flags: &value_flags,
        is_folder: |path| path.is_dir(),
    };
    let modern = classic::modernize(words, context).map_err(|message| misused(&message))?;
    for note in modern.notes {
        complain(&format!("note: {note}"));
    }
    Ok(name.into_iter().chain(modern.words).collect())
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
