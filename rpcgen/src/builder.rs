//! The interface for build scripts.

use crate::{
    codegen::Parts,
    compile::compile,
    config::{Config, Regenerate, Undefined, is_rust_path},
    diagnostic::Severity,
    names::Names,
    output,
    resolve::Strings,
    settings::{BadSetting, Selected, Setting, Unmatched},
    source::{FileSystem, Loader as _, SourceMap, display_name},
};
use std::{
    collections::{HashMap, HashSet},
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
    /// What was given as a setting and is none.
    bad: Vec<BadSetting>,
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

    /// Takes a type of the interface files from the user's crate: the name in the file, and the path
    /// of the type in Rust, from the root of a crate.
    ///
    /// The type needs `xdr::Encode`, `xdr::Decode`, `Debug`, `Clone` and `PartialEq`, and what
    /// contains it has no other traits. The primitive types are known: `("size_t", "u64")`.
    ///
    /// # Panics
    ///
    /// Where the path is none.
    pub fn extern_type(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        let path = path.into();
        assert!(is_rust_path(&path), "`{path}` is no path of a type");
        self.config.extern_types.push((name.into(), path));
        self
    }

    /// Takes every type and constant that the interface files do not define from a module of the
    /// user's crate, by its path from the root of a crate.
    ///
    /// There they have the names of the interface file. Constants are `i64`; types are as
    /// [`extern_type`](Self::extern_type) says. `rpcgen externs FILE` prints the beginning of such a
    /// module.
    ///
    /// # Panics
    ///
    /// Where the path is none.
    pub fn extern_module(mut self, path: impl Into<String>) -> Self {
        let module = path.into();
        assert!(is_rust_path(&module), "`{module}` is no path of a module");
        self.config.undefined = Undefined::Extern { module };
        self
    }

    /// Sets what is generated beside types; both by default.
    pub fn stubs(mut self, client: bool, server: bool) -> Self {
        self.config.parts = Parts {
            client,
            server,
            ..self.config.parts
        };
        self
    }

    /// Generates, with each client, the object-safe trait `Calls` that it implements, so that a test
    /// can put something else in its place.
    pub fn client_trait(mut self) -> Self {
        self.config.parts.client_trait = true;
        self
    }

    /// Sets what becomes of `string`; by default that depends on the dialect.
    pub fn strings(mut self, strings: Strings) -> Self {
        self.config.strings = strings;
        self
    }

    /// Sets the module that has the modules of all generated files, as the path by which one of them
    /// names another: `super` by default, or `crate::proto`.
    pub fn modules(mut self, path: &str) -> Self {
        match path.parse() {
            Ok(path) => self.config.modules = path,
            Err(bad) => self.bad.push(bad),
        }
        self
    }

    /// Sets how names become names of Rust; by default they get the case of Rust.
    pub fn names(mut self, names: Names) -> Self {
        self.config.names = names;
        self
    }

    /// Sets what becomes of `string` in what a selector chooses: `Type`, `Type.member`, `*`, with
    /// the names of the interface file.
    ///
    /// As for all settings with a selector, one that fits nothing is an error.
    pub fn strings_of(self, selector: &str, strings: Strings) -> Self {
        self.set(selector, Ok(Setting::Strings(strings)))
    }

    /// Adds a derive to types: `derive("*", "::serde::Serialize")`.
    pub fn derive(self, selector: &str, path: &str) -> Self {
        self.set(selector, Setting::derive(path))
    }

    /// Adds an attribute to types, fields, enumerators, cases of unions:
    /// `attribute("point.x", "#[serde(default)]")`.
    pub fn attribute(self, selector: &str, attribute: &str) -> Self {
        self.set(selector, Setting::attribute(attribute))
    }

    /// Makes enums keep a number that no enumerator has, as `Unknown`, where decoding it is an error
    /// by default.
    pub fn open_enum(self, selector: &str) -> Self {
        self.set(selector, Ok(Setting::OpenEnum))
    }

    /// Leaves the nodes of linked lists as they are, where they become the elements of a `Vec` by
    /// default: `next` is an `Option<Box<…>>`, and the length of a list counts as depth.
    pub fn keep_links(self, selector: &str) -> Self {
        self.set(selector, Ok(Setting::KeepLinks))
    }

    /// Derives `Serialize` and `Deserialize` of serde, with the names of the interface file; opaque data
    /// is written in hexadecimal where people read it.
    ///
    /// What a type contains needs it too. Nothing but the feature `serde` of `rpc-xdr` is needed.
    pub fn serde(self, selector: &str) -> Self {
        self.set(selector, Ok(Setting::Serde))
    }

    /// Implements `Arbitrary`, for fuzz targets of one's own: values within the bounds of the file.
    ///
    /// What a type contains needs it too. Nothing but the feature `arbitrary` of `rpc-xdr` is needed.
    pub fn arbitrary(self, selector: &str) -> Self {
        self.set(selector, Ok(Setting::Arbitrary))
    }

    /// Generates twins that borrow from the message they are decoded from: `EntryRef` beside `Entry`,
    /// with `xdr::DecodeBorrowed`. What the type is made of gets one too, within its file.
    pub fn borrowed(self, selector: &str) -> Self {
        self.set(selector, Ok(Setting::Borrowed))
    }

    fn set(mut self, selector: &str, setting: Result<Setting, BadSetting>) -> Self {
        match (selector.parse(), setting) {
            (Ok(selector), Ok(setting)) => self.config.types.add(selector, setting),
            (Err(bad), _) | (_, Err(bad)) => self.bad.push(bad),
        }
        self
    }

    /// Sets the path of the crate `xdr` in generated code, such as `::facade::xdr`.
    pub fn xdr_path(mut self, path: &str) -> Self {
        match path.parse() {
            Ok(path) => self.config.crates.xdr = path,
            Err(bad) => self.bad.push(bad),
        }
        self
    }

    /// Sets the path of the crate `rpc_runtime` in generated code, such as `::facade::rpc_runtime`.
    pub fn runtime_path(mut self, path: &str) -> Self {
        match path.parse() {
            Ok(path) => self.config.crates.rpc_runtime = path,
            Err(bad) => self.bad.push(bad),
        }
        self
    }

    /// Sets the folder for the generated files; by default it is `OUT_DIR`.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Compiles interface files and all that they import, each into a file of the same name with the
    /// extension `rs`, and tells Cargo on which files they depend.
    ///
    /// # Errors
    ///
    /// A file has errors, which is said when all files are compiled; a file cannot be read or
    /// written; the stubs of two files would go into one; or a setting is none, or is for something
    /// that is not there.
    pub fn compile<P: AsRef<Path>>(&self, files: &[P]) -> Result<(), Error> {
        let out_dir = match (&self.out_dir, env::var_os("OUT_DIR")) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => PathBuf::from(folder),
            (None, None) => return Err(Error(Fault::NoOutDir)),
        };
        if let Some(bad) = self.bad.first() {
            return Err(Error(Fault::BadSetting(bad.clone())));
        }
        let config = Config {
            regenerate: Regenerate::All("cargo build".to_owned()),
            ..self.config.clone()
        };
        let mut run = Run {
            config,
            out_dir,
            sources: HashMap::new(),
            depends_on: HashSet::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            selected: Selected::default(),
        };
        for file in files {
            run.claim(file.as_ref())?;
        }
        for file in files {
            run.compile(file.as_ref())?;
        }
        for line in run.warnings.iter().flat_map(|warning| warning.lines()) {
            tell_cargo(&format!("warning={line}"));
        }
        if run.errors.is_empty() {
            let unmatched = run.config.types.unmatched(&run.selected);
            run.errors
                .extend(unmatched.iter().map(Unmatched::to_string));
        }
        if run.errors.is_empty() {
            Ok(())
        } else {
            Err(Error(Fault::Input(run.errors)))
        }
    }
}

/// The compilation of several files.
struct Run {
    config: Config,
    out_dir: PathBuf,
    /// What is written, and from which file.
    sources: HashMap<PathBuf, PathBuf>,
    /// What Cargo was told of.
    depends_on: HashSet<String>,
    errors: Vec<String>,
    warnings: Vec<String>,
    /// What the selectors of the settings found.
    selected: Selected,
}

impl Run {
    /// Takes the target of a file; tells whether it was free, and not the file's already.
    fn claim(&mut self, source: &Path) -> Result<bool, Error> {
        let target = self.target(source);
        let Some(first) = self.sources.get(&target) else {
            self.sources.insert(target, source.to_owned());
            return Ok(true);
        };
        if FileSystem.identity(first) == FileSystem.identity(source) {
            return Ok(false);
        }
        let fault = Fault::SameTarget(first.clone(), source.to_owned(), target);
        Err(Error(fault))
    }

    fn target(&self, source: &Path) -> PathBuf {
        let stem = source.file_stem().unwrap_or_default();
        self.out_dir.join(stem).with_extension("rs")
    }

    fn compile(&mut self, path: &Path) -> Result<(), Error> {
        // First of all: a file that is not there yet is one to wait for.
        self.depend_on(&path.to_string_lossy());
        let bytes = FileSystem
            .load(path)
            .map_err(|error| io_error(path, error))?;
        let mut sources = SourceMap::default();
        let file = sources
            .add(display_name(path), bytes, None)
            .map_err(|error| io_error(path, error.into()))?;
        let outcome = compile(file, &mut sources, &FileSystem, &self.config);
        for read in sources.files().skip(1) {
            self.depend_on(&read.name);
        }
        for diagnostic in &outcome.diagnostics {
            let list = match diagnostic.code.severity() {
                Severity::Error => &mut self.errors,
                Severity::Warning => &mut self.warnings,
                Severity::Note => continue,
            };
            // What is wrong with an import of several files is said once.
            let rendered = diagnostic.render(&sources, false);
            if !list.contains(&rendered) {
                list.push(rendered);
            }
        }
        self.selected.extend(outcome.selected);
        let Some(rust) = outcome.rust else {
            return Ok(());
        };
        write(&self.target(path), &rust)?;
        for import in &outcome.imports {
            let source = Path::new(&import.source);
            if self.claim(source)? {
                write(&self.target(source), &import.rust)?;
            }
        }
        Ok(())
    }

    fn depend_on(&mut self, path: &str) {
        if self.depends_on.insert(path.to_owned()) {
            tell_cargo(&format!("rerun-if-changed={path}"));
        }
    }
}

fn write(target: &Path, rust: &str) -> Result<(), Error> {
    output::write_if_changed(target, rust).map_err(|error| io_error(target, error))
}

fn io_error(path: &Path, error: io::Error) -> Error {
    Error(Fault::Io(path.to_owned(), error))
}

/// A builder with these settings.
impl From<Config> for Builder {
    fn from(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
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
    BadSetting(BadSetting),
    Input(Vec<String>),
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
            Fault::BadSetting(bad) => bad.fmt(f),
            Fault::Input(rendered) => {
                f.write_str("the interface files have errors\n\n")?;
                rendered.iter().try_for_each(|error| writeln!(f, "{error}"))
            }
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
            Fault::BadSetting(bad) => Some(bad),
            Fault::NoOutDir | Fault::SameTarget(..) | Fault::Input(_) => None,
        }
    }
}
