//! What is snapshot is what compiles: the stubs in rpcgen's snapshots and those that `build.rs`
//! compiled into this package's library are the same.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{fs, path::Path};

use tests::repository;

/// A stub file without the comment at its top, which says how it was made.
fn body(stubs: &str) -> &str {
    let start = stubs.find("\n\n").unwrap();
    stubs[start..].trim()
}

#[test]
fn stubs_of_the_snapshots_are_those_that_compile() {
    let root = repository::root();
    let compiled = Path::new(env!("OUT_DIR")).join("snapshots");
    let mut count = 0;
    for entry in fs::read_dir(root.join("rpcgen/tests/idl")).unwrap() {
        let input = entry.unwrap().path();
        if input.is_dir() {
            // What inputs import has snapshots of another name.
            continue;
        }
        let name = input.file_name().unwrap().to_string_lossy();
        let snapshot = format!("rpcgen/tests/snapshots/snapshots__stubs@{name}.snap");
        let snapshot = fs::read_to_string(root.join(snapshot)).unwrap();
        // Behind the second line of dashes stands the text.
        let snapshot = snapshot.splitn(3, "---\n").nth(2).unwrap();
        let compiled = compiled
            .join(input.file_stem().unwrap())
            .with_extension("rs");
        let compiled = fs::read_to_string(compiled).unwrap();
        assert_eq!(body(snapshot), body(&compiled), "{name}");
        count += 1;
    }
    assert!(count > 0);
    println!("{count} files");
}
