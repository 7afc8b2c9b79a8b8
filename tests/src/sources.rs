//! The hand-written Rust files of the repository, for rules about what they may say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::repository;

/// A file of the repository.
#[derive(Debug)]
pub struct Source {
    /// Its path from the root, with `/` on every system.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// The numbered lines that are code: no comments, and nothing behind the start of the tests.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line))
            .take_while(|(_, line)| !line.starts_with("mod tests {"))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(number, line)| (number, line.split(" // ").next().unwrap_or(line)))
    }

    /// Whether this is a file of unit tests.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The places where the code has one of these words, as `path:line: word`.
    pub fn mentions<'a>(&'a self, words: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        self.code().flat_map(move |(number, line)| {
            let found = words.iter().filter(move |word| has_word(line, word));
            found.map(move |word| format!("{}:{number}: {word}", self.path))
        })
    }
}

/// Whether the text has this word, and not just as a part of a longer one.
#[must_use]
pub fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        let begins = !word.starts_with(is_part) || !before.is_some_and(is_part);
        let ends = !word.ends_with(is_part) || !after.is_some_and(is_part);
        begins && ends
    })
}

/// The Rust files in this folder of the repository and below, in the order of their paths.
#[must_use]
pub fn rust_files(folder: &str) -> Vec<Source> {
    files(folder, &["rs"])
}

/// The files with these extensions in this folder of the repository and below.
#[must_use]
pub fn files(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let root = repository::root();
    let mut paths = Vec::new();
    collect(&root.join(folder), extensions, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no such files");
    paths
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: relative(&path, root),
        })
        .collect()
}

fn relative(path: &Path, root: &Path) -> String {
    let path = path.strip_prefix(root).unwrap();
    path.to_string_lossy().replace('\\', "/")
}

fn collect(folder: &Path, extensions: &[&str], paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            // Not ours: what cargo made, and what git keeps.
            if name != "target" && name != ".git" {
                collect(&path, extensions, paths);
            }
        } else if path
            .extension()
            .is_some_and(|e| extensions.iter().any(|one| e == *one))
        {
            paths.push(path);
        }
    }
}
