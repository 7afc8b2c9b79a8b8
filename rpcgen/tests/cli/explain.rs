//! `rpcgen explain CODE…`.

use crate::folder::{Folder, stderr};
use rpcgen::diagnostic::Code;

#[test]
fn a_code_is_explained() {
    let folder = Folder::new("explain");
    let output = folder.run(&["explain", "e0302"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.starts_with("E0302: a type that is not defined\n\n"),
        "{text}"
    );
    assert!(
        text.contains("\n    struct line { pint from; };\n"),
        "{text}"
    );
    assert!(!text.contains("```"), "{text}");
}

#[test]
fn all_codes_are_listed() {
    let folder = Folder::new("explain-all");
    let output = folder.run(&["explain"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.lines().count(), Code::ALL.len());
    assert!(text.contains("E0101: a comment is not closed\n"), "{text}");
}

#[test]
fn no_other_word_is_a_code() {
    let folder = Folder::new("explain-unknown");
    let output = folder.run(&["explain", "E9999"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no code E9999"));
}

#[test]
fn errors_tell_of_their_explanation() {
    let folder = Folder::new("explain-errors");
    folder.write("a.x", "struct a { opaque c; };\n");
    let said = stderr(&folder.run(&["check", "a.x"]));
    assert!(
        said.ends_with("rpcgen: 1 error; `rpcgen explain E0311` says more\n"),
        "{said}"
    );
    let many: Vec<_> = (0..30).map(|i| format!("enum a{i} {{ }};")).collect();
    folder.write("many.x", &many.concat());
    let said = stderr(&folder.run(&["check", "many.x"]));
    assert!(
        said.contains("rpcgen: 20 errors, and perhaps more"),
        "{said}"
    );
}
