//! Real interface files that nobody wrote for us: which of them are accepted, and what is generated
//! for those compiles.
//!
//! The files are the pinned ones of `corpus.txt`. One that cannot be fetched any more, or is not the
//! pinned one, is left out, and that is said.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{fmt::Write as _, fs, path::Path};

use rpcgen::Builder;
use tests::{
    corpus::{self, CorpusFile},
    fresh_crate::FreshCrate,
};

/// The files that are refused, and what is said about them first: four in the dialect of ocamlnet,
/// and one with a comment that is closed twice. The C `rpcgen` refuses them too.
const REFUSED: [(&str, &str); 5] = [
    (
        "ocamlnet/examples/rpc/nfs4/rfc3530.x",
        "E0203: `_prefix` is of the dialect of ocamlnet",
    ),
    (
        "ocamlnet/src/netplex/netplex_ctrl.x",
        "E0203: `_int64` is of the dialect of ocamlnet",
    ),
    (
        "ocamlnet/src/rpc/rpc_auth_gssapi.x",
        "E0203: `_managed` is of the dialect of ocamlnet",
    ),
    (
        "ocamlnet/src/rpc/rpc_portmapper.x",
        "E0203: `_unboxed` is of the dialect of ocamlnet",
    ),
    ("ypserv/lib/ypxfrd.x", "E0201: unexpected `s`"),
];

/// The crates that what is generated is divided into, so that several cores have something to do.
const PARTS: usize = 4;

/// What became of a file.
enum Outcome {
    /// Stubs.
    Accepted,
    /// Nothing but names are missing, so many of them.
    Lacks(usize),
    /// The first error.
    Refused(String),
}

/// Compiles a file into a folder.
fn compile(file: &CorpusFile, folder: &Path) -> Outcome {
    fs::create_dir_all(folder).unwrap();
    // Its package's Makefile says where that is: `%#include "xdr/Stellar-types.h"`.
    let above = file.path.parent().and_then(Path::parent).unwrap();
    let builder = Builder::new().out_dir(folder).include(above);
    let Err(errors) = builder.compile(&[&file.path]) else {
        return Outcome::Accepted;
    };
    let errors = errors.to_string();
    let errors = errors
        .lines()
        .filter_map(|line| line.strip_prefix("error["));
    let errors: Vec<String> = errors.map(|error| error.replacen("]:", ":", 1)).collect();
    let is_name = |error: &&String| {
        let codes = ["E0302", "E0303", "E0310", "E0320", "E0321"];
        codes.iter().any(|code| error.starts_with(code))
    };
    match errors.iter().find(|error| !is_name(error)) {
        None => Outcome::Lacks(errors.len()),
        Some(error) => Outcome::Refused(error.clone()),
    }
}

/// A module name for a file of the corpus.
fn module(file: &CorpusFile) -> String {
    let name = file
        .name
        .replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    format!("m_{name}").to_lowercase()
}

/// Declares the generated files in a folder.
fn modules(folder: &Path) -> String {
    let mut modules = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy();
        let module = stem.replace('-', "_").to_lowercase();
        writeln!(
            modules,
            "/// Of `{stem}.x`.\n#[path = \"{stem}.rs\"]\npub mod {module};"
        )
        .unwrap();
    }
    modules
}

#[test]
#[ignore = "needs the corpus: cargo xtask test"]
fn real_files_are_accepted_and_what_is_generated_compiles() {
    let (files, missing) = corpus::files(env!("CARGO_TARGET_TMPDIR"));
    let krate = FreshCrate::new(env!("CARGO_TARGET_TMPDIR"), "corpus");
    krate.write("src/lib.rs", "");
    let mut parts = Vec::new();
    for number in 0..PARTS {
        parts.push((krate.part(&format!("part{number}")), String::new()));
    }
    let mut refused = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let module = module(file);
        let (part, lib) = &mut parts[number % PARTS];
        match compile(file, &part.path(&format!("src/{module}"))) {
            Outcome::Accepted => {
                println!("{:<64} accepted", file.name);
                let modules = modules(&part.path(&format!("src/{module}")));
                part.write(&format!("src/{module}/mod.rs"), &modules);
                writeln!(lib, "/// Of `{}`.\npub mod {module};", file.name).unwrap();
            }
            Outcome::Lacks(names) => println!("{:<64} lacks {names} names", file.name),
            Outcome::Refused(error) => {
                println!("{:<64} {error}", file.name);
                assert!(!file.c_accepts, "{} is accepted by C: {error}", file.name);
                refused.push((file.name.as_str(), error));
            }
        }
    }
    for name in &missing {
        println!("{name:<64} is not here");
    }
    let is_here = |name: &str| files.iter().any(|file| file.name == name);
    let mut expected = REFUSED.to_vec();
    expected.retain(|(name, _)| is_here(name));
    let refused: Vec<(&str, &str)> = refused
        .iter()
        .map(|(name, error)| (*name, &**error))
        .collect();
    assert_eq!(refused, expected);
    for (part, lib) in &parts {
        let head = "//! Stubs of real files.\n#![warn(missing_docs)]\n";
        part.write("src/lib.rs", &format!("{head}{lib}"));
    }
    krate.cargo_is_content("check");
}
