//! What is said on standard error.

use super::failure::Failure;
use rpcgen::{diagnostic::Diagnostic, source::SourceMap};
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
    match diagnostics.iter().filter(|one| one.is_error()).count() {
        0 => {}
        1 => complain("1 error"),
        count => complain(&format!("{count} errors")),
    }
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
