//! What stands in blocks of documents is right: interface files, manifests, commands.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod commands;
mod manifests;
mod workspace;

use std::collections::BTreeMap;

use guide::{documents::documents, fenced::Block, linked::spans};
use rpcgen::{
    Config,
    source::{FileSystem, SourceMap},
};
use workspace::Workspace;

/// Asks for the faults of each block in these languages, and shows all that there are.
fn check(languages: &[&str], faults: impl Fn(&Block) -> Vec<String>) {
    let mut found = Vec::new();
    for document in documents().unwrap() {
        for (place, block) in document.blocks() {
            if languages.contains(&block.language().0) {
                let faults = faults(&block).into_iter();
                found.extend(faults.map(|fault| format!("{place}: {fault}")));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn languages_are_known() {
    let known = ["rust", "idl", "x", "toml", "sh", "console", "text"];
    for document in documents().unwrap() {
        for (place, block) in document.blocks() {
            assert!(known.contains(&block.language().0), "{place}: no {known:?}");
        }
    }
}

/// A fault, a warning or a note of the compiler.
struct Said {
    is_error: bool,
    text: String,
}

/// What the compiler says of this text, as a file of this name.
fn said_of(name: &str, text: &str) -> Vec<Said> {
    let mut sources = SourceMap::default();
    let file = sources.add(name.to_owned(), text.into(), None).unwrap();
    let outcome = rpcgen::compile(file, &mut sources, &FileSystem, &Config::default());
    let diagnostics = outcome.diagnostics.iter();
    diagnostics
        .map(|diagnostic| Said {
            is_error: diagnostic.is_error(),
            text: diagnostic.render(&sources, false),
        })
        .collect()
}

/// Those that have a name are compiled by the build script, with the settings of their chapter, and
/// what comes of them by rustc.
#[test]
fn interface_files_have_no_faults() {
    check(&["idl", "x"], |block| {
        if block.file().is_some() {
            return Vec::new();
        }
        let name = format!("document.{}", block.language().0);
        let said = said_of(&name, &block.text).into_iter();
        said.filter(|said| said.is_error)
            .map(|said| said.text)
            .collect()
    });
}

#[test]
fn faults_are_shown_as_they_are() {
    for document in documents().unwrap() {
        let files: BTreeMap<_, _> = document
            .blocks()
            .filter_map(|(_, block)| block.file())
            .collect();
        for (place, block) in document.blocks() {
            let (command, output) = block.text.split_once('\n').unwrap_or_default();
            let Some(name) = command.strip_prefix("$ rpcgen check ") else {
                continue;
            };
            let said: Vec<String> = said_of(name, &files[name])
                .into_iter()
                .map(|said| said.text)
                .collect();
            assert_eq!(output.trim_end(), said.join("\n").trim_end(), "{place}");
        }
    }
}

#[test]
fn manifests_name_what_is_there() {
    let workspace = Workspace::read();
    check(&["toml"], |block| {
        manifests::faults(&block.text, &workspace)
    });
}

#[test]
fn commands_name_what_is_there() {
    let workspace = Workspace::read();
    check(&["sh", "console"], |block| {
        let is_session = block.language().0 == "console";
        let lines = block.text.lines();
        let commands = lines.filter_map(|line| {
            if is_session {
                line.strip_prefix("$ ")
            } else {
                Some(line)
            }
        });
        commands
            .filter_map(|line| commands::fault(line, &workspace))
            .collect()
    });
}

#[test]
fn commands_within_lines_name_what_is_there() {
    let workspace = Workspace::read();
    for document in documents().unwrap() {
        for (line, span) in spans(&document.text) {
            if span.starts_with("cargo ") {
                let fault = commands::fault(&span, &workspace);
                assert_eq!(fault, None, "{}:{line}", document.path);
            }
        }
    }
}
