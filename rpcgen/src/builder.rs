//! The interface for build scripts.

use crate::{
    codegen::Parts,
    compile::compile,
    config::Config,
    diagnostic::Severity,
    output,
    resolve::Strings,
    source::{FileSystem, Loader as _, SourceMap, display_name},
};
use std::{
    collections::HashMap,
    env, fmt, io,
    path::{Path, PathBuf},
};

/// Compiles interface files from a build script.
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), rpcgen::Error> {
///     rpcgen::Builder::new().compile(&["calc.idl"])
/// }
/// ```
///
/// The stubs of `calc.idl` are in `calc.rs` in the folder `OUT_DIR`; the crate brings them in with
/// `rpc_runtime::include_stubs!("calc");`.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `compile`"]
pub struct Builder {
    config: Config,
    out_dir: Option<PathBuf>,
}

impl Builder {
    /// A builder with the default settings: types, client stubs and server stubs into `OUT_DIR`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a folder in which an `#include` is looked for.
    pub fn include(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config.include_paths.push(folder.into());
        self
    }

    /// Defines a macro of the preprocessor, as `-D NAME=value` does.
    pub fn define(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.defines.push((name.into(), value.into()));
        self
    }

    /// Sets what is generated beside types; both by default.
    pub fn stubs(mut self, client: bool, server: bool) -> Self {
        self.config.parts = Parts { client, server };
        self
    }

    /// Sets what becomes of `string`; by default that depends on the dialect.
    pub fn strings(mut self, strings: Strings) -> Self {
        self.config.strings = strings;
        self
    }

    /// Sets the folder for the generated files; by default it is `OUT_DIR`.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Compiles interface files, each into a file of the same name with the extension `rs`, and
    /// tells Cargo on which files they depend.
    ///
    /// # Errors
    ///
    /// A file has errors, which is said when all files are compiled; a file cannot be read or
    /// written; or the stubs of two files would go into one.
    pub fn compile<P: AsRef<Path>>(&self, files: &[P]) -> Result<(), Error> {
        let out_dir = match (&self.out_dir, env::var_os("OUT_DIR")) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => PathBuf::from(folder),
            (None, None) => return Err(Error(Fault::NoOutDir)),
        };
        let mut rendered = String::new();
        let mut targets: HashMap<PathBuf, &Path> = HashMap::new();
        for file in files {
            let file = file.as_ref();
            let stem = file.file_stem().unwrap_or_default();
            let target = out_dir.join(stem).with_extension("rs");
            if let Some(first) = targets.insert(target.clone(), file) {
                return Err(Error(Fault::SameTarget(first.into(), file.into(), target)));
            }
            if let Some(faults) = self.compile_one(file, &target)? {
                rendered.push_str(&faults);
            }
        }
        if rendered.is_empty() {
            Ok(())
        } else {
            Err(Error(Fault::Input(rendered)))
        }
    }

    /// Returns the errors of the file, if it has any.
    fn compile_one(&self, path: &Path, target: &Path) -> Result<Option<String>, Error> {
        let io_error = |path: &Path, error| Error(Fault::Io(path.to_owned(), error));
        // First of all: a file that is not there yet is one to wait for.
        tell_cargo(&format!("rerun-if-changed={}", path.display()));
        let bytes = FileSystem
            .load(path)
            .map_err(|error| io_error(path, error))?;
        let mut sources = SourceMap::default();
        let file = sources
            .add(display_name(path), bytes, None)
            .map_err(|error| io_error(path, error.into()))?;
        let config = Config {
            regenerate: "cargo build".to_owned(),
            ..self.config.clone()
        };
        let outcome = compile(file, &mut sources, &FileSystem, &config);
        for included in sources.files().skip(1) {
            tell_cargo(&format!("rerun-if-changed={}", included.name));
        }
        let mut errors = String::new();
        for diagnostic in &outcome.diagnostics {
            match diagnostic.code.severity() {
                Severity::Error => {
                    errors.push_str(&diagnostic.render(&sources, false));
                    errors.push('\n');
                }
                Severity::Warning => {
                    for line in diagnostic.render(&sources, false).lines() {
                        tell_cargo(&format!("warning={line}"));
                    }
                }
                Severity::Note => {}
            }
        }
        let Some(rust) = outcome.rust else {
            return Ok(Some(errors));
        };
        output::write_if_changed(target, &rust).map_err(|error| io_error(target, error))?;
        Ok(None)
    }
}

#[expect(
    clippy::print_stdout,
    reason = "this is how a build script speaks to Cargo"
)]
fn tell_cargo(instruction: &str) {
    println!("cargo::{instruction}");
}

/// Interface files could not be compiled.
///
/// Its `Debug` is its `Display`: a build script that returns it shows the errors as they are.
pub struct Error(Fault);

enum Fault {
    NoOutDir,
    Io(PathBuf, io::Error),
    /// Two interface files, and where the stubs of both would go.
    SameTarget(PathBuf, PathBuf, PathBuf),
    Input(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::NoOutDir => {
                f.write_str("OUT_DIR is not set: call this from a build script, or set `out_dir`")
            }
            Fault::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Fault::SameTarget(one, other, target) => write!(
                f,
                "{} and {} would both be compiled to {}: compile one of them into another folder",
                one.display(),
                other.display(),
                target.display()
            ),
            Fault::Input(rendered) => write!(f, "the interface files have errors\n\n{rendered}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Fault::Io(_, error) => Some(error),
            Fault::NoOutDir | Fault::SameTarget(..) | Fault::Input(_) => None,
        }
    }
}
