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

use rpcgen::{
    Builder, Config,
    diagnostic::Diagnostics,
    source::{FileSystem, SourceMap},
};
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

/// Compiles a file into a folder, which is the module `module` of a crate.
///
/// What only C headers define is taken from a module `externs`, which this writes too; the number of
/// those names is returned.
///
/// # Errors
///
/// The file is refused: the first error.
fn compile(file: &CorpusFile, folder: &Path, module: &str) -> Result<usize, String> {
    fs::create_dir_all(folder).unwrap();
    // The Makefiles of packages say where that is: `%#include "xdr/Stellar-types.h"`.
    let above = file.path.parent().and_then(Path::parent).unwrap();
    let (externs, names) = externs(file, above);
    let mut builder = Builder::new().out_dir(folder).include(above);
    if names > 0 {
        fs::write(folder.join("externs.rs"), externs).unwrap();
        builder = builder.extern_module(format!("crate::{module}::externs"));
    }
    match builder.compile(&[&file.path]) {
        Ok(()) => Ok(names),
        Err(errors) => Err(first_error(&errors.to_string())),
    }
}

/// The first error of a run: its code and what it says.
fn first_error(errors: &str) -> String {
    let mut errors = errors
        .lines()
        .filter_map(|line| line.strip_prefix("error["));
    errors.next().unwrap().replacen(']', "", 1)
}

/// The module that the file needs beside what it defines, filled in with something, and how many
/// names that are.
fn externs(file: &CorpusFile, above: &Path) -> (String, usize) {
    let mut sources = SourceMap::default();
    let text = fs::read(&file.path).unwrap();
    let name = file.path.to_str().unwrap().to_owned();
    let id = sources.add(name, text, None).unwrap();
    let config = Config {
        include_paths: vec![above.to_owned()],
        ..Config::default()
    };
    let mut faults = Diagnostics::default();
    let skeleton = rpcgen::externs(id, &mut sources, &FileSystem, &config, &mut faults);
    let (mut module, mut names) = (String::new(), 0);
    for line in skeleton.unwrap_or_default().lines() {
        // Different values that all can be bounds, and are not those of other cases.
        let line = line.replace("/* its value */", &(101 + names).to_string());
        let line = line.replace("/* a type with xdr::Encode and xdr::Decode */", "i32");
        names += usize::from(line.starts_with("pub "));
        writeln!(module, "{line}").unwrap();
    }
    (module, names)
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
        let folder = part.path(&format!("src/{module}"));
        match compile(file, &folder, &module) {
            Ok(names) => {
                let outside = match names {
                    0 => String::new(),
                    names => format!(", {names} names from outside"),
                };
                println!("{:<64} accepted{outside}", file.name);
                part.write(&format!("src/{module}/mod.rs"), &modules(&folder));
                writeln!(lib, "/// Of `{}`.\npub mod {module};", file.name).unwrap();
            }
            Err(error) => {
                println!("{:<64} {error}", file.name);
                assert!(!file.c_accepts, "C accepts {}", file.name);
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
