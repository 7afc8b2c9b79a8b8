//! Where the documents are, and which of them the book consists of.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The root of the repository.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// The folder of the book.
#[must_use]
pub fn docs() -> PathBuf {
    root().join("docs")
}

/// The documents of the book, in the order of its `SUMMARY.md`.
///
/// # Errors
///
/// The summary cannot be read.
pub fn chapters() -> io::Result<Vec<PathBuf>> {
    let docs = docs();
    let summary = fs::read_to_string(docs.join("SUMMARY.md"))?;
    let files = summary.lines().filter_map(|line| {
        let (_, link) = line.split_once("](")?;
        link.strip_suffix(')')
    });
    Ok(files.map(|file| docs.join(file)).collect())
}
