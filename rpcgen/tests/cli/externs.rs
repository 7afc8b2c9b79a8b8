//! `rpcgen externs`, and the flags that take names from outside.

use crate::folder::{Folder, stderr};

const FILE: &str = "struct a { opaque id[ID_LEN]; time_t born; };\n\
                    union b switch (int t) { case KIND: a x; case ID_LEN: time_t y; };\n";

#[test]
fn the_skeleton_has_a_line_for_each_name() {
    let folder = Folder::new("externs");
    folder.write("a.x", FILE);
    let output = folder.run(&["externs", "a.x"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = "\
//! What `a.x` does not define.
//!
//! The names are those of the interface file.
#![allow(non_camel_case_types, reason = \"the interface has them\")]

/// - `a.x` line 1: a length
/// - `a.x` line 2: a case
pub const ID_LEN: i64 = /* its value */;

/// - `a.x` line 1: a type
/// - `a.x` line 2: a type
pub type time_t = /* a type with xdr::Encode and xdr::Decode */;

/// - `a.x` line 2: a case
pub const KIND: i64 = /* its value */;
";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn what_is_supplied_is_not_missing() {
    let folder = Folder::new("externs-supplied");
    folder.write("a.x", FILE);
    let supplied = ["-D", "ID_LEN=4", "--extern-type", "time_t=u64"];
    let output = folder.run(&[&["externs", "a.x"], supplied.as_slice()].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("KIND"), "{text}");
    assert!(
        !text.contains("ID_LEN") && !text.contains("time_t"),
        "{text}"
    );
}

#[test]
fn names_are_taken_from_the_module() {
    let folder = Folder::new("externs-module");
    folder.write("a.x", FILE);
    let flags = ["--undefined", "extern", "--extern-module", "crate::names"];
    let output = folder.run(&[&["a.x"], flags.as_slice()].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = folder.read("a.rs");
    for line in [
        "// To make it again: rpcgen --undefined extern --extern-module crate::names a.x",
        "pub const ID_LEN: usize = ::xdr::constant::length(crate::names::ID_LEN);",
        "pub const ID_LEN_AS_I32: i32 = ::xdr::constant::int(crate::names::ID_LEN);",
        "pub id: [u8; ID_LEN],",
        "pub born: crate::names::time_t,",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let folder = Folder::new("externs-flags");
    folder.write("a.x", FILE);
    for flags in [
        &["--undefined", "extern"][..],
        &["--extern-module", "crate::names"],
        &["--undefined", "extern", "--extern-module", "super::names"],
        &["--extern-type", "time_t"],
        &["--extern-type", "time_t=not a path"],
    ] {
        let output = folder.run(&[&["a.x"], flags].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
    }
}
