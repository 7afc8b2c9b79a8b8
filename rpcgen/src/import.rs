//! Reads a file and all that it imports.
//!
//! An import is written for the C compiler: `%#include "other.h"` brings in what `rpcgen` made of
//! `other.x`. Each file is read once, with macros of its own, whatever imports it: what is generated
//! for it does not depend on that either. Files may import each other.

use crate::{
    config::Config,
    diagnostic::{Code, Diagnostic, Diagnostics},
    model::UnitId,
    names,
    parse::{self, Parsed},
    preprocess::{self, CInclude, MacroConstant},
    source::{FileId, Loader, SourceMap, Span, display_name, import_candidates},
};
use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
};

/// Files that one run may import. Each sees up to all others, so time grows with the square; the
/// largest projects have a dozen.
pub const IMPORTS_MAX: usize = 256;

/// A file that is generated for itself: the one that is compiled, or an import.
#[derive(Debug)]
pub struct Unit {
    /// The file; it may include others.
    pub file: FileId,
    /// What it says.
    pub parsed: Parsed,
    /// Macros that may be constants.
    pub macros: Vec<MacroConstant>,
    /// The units that it imports, in the order of the file, each once and not itself.
    pub imports: Vec<UnitId>,
    /// The C headers that it includes: those of no interface file.
    pub c_headers: Vec<String>,
}

/// Reads a file and all that it imports; the file itself is the first unit.
///
/// Returns `None` where so much is wrong that the text ends somewhere.
pub fn read(
    file: FileId,
    sources: &mut SourceMap,
    loader: &dyn Loader,
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Unit>> {
    let options = preprocess::Options {
        include_paths: config.include_paths.clone(),
        defines: config.defines.clone(),
    };
    let mut found = Found::new(file, sources, loader, config);
    let mut units = Vec::new();
    while let Some(&file) = found.files.get(units.len()) {
        let text = preprocess::preprocess(file, sources, loader, &options, diagnostics);
        let gave_up = diagnostics.has(Code::TooDeep) || diagnostics.has(Code::IncludeTooDeep);
        if diagnostics.is_full() || gave_up {
            return None;
        }
        let parsed = parse::parse(&text, sources, diagnostics);
        if diagnostics.has(Code::ForeignDialect) {
            // What could be read of it is not what was meant.
            return None;
        }
        let mut unit = Unit {
            file,
            parsed,
            macros: text.macros,
            imports: Vec::new(),
            c_headers: Vec::new(),
        };
        let this = UnitId(units.len());
        let mut seen = HashSet::from([this]);
        for include in text.c_includes {
            match found.import(&include, sources) {
                Ok(Some(import)) if seen.insert(import) => unit.imports.push(import),
                Ok(Some(_)) => {}
                Ok(None) => unit.c_headers.push(include.name),
                Err(fault) => diagnostics.push(*fault),
            }
        }
        units.push(unit);
    }
    Some(units)
}

/// The files of all units that are known so far.
struct Found<'a> {
    loader: &'a dyn Loader,
    folders: &'a [PathBuf],
    /// The file of each unit.
    files: Vec<FileId>,
    by_identity: HashMap<PathBuf, UnitId>,
    /// The files by their modules, where each becomes one.
    modules: Option<HashMap<String, String>>,
}

impl<'a> Found<'a> {
    fn new(file: FileId, sources: &SourceMap, loader: &'a dyn Loader, config: &'a Config) -> Self {
        let source = sources.file(file);
        let identity = loader.identity(Path::new(&source.name));
        let module = source.stem().map(names::value_name);
        let modules = module.map(|module| (module, source.name.clone()));
        Self {
            loader,
            folders: &config.include_paths,
            files: vec![file],
            by_identity: HashMap::from([(identity, UnitId(0))]),
            modules: (!config.inline).then(|| modules.into_iter().collect()),
        }
    }

    /// The unit that an include in C code means; `None` where it means a C header.
    fn import(
        &mut self,
        include: &CInclude,
        sources: &mut SourceMap,
    ) -> Result<Option<UnitId>, Box<Diagnostic>> {
        let at = include.span;
        let including = &sources.file(at.file).name;
        let candidates = import_candidates(including, &include.name, self.folders);
        for path in &candidates {
            let identity = self.loader.identity(path);
            if let Some(known) = self.by_identity.get(&identity) {
                return Ok(Some(*known));
            }
            match self.loader.load(path) {
                Ok(bytes) => return self.add(path, identity, bytes, include, sources).map(Some),
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(Box::new(preprocess::unreadable(path, at, &error))),
            }
        }
        let is_header = Path::new(&include.name)
            .extension()
            .is_none_or(|extension| extension != "x" && extension != "idl");
        if is_header {
            return Ok(None);
        }
        let fault = preprocess::not_found(&include.name, at, &candidates);
        Err(Box::new(fault))
    }

    fn add(
        &mut self,
        path: &Path,
        identity: PathBuf,
        bytes: Vec<u8>,
        include: &CInclude,
        sources: &mut SourceMap,
    ) -> Result<UnitId, Box<Diagnostic>> {
        if self.files.len() > IMPORTS_MAX {
            let message = format!("more than {IMPORTS_MAX} files are imported");
            let fault = Diagnostic::new(Code::IncludeTooDeep, include.span, message);
            return Err(Box::new(fault));
        }
        self.check_module(path, include.span)?;
        let file = sources
            .add(display_name(path), bytes, None)
            .map_err(|_| preprocess::too_large(include.span))?;
        let id = UnitId(self.files.len());
        self.files.push(file);
        self.by_identity.insert(identity, id);
        Ok(id)
    }

    /// Takes the module that a file becomes.
    fn check_module(&mut self, path: &Path, at: Span) -> Result<(), Box<Diagnostic>> {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let (Some(stem), Some(modules)) = (stem, &mut self.modules) else {
            return Ok(());
        };
        let (module, name) = (names::value_name(stem), display_name(path));
        let Some(other) = modules.insert(module.clone(), name.clone()) else {
            return Ok(());
        };
        let message = format!("both `{name}` and `{other}` would be the module `{module}`");
        let fault = Diagnostic::new(Code::ModuleClash, at, message);
        Err(Box::new(fault.help(
            "rename one of the files, or make one file of all with `-o`",
        )))
    }
}

/// Whether a file is not there, or a part of its path is a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
