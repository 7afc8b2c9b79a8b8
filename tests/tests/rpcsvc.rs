//! The interface files that come with the C library, as nobody wrote them for us.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{collections::BTreeSet, fmt::Write as _, fs};

use rpcgen::{Outcome, diagnostic::Code};
use tests::{compiler::compile_text, fresh_crate::FreshCrate};

const FOLDER: &str = "/usr/include/rpcsvc";

/// The files of Debian's package rpcsvc-proto, and what those that do not compile lack: names that
/// C gets from a header behind `%#include`.
const EXPECTED: [(&str, &[&str]); 12] = [
    ("bootparam_prot", &[]),
    ("key_prot", &["MAXNETNAMELEN", "des_block"]),
    ("klm_prot", &[]),
    ("mount", &[]),
    ("nfs_prot", &[]),
    ("nlm_prot", &[]),
    ("rex", &[]),
    ("rquota", &[]),
    ("rstat", &[]),
    ("rusers", &[]),
    ("sm_inter", &[]),
    ("spray", &[]),
];

/// Files that may lie in the same folder, from libnsl and others: shown, and nothing is expected.
const OTHERS: [&str; 5] = ["nis", "nis_callback", "nis_object", "yp", "yppasswd"];

fn compiled(name: &str) -> Option<Outcome> {
    let path = format!("{FOLDER}/{name}.x");
    let text = fs::read(&path).ok()?;
    Some(compile_text(&path, text))
}

/// The names that the errors are about, which all have to be about names that are missing.
fn missing_names(outcome: &Outcome) -> BTreeSet<&str> {
    let errors = outcome.diagnostics.iter().filter(|found| found.is_error());
    errors
        .flat_map(|error| {
            assert_eq!(error.code, Code::UndefinedNames, "{}", error.message);
            let lists = error.help.iter().map(|help| help.message.as_str());
            let lists =
                lists.filter(|help| help.starts_with("constants:") || help.starts_with("types:"));
            lists.flat_map(|list| list.split('`').skip(1).step_by(2))
        })
        .collect()
}

#[test]
#[ignore = "needs rpcsvc-proto: cargo xtask test"]
fn every_file_is_read_and_says_what_it_lacks() {
    for (name, expected) in EXPECTED {
        let outcome = compiled(name).unwrap_or_else(|| panic!("{FOLDER}/{name}.x is missing"));
        let missing = missing_names(&outcome);
        match missing.len() {
            0 => println!("{name:<16} compiles"),
            _ => println!("{name:<16} lacks {missing:?}"),
        }
        assert_eq!(missing, expected.iter().copied().collect(), "{name}");
        assert_eq!(outcome.rust.is_some(), expected.is_empty(), "{name}");
    }
    for name in OTHERS {
        let Some(outcome) = compiled(name) else {
            continue;
        };
        match outcome.diagnostics.iter().find(|found| found.is_error()) {
            None => println!("{name:<16} compiles (not of rpcsvc-proto)"),
            Some(error) => println!("{name:<16} {} (not of rpcsvc-proto)", error.message),
        }
    }
}

#[test]
#[ignore = "needs rpcsvc-proto: cargo xtask test"]
fn what_is_generated_compiles_without_warnings() {
    let krate = FreshCrate::new(env!("CARGO_TARGET_TMPDIR"), "rpcsvc");
    let mut lib = String::from(
        "//! What the interface files of the C library give.\n#![warn(missing_docs)]\n",
    );
    let names = EXPECTED.iter().map(|(name, _)| *name).chain(OTHERS);
    for name in names {
        if let Some(rust) = compiled(name).and_then(|outcome| outcome.rust) {
            krate.write(&format!("src/{name}.rs"), &rust);
            writeln!(lib, "/// Of `{name}.x`.\npub mod {name};").unwrap();
        }
    }
    krate.write("src/lib.rs", &lib);
    krate.cargo_is_content("check");
}
