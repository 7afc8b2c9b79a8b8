//! `rpcgen fmt FILE…`.

use crate::folder::{Folder, stderr};
use std::fs;

const LOOSE: &str = "struct a{int b;};\n";
const NEAT: &str = "struct a {\n    int b;\n};\n";

#[test]
fn files_are_formatted_where_they_are() {
    let folder = Folder::new("fmt-files");
    folder.write("a.x", LOOSE);
    folder.write("b.idl", "interface < int f(); >;\n");
    let output = folder.run(&["fmt", "a.x", "b.idl"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    assert_eq!(folder.read("a.x"), NEAT);
    assert_eq!(folder.read("b.idl"), "interface {\n    int f();\n};\n");
}

#[test]
fn a_formatted_file_is_not_written() {
    let folder = Folder::new("fmt-neat");
    folder.write("a.x", NEAT);
    let modified = || {
        fs::metadata(folder.path("a.x"))
            .expect("a file")
            .modified()
            .ok()
    };
    let before = modified();
    assert_eq!(folder.run(&["fmt", "a.x"]).status.code(), Some(0));
    assert_eq!(modified(), before);
}

#[test]
fn check_shows_what_would_change_and_writes_nothing() {
    let folder = Folder::new("fmt-check");
    folder.write("a.x", LOOSE);
    folder.write("b.x", NEAT);
    let output = folder.run(&["fmt", "--check", "a.x", "b.x"]);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(stderr(&output), "rpcgen: a.x: not formatted\n");
    let diff = "--- a.x\n+++ a.x (formatted)\n@@ -1 +1,3 @@\n\
                -struct a{int b;};\n+struct a {\n+    int b;\n+};\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), diff);
    assert_eq!(folder.read("a.x"), LOOSE);
    let output = folder.run(&["fmt", "--check", "b.x"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = Folder::new("fmt-standard");
    let output = folder.run_with_input(&["fmt", "-"], LOOSE);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), NEAT);
    let output = folder.run_with_input(&["fmt", "--check", "-"], LOOSE);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(stderr(&output), "rpcgen: standard input: not formatted\n");
    assert_eq!(
        folder
            .run_with_input(&["fmt", "--check", "-"], NEAT)
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn faulty_files_stay_as_they_are() {
    let folder = Folder::new("fmt-faults");
    folder.write("bad.x", "struct a { int b };\n");
    folder.write("good.x", LOOSE);
    let output = folder.run(&["fmt", "bad.x", "good.x"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("bad.x:1:18") && said.contains("rpcgen: 1 error"),
        "{said}"
    );
    assert_eq!(folder.read("bad.x"), "struct a { int b };\n");
    assert_eq!(folder.read("good.x"), NEAT);
    assert_eq!(folder.run(&["fmt", "none.x"]).status.code(), Some(3));
    assert_eq!(folder.run(&["fmt"]).status.code(), Some(2));
}
