//! What a build script or the command line can set.

use crate::{codegen::Parts, resolve::Strings};
use std::path::PathBuf;

/// The settings of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Folders in which an `#include` is looked for, behind that of the including file.
    pub include_paths: Vec<PathBuf>,
    /// Macros: name and value.
    pub defines: Vec<(String, String)>,
    /// Which stubs are generated beside types.
    pub parts: Parts,
    /// What becomes of `string`.
    pub strings: Strings,
    /// What the header of a generated file says to do to make it again.
    pub regenerate: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            include_paths: Vec::new(),
            defines: Vec::new(),
            parts: Parts {
                client: true,
                server: true,
            },
            strings: Strings::default(),
            regenerate: String::new(),
        }
    }
}
