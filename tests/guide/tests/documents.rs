//! What documents name is there: files of the book, links, examples that are tested.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{fs, path::Path};

use guide::{
    book,
    documents::documents,
    linked::{anchors, links},
};

#[test]
fn the_summary_lists_every_chapter_once() {
    let mut listed = book::chapters().unwrap();
    listed.sort();
    let documents = documents().unwrap();
    let paths = documents
        .iter()
        .map(|document| book::root().join(&document.path));
    let chapters =
        paths.filter(|path| path.starts_with(book::docs()) && !path.ends_with("SUMMARY.md"));
    assert!(
        chapters.eq(listed),
        "docs/SUMMARY.md lists the files of docs, each of them once"
    );
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for document in documents().unwrap() {
        let file = book::root().join(&document.path);
        for (line, link) in links(&document.text) {
            if !link.contains("://") && !leads_somewhere(&file, &link) {
                broken.push(format!("{}:{line}: {link}", document.path));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

/// Whether there is a file, and a heading in it, that a link in this file leads to.
fn leads_somewhere(file: &Path, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => file.to_owned(),
        path => file.with_file_name(path),
    };
    if anchor.is_empty() {
        return target.exists();
    }
    let text = fs::read_to_string(&target).unwrap_or_default();
    anchors(&text).any(|found| found == anchor)
}

#[test]
fn all_rust_is_tested() {
    let list = fs::read_to_string(book::root().join("tests/guide/src/chapters.rs")).unwrap();
    let mut faults = Vec::new();
    for document in documents().unwrap() {
        let is_listed = list.contains(&format!("\"{}\"", document.path));
        for (place, block) in document.blocks() {
            let (language, flags) = block.language();
            let is_run = is_listed && ["", "no_run", "compile_fail"].contains(&flags);
            if language == "rust" && !is_run {
                faults.push(place);
            }
        }
    }
    let advice = "name each document in tests/guide/src/chapters.rs, and ignore no example";
    assert_eq!(faults, [""; 0], "{advice}");
}
