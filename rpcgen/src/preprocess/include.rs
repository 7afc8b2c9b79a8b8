//! Finds and reads the files that `#include` names.

use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics},
    source::{FILE_SIZE_MAX, FileId, Loader, SourceMap, Span, display_name, include_candidates},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Files that may be open inside of each other; each takes a little stack.
const DEPTH_MAX: usize = 32;

/// Files that one run may read: with each of a few files including the next one twice, the depth
/// alone would allow a billion.
const FILES_MAX: usize = 1000;

/// Opens included files, within limits.
pub(super) struct Includer<'a> {
    loader: &'a dyn Loader,
    folders: &'a [PathBuf],
    /// The `#include`s of the files that are open, outermost first.
    open: Vec<Span>,
}

impl<'a> Includer<'a> {
    /// Opens nothing yet.
    pub(super) fn new(loader: &'a dyn Loader, folders: &'a [PathBuf]) -> Self {
        Self {
            loader,
            folders,
            open: Vec::new(),
        }
    }

    /// Opens the file that an `#include` at this place names; says why where it cannot.
    pub(super) fn open(
        &mut self,
        name: &str,
        at: Span,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Option<FileId> {
        match self.try_open(name, at, sources) {
            Ok(file) => {
                self.open.push(at);
                Some(file)
            }
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                None
            }
        }
    }

    /// Closes the file opened last.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    fn try_open(
        &mut self,
        name: &str,
        at: Span,
        sources: &mut SourceMap,
    ) -> Result<FileId, Box<Diagnostic>> {
        if self.open.len() == DEPTH_MAX {
            return Err(Box::new(self.too_deep(at, sources)));
        }
        if sources.files().len() >= FILES_MAX {
            let message = format!("more than {FILES_MAX} files are included");
            return Err(Box::new(Diagnostic::new(Code::IncludeTooDeep, at, message)));
        }
        let (path, bytes) = self.find(name, at, sources)?;
        let added = sources.add(display_name(&path), bytes, Some(at));
        added.map_err(|_| Box::new(too_large(at)))
    }

    /// The first candidate that exists, and its bytes.
    fn find(
        &self,
        name: &str,
        at: Span,
        sources: &SourceMap,
    ) -> Result<(PathBuf, Vec<u8>), Box<Diagnostic>> {
        let including = &sources.file(at.file).name;
        let candidates = include_candidates(including, name, self.folders);
        for path in &candidates {
            match self.loader.load(path) {
                Ok(bytes) => return Ok((path.clone(), bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Box::new(unreadable(path, at, &error))),
            }
        }
        Err(Box::new(not_found(name, at, &candidates)))
    }

    fn too_deep(&self, at: Span, sources: &SourceMap) -> Diagnostic {
        let message = format!("files are included more than {DEPTH_MAX} deep");
        let mut diagnostic = Diagnostic::new(Code::IncludeTooDeep, at, message)
            .help("a file takes part once between `#ifndef NAME`, `#define NAME` and `#endif`");
        // Where a file includes itself, once around the circle says it all.
        let including = &sources.file(at.file).name;
        for &open in self.open.iter().rev() {
            diagnostic = diagnostic.also(open, "included here");
            if sources.file(open.file).name == *including {
                break;
            }
        }
        diagnostic
    }
}

/// The fault of a file that is in none of the places where it may be.
pub(crate) fn not_found(name: &str, at: Span, candidates: &[PathBuf]) -> Diagnostic {
    let places: Vec<_> = candidates.iter().map(|path| display_name(path)).collect();
    let message = format!("the file `{}` is not found", super::shown(name));
    let mut diagnostic = Diagnostic::new(Code::IncludeNotFound, at, message)
        .help(format!("looked for {}", super::shown(&places.join(", "))))
        .help("name the folder that has it with `-I`");
    if Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "h")
    {
        diagnostic = diagnostic.help("a C header is for the C compiler: write `%#include`");
    }
    diagnostic
}

/// The fault of a file that is there and cannot be read.
pub(crate) fn unreadable(path: &Path, at: Span, error: &io::Error) -> Diagnostic {
    let name = display_name(path);
    let message = format!("the file `{}` cannot be read: {error}", super::shown(&name));
    Diagnostic::new(Code::IncludeNotFound, at, message)
}

/// The fault of a file that is too much together with the others.
pub(crate) fn too_large(at: Span) -> Diagnostic {
    let message = format!(
        "all files together have more than {} MiB",
        FILE_SIZE_MAX >> 20
    );
    Diagnostic::new(Code::IncludeNotFound, at, message)
}
