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

use guide::{documents::documents, fenced::Block};
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

/// Those that have a name are compiled by the build script, with the settings of their chapter, and
/// what comes of them by rustc.
#[test]
fn interface_files_have_no_faults() {
    check(&["idl", "x"], |block| {
        if block.file().is_some() {
            return Vec::new();
        }
        let name = format!("document.{}", block.language().0);
        let mut sources = SourceMap::default();
        let file = sources.add(name, block.text.clone().into(), None);
        let outcome = rpcgen::compile(file.unwrap(), &mut sources, &FileSystem, &Config::default());
        let errors = outcome.diagnostics.iter().filter(|fault| fault.is_error());
        errors.map(|fault| fault.render(&sources, false)).collect()
    });
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
    let faults = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        lines
            .filter_map(|line| commands::fault(line, &workspace))
            .collect()
    };
    check(&["sh"], |block| faults(&mut block.text.lines()));
    check(&["console"], |block| {
        faults(
            &mut block
                .text
                .lines()
                .filter_map(|line| line.strip_prefix("$ ")),
        )
    });
}
