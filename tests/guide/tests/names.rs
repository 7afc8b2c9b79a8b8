//! What documents call by its name, between backticks, is called so in the code.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{collections::HashSet, fs, path::Path};

use guide::{book, documents::documents, linked::spans};

/// The words of a text that may be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split(move |letter| !is_part(letter))
        .filter(|word| !word.is_empty())
}

/// All that is code in this folder, and below.
fn code(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &code(&path);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "c")
        {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

#[test]
fn names_are_those_of_the_code() {
    let mut chapters = documents().unwrap();
    chapters.retain(|document| document.path.starts_with("docs/guide/"));
    let folders = ["rpcgen/src", "rpc-runtime/src", "xdr/src", "tests/c"];
    let mut texts = Vec::from(folders.map(|folder| code(&book::root().join(folder))));
    for chapter in &chapters {
        texts.extend(chapter.blocks().map(|(_, block)| block.text));
    }
    let known: HashSet<&str> = texts.iter().flat_map(|text| words(text)).collect();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_:.".contains(letter);
    let mut unknown = Vec::new();
    for chapter in &chapters {
        for (line, span) in spans(&chapter.text) {
            if span.chars().all(is_part) && !words(&span).all(|word| known.contains(word)) {
                unknown.push(format!("{}:{line}: {span}", chapter.path));
            }
        }
    }
    assert_eq!(unknown, [""; 0]);
}
