//! What the compiler makes of each feature of the language: `idl/` has one feature a file, and each
//! file has a snapshot of its AST, its model and its stubs.

#[path = "common/config.rs"]
mod config;

use insta::{assert_debug_snapshot, assert_snapshot, glob};
use rpcgen::{
    Config, Regenerate, analyse, compile,
    diagnostic::Diagnostics,
    parse, preprocess,
    source::{FileId, FileSystem, Loader, SourceMap},
};
use std::{fs, io, path::Path};

#[test]
fn ast() {
    each_input(|sources, file| {
        let mut diagnostics = Diagnostics::default();
        let options = preprocess::Options::default();
        let text = preprocess::preprocess(file, sources, &Inputs, &options, &mut diagnostics);
        let parsed = parse::parse(&text, sources, &mut diagnostics);
        assert_eq!(diagnostics.into_sorted(), []);
        assert_debug_snapshot!("ast", parsed.file);
    });
}

#[test]
fn model() {
    each_input(|sources, file| {
        let mut diagnostics = Diagnostics::default();
        let config = config(sources, file);
        let model = analyse(file, sources, &Inputs, &config, &mut diagnostics);
        assert_debug_snapshot!("model", model.expect("the input has no errors"));
    });
}

#[test]
fn stubs() {
    each_input(|sources, file| {
        let config = Config {
            regenerate: Regenerate::All("cargo test".to_owned()),
            ..config(sources, file)
        };
        let outcome = compile(file, sources, &Inputs, &config);
        let rust = outcome.rust.expect("the input has no errors");
        check_rust(&rust);
        assert_snapshot!("stubs", rust);
        for import in outcome.imports {
            check_rust(&import.rust);
            let stem = Path::new(&import.source).file_stem().unwrap_or_default();
            assert_snapshot!(format!("import_{}", stem.display()), import.rust);
        }
    });
}

fn check_rust(rust: &str) {
    assert!(
        syn::parse_file(rust).is_ok(),
        "the stubs are not Rust:\n{rust}"
    );
    assert!(
        rust.lines().count() <= 450,
        "the input is too big to be read as a snapshot"
    );
}

fn config(sources: &SourceMap, file: FileId) -> Config {
    config::config(&sources.file(file).name)
}

/// Reads the files of `idl/` by name alone, so that snapshots show no folder of this machine.
struct Inputs;

impl Loader for Inputs {
    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        FileSystem.load(&Path::new("tests/idl").join(path))
    }
}

/// Calls `check` for each file of `idl/`, with the text of the file in the snapshot.
fn each_input(check: impl Fn(&mut SourceMap, FileId)) {
    glob!("idl/*.*", |path| {
        let text = fs::read_to_string(path).expect("the input can be read");
        let mut sources = SourceMap::default();
        let file = sources.add(name(path), text.clone().into_bytes(), None);
        let settings = {
            let mut settings = insta::Settings::clone_current();
            settings.set_description(text);
            settings.set_omit_expression(true);
            settings
        };
        settings.bind(|| check(&mut sources, file.expect("the input is small")));
    });
}

fn name(path: &Path) -> String {
    path.file_name()
        .expect("a file")
        .to_string_lossy()
        .into_owned()
}
