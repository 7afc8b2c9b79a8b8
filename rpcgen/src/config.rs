//! What a build script or the command line can set.

use crate::{codegen::Parts, resolve::Strings};
use std::{fmt, path::PathBuf, str::FromStr};

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
    /// Whether all that a file imports becomes part of its generated file, rather than a file of its
    /// own for each.
    pub inline: bool,
    /// The path of the module that has the modules of generated files.
    pub modules: ModulePath,
    /// What the header of a generated file says to do to make it again.
    pub regenerate: Regenerate,
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
            inline: false,
            modules: ModulePath::default(),
            regenerate: Regenerate::default(),
        }
    }
}

/// How a generated file is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regenerate {
    /// By a command that makes all files: `cargo build`.
    All(String),
    /// By a command that takes the interface file: `rpcgen --client`.
    Each(String),
}

impl Default for Regenerate {
    fn default() -> Self {
        Self::Each("rpcgen".to_owned())
    }
}

/// The path of a module, such as `super` or `crate::proto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModulePath {
    segments: Vec<String>,
}

impl ModulePath {
    /// The names of the path.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether the path leads from the root of the generated file.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.segments.first().is_some_and(|first| first == "super")
    }
}

/// `super`: the modules of generated files stand side by side.
impl Default for ModulePath {
    fn default() -> Self {
        Self {
            segments: vec!["super".to_owned()],
        }
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.segments.join("::"))
    }
}

/// A text is no path of modules that begins with `crate` or `super`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadModulePath(String);

impl fmt::Display for BadModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no path of a module, such as `super` or `crate::proto`",
            self.0
        )
    }
}

impl std::error::Error for BadModulePath {}

impl FromStr for ModulePath {
    type Err = BadModulePath;

    fn from_str(text: &str) -> Result<Self, BadModulePath> {
        let segments: Vec<String> = text.split("::").map(str::to_owned).collect();
        let mut names = segments.iter().map(String::as_str).peekable();
        let starts_well = match names.next() {
            Some("crate") => true,
            Some("super") => {
                while names.next_if_eq(&"super").is_some() {}
                true
            }
            _ => false,
        };
        if starts_well && names.all(is_module) {
            Ok(Self { segments })
        } else {
            Err(BadModulePath(text.to_owned()))
        }
    }
}

/// Whether a word can be the name of a module.
fn is_module(name: &str) -> bool {
    let is_reserved = matches!(name, "crate" | "self" | "Self" | "super");
    !is_reserved
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name != "_"
}

#[cfg(test)]
mod tests {
    use super::ModulePath;

    #[test]
    fn paths_of_modules_begin_with_crate_or_super() {
        for good in [
            "super",
            "super::super",
            "crate",
            "crate::proto",
            "super::a::b_1",
        ] {
            assert!(good.parse::<ModulePath>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "proto",
            "crate::",
            "crate::super",
            "crate::1a",
            "super::_",
            "a b",
        ] {
            assert!(bad.parse::<ModulePath>().is_err(), "{bad}");
        }
    }
}
