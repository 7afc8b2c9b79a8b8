//! What is said on standard error.

use super::failure::Failure;
use rpcgen::{
    diagnostic::{Diagnostic, ERRORS_MAX},
    source::SourceMap,
};
use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

/// Shows what a run found out about a file, and how many errors that are.
pub(super) fn report(diagnostics: &[Diagnostic], sources: &SourceMap) {
    let styled = io::stderr().is_terminal();
    for diagnostic in diagnostics {
        eprint_line(&diagnostic.render(sources, styled));
    }
    let mut errors = diagnostics.iter().filter(|one| one.is_error());
    let Some(first) = errors.next() else {
        return;
    };
    let count = match errors.count() + 1 {
        1 => "1 error".to_owned(),
        ERRORS_MAX => format!("{ERRORS_MAX} errors, and perhaps more: mend these first"),
        count => format!("{count} errors"),
    };
    complain(&format!(
        "{count}; `rpcgen explain {}` says more",
        first.code
    ));
}

/// Says that a file cannot be read or written.
pub(super) fn io_failure(path: &Path, error: &io::Error) -> Failure {
    complain(&format!("{}: {error}", path.display()));
    Failure::Io
}

/// Says something of the command itself.
pub(super) fn complain(message: &str) {
    eprint_line(&format!("rpcgen: {message}"));
}

/// Prints to standard error; if nobody reads it there is nobody to tell.
fn eprint_line(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}
