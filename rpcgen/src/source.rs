//! File text, and places in it.

use std::{
    collections::HashMap,
    fmt, io,
    path::{Component, Path, PathBuf},
};

/// A file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A place in a file: bytes `start..end` of its text.
///
/// Places order by file, in the order in which the files were opened, then by position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte behind the last one.
    pub end: u32,
}

/// `file:start..end`, the file by its number.
impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

impl Span {
    /// The empty place in front of this one.
    #[must_use]
    pub fn before(self) -> Self {
        Self {
            end: self.start,
            ..self
        }
    }

    /// The empty place behind this one.
    #[must_use]
    pub fn behind(self) -> Self {
        Self {
            start: self.end,
            ..self
        }
    }

    /// The place from the start of `self` to the end of `other`, where both are in one file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file == other.file && other.end >= self.start {
            Self {
                end: other.end,
                ..self
            }
        } else {
            self
        }
    }
}

/// The text of one file.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as it was given or found, with `/` between its parts; `<stdin>` for standard input.
    pub name: String,
    /// The text. Bytes that are not UTF-8 stand here as `?`, so that places stay what they are.
    pub text: String,
    /// The first bytes that are not UTF-8, up to 100 of them: an error outside of comments.
    pub invalid: Vec<u32>,
    /// The `#include` that opened the file.
    pub included_from: Option<Span>,
    line_starts: Vec<u32>,
}

/// Places of invalid UTF-8 that are remembered: enough for the errors that one run reports.
const INVALID_MAX: usize = 100;

/// Bytes that all files of a run may have together; a 10,000-line interface has 0.2 MB.
pub const FILE_SIZE_MAX: usize = 64 << 20;

/// The files of a run are larger than [`FILE_SIZE_MAX`], or more than 2^32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileTooLarge;

impl From<FileTooLarge> for io::Error {
    fn from(_: FileTooLarge) -> Self {
        Self::new(io::ErrorKind::FileTooLarge, "the file is too large")
    }
}

impl SourceFile {
    pub(crate) fn new(name: String, bytes: Vec<u8>, included_from: Option<Span>) -> Self {
        let mut invalid = Vec::new();
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| replace_invalid(error.as_bytes(), &mut invalid));
        let line_starts = std::iter::once(0)
            .chain(
                text.bytes()
                    .zip(1..)
                    .filter(|&(byte, _)| byte == b'\n')
                    .map(|(_, next)| next),
            )
            .collect();
        Self {
            name,
            text,
            invalid,
            included_from,
            line_starts,
        }
    }

    /// The line and column of a byte, both counted from 1, the column in characters.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.line_starts.get(index));
        let before = self
            .text
            .get(start.map_or(0, |&start| start as usize)..offset as usize);
        (line, before.map_or(0, |text| text.chars().count()) + 1)
    }

    /// The file name without folders and extension; `None` for standard input.
    #[must_use]
    pub fn stem(&self) -> Option<&str> {
        if self.name == STDIN_NAME {
            return None;
        }
        Path::new(&self.name).file_stem()?.to_str()
    }

    /// The extension, without the dot.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        Path::new(&self.name).extension()?.to_str()
    }
}

/// What standard input is called.
pub const STDIN_NAME: &str = "<stdin>";

fn replace_invalid(bytes: &[u8], invalid: &mut Vec<u32>) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            if invalid.len() < INVALID_MAX {
                invalid.extend(u32::try_from(text.len()));
            }
            text.push('?');
        }
    }
    text
}

/// All files of one run.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    /// Bytes of all files together.
    bytes: usize,
}

impl SourceMap {
    /// Takes a file in.
    ///
    /// # Errors
    ///
    /// [`FileTooLarge`].
    pub fn add(
        &mut self,
        name: String,
        bytes: Vec<u8>,
        included_from: Option<Span>,
    ) -> Result<FileId, FileTooLarge> {
        let id = u32::try_from(self.files.len()).map_err(|_| FileTooLarge)?;
        let total = self.bytes.saturating_add(bytes.len());
        if total > FILE_SIZE_MAX {
            return Err(FileTooLarge);
        }
        self.bytes = total;
        self.files.push(SourceFile::new(name, bytes, included_from));
        Ok(FileId(id))
    }

    /// A file of this map.
    ///
    /// # Panics
    ///
    /// Where the id comes from another map.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        #[expect(
            clippy::indexing_slicing,
            reason = "ids are indices of files of this map"
        )]
        &self.files[id.0 as usize]
    }

    /// The text at a place.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        let text = &self.file(span.file).text;
        text.get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// All files, in the order in which they were opened.
    #[must_use]
    pub fn files(&self) -> impl ExactSizeIterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// For each file the one that it is part of: that which includes it, and is included by none.
    pub(crate) fn roots(&self) -> HashMap<FileId, FileId> {
        let mut roots: HashMap<FileId, FileId> = HashMap::new();
        for (file, index) in self.files.iter().zip(0..) {
            // A file is opened after the one that includes it.
            let including = file.included_from.and_then(|at| roots.get(&at.file));
            let root = including.copied().unwrap_or(FileId(index));
            roots.insert(FileId(index), root);
        }
        roots
    }
}

/// Reads files for the compiler, which itself touches no file system.
pub trait Loader {
    /// The bytes of a file; an error of kind [`io::ErrorKind::NotFound`] lets the search go on.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    fn load(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What all paths of one file have in common: files are imported once, however they are named.
    fn identity(&self, path: &Path) -> PathBuf {
        without_detours(path)
    }
}

/// Reads from the file system, never more than [`FILE_SIZE_MAX`] bytes and one.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSystem;

impl Loader for FileSystem {
    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        use io::Read as _;
        let mut bytes = Vec::new();
        std::fs::File::open(path)?
            .take(FILE_SIZE_MAX as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| without_detours(path))
    }
}

/// The path without `.`, and without `..` behind a folder.
fn without_detours(path: &Path) -> PathBuf {
    let mut direct = PathBuf::new();
    for part in path.components() {
        match (part, direct.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                direct.pop();
            }
            _ => direct.push(part),
        }
    }
    direct
}

/// The path as diagnostics and generated files show it: `/` between its parts on every system.
#[must_use]
pub fn display_name(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The folders in which an `#include` is looked for: that of the including file, then those given.
#[must_use]
pub fn include_candidates(including: &str, include: &str, folders: &[PathBuf]) -> Vec<PathBuf> {
    let own = Path::new(including)
        .parent()
        .map(|folder| folder.join(include));
    own.into_iter()
        .chain(folders.iter().map(|folder| folder.join(include)))
        .collect()
}

/// The interface files that an include of this name in C code may mean: `other.x` for `other.h`, in
/// the folders of [`include_candidates`]; for `rpcsvc/other.h`, as systems install what `rpcgen` made
/// of `other.x`, in all of them `other.x` too. There are none where it surely means a C header.
#[must_use]
pub fn import_candidates(including: &str, include: &str, folders: &[PathBuf]) -> Vec<PathBuf> {
    let header = Path::new(include);
    let extensions = match header.extension().and_then(|extension| extension.to_str()) {
        Some("h") => &["x", "idl"][..],
        Some("x") => &["x"],
        Some("idl") => &["idl"],
        _ => &[],
    };
    let installed = header.strip_prefix("rpcsvc").ok();
    let candidates = [Some(header), installed]
        .into_iter()
        .flatten()
        .flat_map(|name| {
            extensions.iter().flat_map(|extension| {
                let name = display_name(&name.with_extension(extension));
                include_candidates(including, &name, folders)
            })
        });
    candidates.collect()
}
