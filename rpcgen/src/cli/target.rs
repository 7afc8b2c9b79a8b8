//! Where generated text goes.

use super::{
    failure::Failure,
    input::is_standard,
    report::{complain, io_failure},
};
use rpcgen::output;
use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// A file, or standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Stdout,
    File(PathBuf),
}

impl Target {
    /// What a user means by a path; `-` is standard output.
    pub(super) fn named(path: &Path) -> Self {
        if is_standard(path) {
            Self::Stdout
        } else {
            Self::File(path.to_owned())
        }
    }

    /// Writes the text there.
    pub(super) fn write(&self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        match self {
            Self::Stdout => {
                let result = io::stdout().lock().write_all(text.as_ref());
                result.map_err(|error| io_failure(Path::new("standard output"), &error))
            }
            Self::File(path) => {
                output::write_if_changed(path, text).map_err(|error| io_failure(path, &error))
            }
        }
    }

    /// Compares the text with the file on disk, and writes nothing.
    pub(super) fn verify(&self, text: &str) -> Result<(), Failure> {
        let Self::File(path) = self else {
            return Ok(());
        };
        match output::is_current(path, text) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let what = if path.exists() {
                    "out of date"
                } else {
                    "not there"
                };
                complain(&format!("{}: {what}", path.display()));
                Err(Failure::OutOfDate)
            }
            Err(error) => Err(io_failure(path, &error)),
        }
    }
}
