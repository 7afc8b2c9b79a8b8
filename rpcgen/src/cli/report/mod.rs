//! What is said on standard error.

mod github;
mod json;

use super::failure::Failure;
use rpcgen::{
    Config,
    diagnostic::{Diagnostic, ERRORS_MAX, Severity},
    settings::Selected,
    source::{SourceMap, Span},
};
use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

/// The flags of every command that finds faults.
#[derive(Debug, clap::Args)]
pub(super) struct ReportOptions {
    /// How faults are written to standard error: text, json or github
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    error_format: Format,
}

/// How faults are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// Lines of source, underlined.
    #[default]
    Text,
    /// An object in a line for each fault.
    Json,
    /// A workflow command of GitHub Actions for each fault.
    Github,
}

impl ReportOptions {
    /// Shows what a run found out about a file, and to people how many errors that are.
    pub(super) fn report(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        match self.error_format {
            Format::Text => report_text(diagnostics, sources),
            Format::Json => each(diagnostics, |one| json::line(one, sources)),
            Format::Github => each(diagnostics, |one| github::line(one, sources)),
        }
    }

    /// Shows which settings are for nothing in any file of the run.
    pub(super) fn report_unmatched(
        &self,
        config: &Config,
        selected: &Selected,
    ) -> Result<(), Failure> {
        let unmatched = config.types.unmatched(selected);
        for one in &unmatched {
            eprint_line(&match self.error_format {
                Format::Text => one.to_string(),
                Format::Json => json::line_of_setting(one),
                Format::Github => github::line_of_setting(one),
            });
        }
        if unmatched.is_empty() {
            Ok(())
        } else {
            Err(Failure::Usage)
        }
    }
}

fn each(diagnostics: &[Diagnostic], line: impl Fn(&Diagnostic) -> String) {
    for diagnostic in diagnostics {
        eprint_line(&line(diagnostic));
    }
}

fn report_text(diagnostics: &[Diagnostic], sources: &SourceMap) {
    let styled = io::stderr().is_terminal();
    each(diagnostics, |one| one.render(sources, styled) + "\n");
    let mut errors = diagnostics.iter().filter(|one| one.is_error());
    let Some(first) = errors.next() else {
        return;
    };
    let count = match errors.count() + 1 {
        1 => "1 error".to_owned(),
        ERRORS_MAX => format!("{ERRORS_MAX} errors, and perhaps more: mend these first"),
        count => format!("{count} errors"),
    };
    let code = first.code;
    complain(&format!("{count}; `rpcgen explain {code}` says more"));
}

/// Lines and columns of a place, counted from 1.
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl<'a> Place<'a> {
    fn of(span: Span, sources: &'a SourceMap) -> Self {
        let file = sources.file(span.file);
        let (line, column) = file.line_column(span.start);
        let (end_line, end_column) = file.line_column(span.end);
        Self {
            file: &file.name,
            line,
            column,
            end_line,
            end_column,
        }
    }
}

const fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
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
