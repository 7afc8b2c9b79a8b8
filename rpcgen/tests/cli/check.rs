//! `rpcgen check FILE…`.

use crate::folder::{Folder, stderr};

#[test]
fn faults_of_all_files_are_shown_and_nothing_is_written() {
    let folder = Folder::new("check-faults");
    folder.write(
        "bad.x",
        "struct a { opaque c; };\nstruct d { opaque f; };\n",
    );
    folder.write("worse.x", "struct ;\n");
    folder.write("good.x", "struct a { int b; };\n");
    let output = folder.run(&["check", "bad.x", "good.x", "worse.x"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    for place in ["bad.x:1:12", "bad.x:2:12", "worse.x:1:8"] {
        assert!(said.contains(place), "{said}");
    }
    assert!(output.stdout.is_empty());
    assert!(!folder.path("good.rs").exists());
}

#[test]
fn a_faultless_file_is_no_news() {
    let folder = Folder::new("check-good");
    folder.write("good.x", "struct a { opaque b[SIZE]; };\n");
    let output = folder.run(&["check", "-D", "SIZE=4", "good.x"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
}

#[test]
fn only_the_first_word_is_a_subcommand() {
    let folder = Folder::new("check-first");
    folder.write("check", "struct a { int b; };\n");
    let output = folder.run(&["-o", "-", "check"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.starts_with(b"// @generated"));
    assert_eq!(folder.run(&["check"]).status.code(), Some(2));
    assert_eq!(folder.run(&["check", "check"]).status.code(), Some(0));
}
