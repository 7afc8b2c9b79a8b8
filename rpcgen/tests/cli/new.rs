//! `rpcgen new FILE.idl`. That the crate works, `tests/tests/new_crate.rs` shows.

use crate::folder::{Folder, stderr};
use std::fs;

#[test]
fn a_crate_is_written_with_nothing_left_to_fill_in() {
    let folder = Folder::new("new");
    let output = folder.run(&["new", "my-calc.idl"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let files = [
        "Cargo.toml",
        "my-calc.idl",
        "build.rs",
        "src/lib.rs",
        "src/bin/server.rs",
        "src/bin/client.rs",
        "tests/call.rs",
    ];
    for file in files {
        let text = folder.read(&format!("my-calc/{file}"));
        assert!(!text.contains("{{") && !text.contains("}}"), "{file}");
    }
    let interface = folder.read("my-calc/my-calc.idl");
    assert!(interface.contains("interface MyCalc {"), "{interface}");
    let manifest = folder.read("my-calc/Cargo.toml");
    assert!(manifest.contains("version = \"0.1.0\", package = \"rpc-xdr\""));
    let check = folder.run(&["check", "my-calc/my-calc.idl"]);
    assert_eq!(stderr(&check), "", "the number is pinned");
}

#[test]
fn what_is_there_is_not_written_over() {
    let folder = Folder::new("new-there");
    fs::create_dir(folder.path("calc")).expect("a folder");
    let output = folder.run(&["new", "calc"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output), "rpcgen: calc: it is there already\n");
    assert!(!folder.path("calc/Cargo.toml").exists());
}

#[test]
fn names_that_no_crate_can_have_are_refused() {
    let folder = Folder::new("new-names");
    for name in [
        "calc.x", "Calc.idl", "type", "server", "1st", "a b", "é", "",
    ] {
        let output = folder.run(&["new", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    let output = folder.run(&["new", "calc", "--path", "no-such-folder"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(!folder.path("calc").exists());
}
