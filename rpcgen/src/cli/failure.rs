//! How the command ends, if not well.

use std::process::ExitCode;

/// What went wrong, which has been said already; the worst is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// A file on disk is not what would be written.
    OutOfDate,
    /// The input has errors.
    Input,
    /// A file cannot be read or written.
    Io,
    /// The command line makes no sense.
    Usage,
}

/// The exit codes, for the help.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the input has errors
  2  the command line makes no sense
  3  a file cannot be read or written
  4  a file is not what would be written (--verify, --check)";

impl Failure {
    /// The exit code that says so.
    pub(super) fn exit(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Input => 1,
            Self::Usage => 2,
            Self::Io => 3,
            Self::OutOfDate => 4,
        })
    }

    /// The worst of what went wrong with several files, each of which is tried.
    pub(super) fn worst(results: impl IntoIterator<Item = Result<(), Self>>) -> Result<(), Self> {
        let failures = results.into_iter().filter_map(Result::err);
        failures.max().map_or(Ok(()), Err)
    }
}
