//! What all files of the repository have to keep to, each rule as a test.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::fs;

use tests::{
    repository,
    sources::{Source, files, rust_files},
};

/// Lines that a hand-written file may have.
const LINES_MAX: usize = 500;

/// Every Rust file that somebody wrote, in every folder of the repository.
fn all_rust_files() -> Vec<Source> {
    let mut sources = rust_files("");
    sources.retain(|file| !file.text.starts_with("// @generated"));
    assert!(sources.len() > 50, "they are looked for in the wrong place");
    sources
}

/// The numbered lines of all Rust files, this one left out: it has to name what it forbids.
fn all_lines(sources: &[Source]) -> impl Iterator<Item = (String, &str)> {
    let others = sources
        .iter()
        .filter(|file| file.path != "tests/tests/tidy.rs");
    others.flat_map(|file| {
        let lines = file.text.lines().enumerate();
        lines.map(|(index, line)| (format!("{}:{}", file.path, index + 1), line))
    })
}

#[test]
fn files_are_short() {
    let sources = all_rust_files();
    let long: Vec<String> = sources
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect();
    assert_eq!(
        long, [""; 0],
        "split them by topic: {LINES_MAX} lines a file"
    );
}

#[test]
fn nothing_is_left_to_do_in_code() {
    let sources = all_rust_files();
    let found: Vec<String> = all_lines(&sources)
        .filter(|(_, line)| {
            let words = ["todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME", "XXX"];
            words.iter().any(|word| line.contains(word))
        })
        .map(|(place, line)| format!("{place}: {line}"))
        .collect();
    assert_eq!(found, [""; 0], "finish it, or write an issue");
}

#[test]
fn ignored_tests_say_what_they_need() {
    let sources = all_rust_files();
    let found: Vec<String> = all_lines(&sources)
        .filter(|(_, line)| line.contains("#[ignore]"))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(
        found, [""; 0],
        "write `#[ignore = \"needs …: cargo xtask test\"]`"
    );
}

/// `cargo xtask test` runs what is ignored too, examples in documentation among it.
#[test]
fn examples_in_documentation_are_tested_or_text() {
    let sources = all_rust_files();
    let found: Vec<String> = all_lines(&sources)
        .filter(|(_, line)| line.contains("```ignore") || line.contains("```rust,ignore"))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(found, [""; 0], "write `no_run`, `compile_fail` or `text`");
}

#[test]
fn exceptions_from_lints_have_a_reason() {
    let sources = all_rust_files();
    let mut found = Vec::new();
    for file in sources
        .iter()
        .filter(|file| file.path != "tests/tests/tidy.rs")
    {
        for (at, attribute) in file.text.match_indices("[allow(") {
            let rest = &file.text[at + attribute.len()..];
            let attribute = rest.split(")]").next().unwrap();
            if !attribute.contains("reason = ") {
                let line = file.text[..at].lines().count();
                found.push(format!("{}:{line}", file.path));
            }
        }
    }
    assert_eq!(
        found, [""; 0],
        "write `#[expect(LINT, reason = \"…\")]`, or `allow` with a reason"
    );
}

#[test]
fn crates_forbid_unsafe_code() {
    let roots = ["/src/lib.rs", "/src/main.rs", "examples/calc/main.rs"];
    let missing: Vec<String> = all_rust_files()
        .into_iter()
        .filter(|file| roots.iter().any(|root| file.path.ends_with(root)))
        .filter(|file| !file.text.contains("#![forbid(unsafe_code)]"))
        .map(|file| file.path)
        .collect();
    assert_eq!(
        missing, [""; 0],
        "add `#![forbid(unsafe_code)]` behind the crate's documentation"
    );
}

/// The fuzz targets need a nightly compiler, and the peers of the comparison of calls what their
/// authors chose: each has a workspace of its own.
fn is_of_another_workspace(path: &str) -> bool {
    ["tests/fuzz/", "tests/bench/peers/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

#[test]
fn oldest_compiler_is_written_down_once() {
    let root = fs::read_to_string(repository::root().join("Cargo.toml")).unwrap();
    let version = root
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .expect("Cargo.toml has a line `rust-version = …` in [workspace.package]");
    let version = version.trim_matches('"');
    let mut found = Vec::new();
    for file in files("", &["toml", "md", "yml", "yaml", "rs"]) {
        // What changed in which release stays true.
        let is_history = file.path == "CHANGELOG.md";
        let times = file.text.matches(version).count();
        let expected = usize::from(file.path == "Cargo.toml");
        if !is_history && times != expected {
            found.push(format!("{}: {times} times", file.path));
        }
        if !is_of_another_workspace(&file.path)
            && file.path.ends_with("/Cargo.toml")
            && !file.text.contains("rust-version.workspace")
        {
            found.push(format!("{}: no `rust-version.workspace = true`", file.path));
        }
    }
    let advice = "only [workspace.package] in Cargo.toml says which compiler is the oldest";
    assert_eq!(found, [""; 0], "{advice}");
}

#[test]
fn manifests_take_versions_and_lints_from_the_workspace() {
    let mut found = Vec::new();
    let manifests = files("", &["toml"]);
    let members = manifests
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"));
    let members = members.filter(|file| !is_of_another_workspace(&file.path));
    for file in members {
        for line in [
            "version.workspace = true",
            "edition.workspace = true",
            "[lints]\nworkspace = true",
        ] {
            if !file.text.contains(line) {
                found.push(format!("{}: no `{line}`", file.path));
            }
        }
        for line in file
            .text
            .lines()
            .filter(|line| line.contains("version = \""))
        {
            found.push(format!("{}: {line}", file.path));
        }
    }
    assert_eq!(
        found, [""; 0],
        "versions and lints are written down in the root Cargo.toml"
    );
}
