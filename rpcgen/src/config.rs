//! What a build script or the command line can set.

use crate::{
    codegen::Parts,
    names::Names,
    resolve::Strings,
    settings::{BadSetting, TypeSettings},
};
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
    /// How names become names of Rust.
    pub names: Names,
    /// What is set for some types only.
    pub types: TypeSettings,
    /// Whether all that a file imports becomes part of its generated file, rather than a file of its
    /// own for each.
    pub inline: bool,
    /// The path of the module that has the modules of generated files.
    pub modules: ModulePath,
    /// Where generated code finds the crates it needs.
    pub crates: Crates,
    /// Types that the user's crate has: the name in the interface file, and the path in Rust.
    pub extern_types: Vec<(String, String)>,
    /// What becomes of names that the file does not define.
    pub undefined: Undefined,
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
                client_trait: false,
                server: true,
            },
            strings: Strings::default(),
            names: Names::default(),
            types: TypeSettings::default(),
            inline: false,
            modules: ModulePath::default(),
            crates: Crates::default(),
            extern_types: Vec::new(),
            undefined: Undefined::default(),
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

/// Where generated code finds the crates it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crates {
    /// The codec, `::xdr`.
    pub xdr: CratePath,
    /// The runtime, `::rpc_runtime`.
    pub rpc_runtime: CratePath,
}

impl Crates {
    /// Whether the crates have their own names.
    #[must_use]
    pub fn are_default(&self) -> bool {
        *self == Self::default()
    }

    /// The path of the crate that has this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&CratePath> {
        match name {
            "xdr" => Some(&self.xdr),
            "rpc_runtime" => Some(&self.rpc_runtime),
            _ => None,
        }
    }
}

impl Default for Crates {
    fn default() -> Self {
        Self {
            xdr: CratePath("::xdr".to_owned()),
            rpc_runtime: CratePath("::rpc_runtime".to_owned()),
        }
    }
}

/// The path of a crate, or of a module that stands for it, the same from everywhere:
/// `::facade::xdr` or `crate::wire::xdr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CratePath(String);

impl CratePath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CratePath {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let rest = text
            .strip_prefix("::")
            .or_else(|| text.strip_prefix("crate::"));
        if rest.is_some_and(|rest| rest.split("::").all(is_module)) {
            Ok(Self(text.to_owned()))
        } else {
            let what = "the path of a crate, such as `::facade::xdr` or `crate::wire::xdr`";
            Err(BadSetting::new(text, what))
        }
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

impl FromStr for ModulePath {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
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
            let what = "the path of a module, such as `super` or `crate::proto`";
            Err(BadSetting::new(text, what))
        }
    }
}

/// Whether a word can be the name of a module.
fn is_module(name: &str) -> bool {
    let is_reserved = matches!(name, "crate" | "self" | "Self" | "super");
    !is_reserved && is_identifier(name) && name != "_"
}

/// What becomes of types and constants that an interface file uses and does not define.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Undefined {
    /// An error lists them.
    #[default]
    Error,
    /// A module of the user's has them, under the names of the interface file: constants as `i64`,
    /// types with `xdr::Encode` and `xdr::Decode`.
    Extern {
        /// Its path, from the root of a crate.
        module: String,
    },
}

/// Whether a text is the path of a Rust item that means the same in every module.
#[must_use]
pub fn is_rust_path(path: &str) -> bool {
    let segments = path.strip_prefix("::").unwrap_or(path).split("::");
    let is_absolute = |segment: &str| !matches!(segment, "self" | "super");
    segments
        .into_iter()
        .all(|segment| is_identifier(segment) && is_absolute(segment))
}

fn is_identifier(segment: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_other = |c: char| c.is_ascii_alphanumeric() || c == '_';
    segment.starts_with(is_first) && segment.chars().all(is_other)
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
