//! What must not know what (`docs/architecture.md`): the never-arrows, each as a test.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{env, process::Command};

use tests::{
    process, repository,
    sources::{Source, files, rust_files},
};

/// The packages that a package is built with, one a line, without those of its tests.
fn dependencies(package: &[&str]) -> String {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "tree",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    cargo.arg("--package").args(package);
    process::run(cargo.current_dir(repository::root()))
}

fn assert_depends_on_none(package: &[&str], forbidden: &[&str], advice: &str) {
    let tree = dependencies(package);
    let found: Vec<&str> = tree
        .lines()
        .skip(1)
        .filter(|line| {
            line.split(' ')
                .next()
                .is_some_and(|name| forbidden.contains(&name))
        })
        .collect();
    assert_eq!(found, [""; 0], "{package:?}: {advice}");
}

/// Files without tests, in a folder, for which this holds.
fn code_files(folder: &str, is_meant: impl Fn(&str) -> bool) -> Vec<Source> {
    let mut files = rust_files(folder);
    files.retain(|file| !file.is_test() && is_meant(&file.path));
    assert!(!files.is_empty());
    files
}

fn assert_mention_none(files: &[Source], words: &[&str], advice: &str) {
    let found: Vec<String> = files.iter().flat_map(|file| file.mentions(words)).collect();
    assert_eq!(found, [""; 0], "{advice}");
}

const SOCKETS: [&str; 5] = [
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
];

#[test]
fn compiler_library_depends_on_no_runtime() {
    let package = ["rpcgen", "--no-default-features"];
    let runtime = ["rpc-xdr", "rpc-runtime", "tokio", "clap", "serde_json"];
    let advice = "the library only names `::xdr` and `::rpc_runtime` in what it prints; \
        what needs them, or the command line, belongs into src/cli behind the feature `cli`";
    assert_depends_on_none(&package, &runtime, advice);
}

#[test]
fn xdr_knows_no_rpc_no_sockets_and_no_clock() {
    let advice = "xdr is `no_std` and turns values into bytes; move this to rpc-runtime";
    assert_depends_on_none(&["rpc-xdr"], &["tokio", "rpc-runtime", "fastrand"], advice);
    let files = code_files("xdr/src", |_| true);
    let words = ["std", "tokio", "rpc_runtime", "Instant", "SystemTime"];
    assert_mention_none(&files, &words, advice);
    assert_mention_none(&files, &SOCKETS, advice);
    let lib = files.iter().find(|file| file.path == "xdr/src/lib.rs");
    assert!(lib.unwrap().text.contains("#![no_std]"), "{advice}");
}

#[test]
fn protocol_core_knows_no_sockets_no_clock_and_no_chance() {
    let is_core = |path: &str| {
        let drivers = ["rpc-runtime/src/net", "rpc-runtime/src/blocking"];
        !drivers.iter().any(|driver| path.starts_with(driver))
    };
    let files = code_files("rpc-runtime/src", is_core);
    let advice = "outside of src/net and src/blocking take `now` and bytes as arguments, and give back what is to \
        be done: the core is sans-IO";
    assert_mention_none(&files, &SOCKETS, advice);
    let words = [
        "tokio",
        "fastrand",
        "Instant::now",
        "SystemTime",
        "thread::spawn",
        "thread::sleep",
        "RandomState",
    ];
    assert_mention_none(&files, &words, advice);
}

#[test]
fn protocol_core_builds_without_tokio() {
    let package = ["rpc-runtime", "--no-default-features"];
    let advice = "make this dependency optional, and a part of the feature `net`";
    assert_depends_on_none(&package, &["tokio", "mio", "socket2", "fastrand"], advice);
}

#[test]
fn blocking_client_has_no_runtime_and_no_threads() {
    let package = [
        "rpc-runtime",
        "--no-default-features",
        "--features",
        "blocking",
    ];
    let advice = "the blocking client is for programs without a runtime: its callers do the work";
    assert_depends_on_none(&package, &["tokio", "mio", "futures"], advice);
    let files = code_files("rpc-runtime/src", |path| {
        path.starts_with("rpc-runtime/src/blocking")
    });
    let words = [
        "tokio",
        "thread::spawn",
        "thread::Builder",
        "async",
        "crate::net",
    ];
    assert_mention_none(&files, &words, advice);
}

#[test]
fn generated_code_names_three_crates() {
    let advice = "generated code names only `::core`, `::xdr` and `::rpc_runtime`; let one of the \
        last two re-export what is needed";
    let snapshots = files("rpcgen/tests/snapshots", &["snap"]);
    // These are there to show other paths, and other spellings.
    let others = ["stubs@crates.x", "stubs@names_preserved"];
    let stubs = snapshots.iter().filter(|file| {
        file.path.contains("stubs@") && !others.iter().any(|other| file.path.contains(other))
    });
    let mut found = Vec::new();
    for file in stubs {
        let code = file
            .code()
            .filter(|(_, line)| !line.starts_with("description:"));
        for (number, line) in code {
            let foreign = path_roots(line).filter(|root| !is_allowed_root(root));
            found.extend(foreign.map(|root| format!("{}:{number}: {root}", file.path)));
        }
    }
    assert_eq!(found, [""; 0], "{advice}");
}

/// The first names of the absolute paths in a line, `::NAME::…`, and those of paths that look like
/// one of a crate, `name::…`.
fn path_roots(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices("::").filter_map(move |(at, _)| {
        let (before, after) = (&line[..at], &line[at + 2..]);
        let end = after.find(|letter| !is_part(letter)).unwrap_or(after.len());
        let start = before
            .rfind(|letter| !is_part(letter))
            .map_or(0, |space| space + 1);
        match &before[start..] {
            // Generic arguments: `parse::<T>`.
            _ if after.starts_with('<') => None,
            // Behind a type: `Vec<T>::new`.
            "" if before.ends_with('>') => None,
            "" => Some(&after[..end]),
            // In the middle of a path.
            _ if before[..start].ends_with("::") => None,
            name => Some(name),
        }
    })
}

/// The three crates, names of the file itself, types, and the tool whose lints are excepted.
fn is_allowed_root(root: &str) -> bool {
    let is_type = root.starts_with(char::is_uppercase);
    let own = [
        "super",
        "self",
        "procedures",
        "waiting",
        "blocking",
        "i32",
        "u32",
    ];
    let crates = ["core", "xdr", "rpc_runtime"];
    is_type || own.contains(&root) || crates.contains(&root) || root == "clippy"
}

#[test]
fn path_roots_are_found() {
    let roots = |line| path_roots(line).collect::<Vec<_>>();
    assert_eq!(roots("a: ::xdr::Vec<::core::u8>"), ["xdr", "core"]);
    assert_eq!(roots("std::fs::read(x.parse::<u8>())"), ["std"]);
    assert_eq!(roots("super::super::Name::from(1)"), ["super"]);
    assert!(!is_allowed_root("std") && is_allowed_root("Vec"));
}

#[test]
fn syntax_tree_knows_no_parser() {
    let is_ast = |path: &str| path == "rpcgen/src/ast.rs" || path.starts_with("rpcgen/src/ast/");
    let files = code_files("rpcgen/src", is_ast);
    let advice = "the AST mirrors the text and has not heard of pest: convert in src/parse";
    assert_mention_none(&files, &["pest", "Rule", "Pair", "Pairs"], advice);
}

#[test]
fn grammar_rules_stay_in_the_parser() {
    let files = code_files("rpcgen/src", |path| !path.starts_with("rpcgen/src/parse"));
    let advice = "only src/parse says `Rule`; give the rest of the compiler AST nodes";
    assert_mention_none(&files, &["Rule", "pest"], advice);
}

#[test]
fn code_generation_reads_the_model_only() {
    let files = code_files("rpcgen/src/codegen", |_| true);
    let advice = "codegen turns the model into syntax: put what it needs of the text or the AST \
        into the model, in src/resolve";
    let words = [
        "ast",
        "source",
        "preprocess",
        "parse::",
        "fs",
        "env",
        "SourceMap",
    ];
    assert_mention_none(&files, &words, advice);
}

#[test]
fn two_modules_touch_files() {
    let is_other = |path: &str| {
        let may = [
            "rpcgen/src/source.rs",
            "rpcgen/src/output.rs",
            "rpcgen/src/main.rs",
        ];
        !may.contains(&path) && !path.starts_with("rpcgen/src/cli")
    };
    let files = code_files("rpcgen/src", is_other);
    let advice = "only `source` reads files, through a loader, and only `output` writes them";
    let words = ["std::fs", "fs", "File::open", "OpenOptions", "read_dir"];
    assert_mention_none(&files, &words, advice);
}

/// `builder.rs` is the exception: a build script is told where to write by `OUT_DIR`, and tells
/// Cargo what it read on standard output.
#[test]
fn command_alone_touches_environment_and_standard_output() {
    let is_library = |path: &str| {
        let may = ["rpcgen/src/main.rs", "rpcgen/src/builder.rs"];
        !may.contains(&path) && !path.starts_with("rpcgen/src/cli")
    };
    let files = code_files("rpcgen/src", is_library);
    let advice = "the library gets settings as `Config` and gives back what it found; \
        src/cli reads the environment and prints";
    let words = [
        "std::env",
        "env::",
        "print!",
        "println!",
        "eprint!",
        "eprintln!",
        "stdout",
        "stderr",
    ];
    assert_mention_none(&files, &words, advice);
}
