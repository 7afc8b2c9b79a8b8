//! The documents of the repository that people read.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    book,
    fenced::{Block, blocks},
};

/// A document.
#[derive(Debug)]
pub struct Document {
    /// Its path from the root of the repository, with `/` on every system.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Document {
    /// Its fenced blocks, each with its place as `path:line`.
    pub fn blocks(&self) -> impl Iterator<Item = (String, Block)> {
        let blocks = blocks(&self.text).into_iter();
        blocks.map(|block| (format!("{}:{}", self.path, block.line), block))
    }
}

/// The book and every README, in the order of their paths.
///
/// # Errors
///
/// A folder or a file cannot be read.
pub fn documents() -> io::Result<Vec<Document>> {
    let mut paths = Vec::new();
    collect(book::root(), &mut paths)?;
    paths.sort();
    let is_meant = |path: &Path| path.starts_with(book::docs()) || path.ends_with("README.md");
    let paths = paths.iter().filter(|path| is_meant(path));
    let documents = paths.map(|path| {
        let relative = path.strip_prefix(book::root()).unwrap_or(path);
        Ok(Document {
            path: relative.to_string_lossy().replace('\\', "/"),
            text: fs::read_to_string(path)?,
        })
    });
    documents.collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            // Not ours: what cargo made, and what git keeps.
            if name != "target" && !name.starts_with('.') {
                collect(&path, paths)?;
            }
        } else if name.ends_with(".md") {
            paths.push(path);
        }
    }
    Ok(())
}
