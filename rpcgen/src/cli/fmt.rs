//! `rpcgen fmt FILE…`: formats interface files where they are.

use super::{
    failure::Failure,
    input::{self, is_standard},
    report::{ReportOptions, complain, io_failure},
    target::Target,
};
use rpcgen::{
    fmt::{FormatError, format},
    source::SourceMap,
};
use similar::TextDiff;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Format interface files in place
#[derive(Debug, clap::Args)]
pub(super) struct Fmt {
    /// Interface files; `-` is standard input, formatted to standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Write nothing; show what would change, and fail with exit code 4 where something would
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    report: ReportOptions,
}

impl Fmt {
    /// Formats all files.
    pub(super) fn run(&self) -> Result<(), Failure> {
        Failure::worst(self.files.iter().map(|path| self.run_one(path)))
    }

    fn run_one(&self, path: &Path) -> Result<(), Failure> {
        let bytes = input::read(path).map_err(|error| io_failure(path, &error))?;
        let mut sources = SourceMap::default();
        let formatted = match format(input::name(path), &bytes, &mut sources) {
            Ok(formatted) => formatted,
            Err(FormatError::Faults(faults)) => {
                self.report.report(&faults, &sources);
                return Err(Failure::Input);
            }
            Err(FormatError::TooLarge(error)) => return Err(io_failure(path, &error.into())),
            Err(error @ FormatError::Changed) => {
                complain(&format!("{}: {error}", path.display()));
                return Err(Failure::Input);
            }
        };
        if !self.check {
            return Target::named(path).write(&formatted);
        }
        if formatted == bytes {
            return Ok(());
        }
        Target::Stdout.write(diff(path, &bytes, &formatted).as_bytes())?;
        complain(&format!("{}: not formatted", shown(path)));
        Err(Failure::OutOfDate)
    }
}

/// What formatting changes in a file, as `diff -u` shows it.
fn diff(path: &Path, before: &[u8], after: &[u8]) -> String {
    let name = shown(path);
    let (before, after) = (
        String::from_utf8_lossy(before),
        String::from_utf8_lossy(after),
    );
    let diff = TextDiff::configure()
        .timeout(SHORTEST_WITHIN)
        .diff_lines(&before, &after);
    let mut unified = diff.unified_diff();
    unified
        .header(&name, &format!("{name} (formatted)"))
        .to_string()
}

fn shown(path: &Path) -> String {
    if is_standard(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// How long the shortest difference is looked for; behind that a longer one will do.
const SHORTEST_WITHIN: Duration = Duration::from_millis(500);
