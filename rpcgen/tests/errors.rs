//! What the compiler says of faults: `errors/` has one code a file, and each file has a snapshot of
//! the messages.

#[path = "common/config.rs"]
mod config;

use insta::{assert_snapshot, glob};
use rpcgen::{
    Outcome, compile,
    diagnostic::{Code, Diagnostic, Severity},
    settings::Unmatched,
    source::{FileSystem, Loader, SourceMap},
};
use std::{fs, io, path::Path};

/// Reads the files of `errors/` by name alone, so that messages show no folder of this machine.
struct Fixtures;

impl Loader for Fixtures {
    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        FileSystem.load(&Path::new("tests/errors").join(path))
    }
}

#[test]
fn error() {
    glob!("errors/*.*", |path| {
        let name = file_name(path);
        let (diagnostics, rendered, rust) = compile_fixture(&name);
        let has_errors = diagnostics.iter().any(Diagnostic::is_error);
        assert_eq!(
            rust.is_none(),
            has_errors,
            "an error, and only an error, stops the compiler"
        );
        if let Some((code, _)) = name.split_once('_').filter(|(code, _)| is_code(code)) {
            assert!(
                rendered.contains(&format!("[{code}]")),
                "{name} does not show its code:\n{rendered}"
            );
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.bind(|| assert_snapshot!("error", rendered));
    });
}

#[test]
fn every_code_has_a_fixture() {
    let fixtures = fixtures();
    for code in Code::ALL {
        let prefix = format!("{}_", code.id());
        assert!(
            fixtures.iter().any(|name| name.starts_with(&prefix)),
            "errors/{prefix}….x is missing: each code needs a file that shows it"
        );
    }
}

#[test]
fn codes_say_how_bad_they_are() {
    for code in Code::ALL {
        let letter = match code.severity() {
            Severity::Error => "E",
            Severity::Warning => "W",
            Severity::Note => "N",
        };
        assert!(code.id().starts_with(letter), "{code} is not {letter}");
    }
}

#[test]
fn five_faults_are_five_errors_in_one_run() {
    let (diagnostics, rendered, _) = compile_fixture("many_faults.x");
    let errors = diagnostics.iter().filter(|one| one.is_error()).count();
    assert_eq!(errors, 5, "{rendered}");
}

#[test]
fn fixes_mend_what_they_are_for() {
    let mut count = 0;
    for name in fixtures() {
        let bytes = fs::read(Path::new("tests/errors").join(&name)).expect("it can be read");
        let (sources, outcome) = compile_text(&name, bytes.clone());
        for fault in &outcome.diagnostics {
            let fixes = fault.help.iter();
            let fixes = fixes.filter_map(|help| help.applicable_fix(&sources));
            // A file that is imported is mended for itself.
            for fix in fixes.filter(|fix| sources.file(fix.span.file).name == name) {
                let mut mended = bytes.clone();
                let range = fix.span.start as usize..fix.span.end as usize;
                mended.splice(range, fix.replacement.bytes());
                let (_, after) = compile_text(&name, mended);
                let times = |outcome: &Outcome| {
                    let same = |one: &&Diagnostic| one.message == fault.message;
                    outcome.diagnostics.iter().filter(same).count()
                };
                assert!(times(&after) < times(&outcome), "{name}: {fault:?}");
                count += 1;
            }
        }
    }
    assert!(count >= 10, "{count} fixes");
}

#[test]
fn what_a_macro_stands_for_is_not_changed() {
    let text = "#define COORDINATE pint\nstruct point { COORDINATE *x; };\n";
    let (sources, outcome) = compile_text("macro.x", text.into());
    let fault = &outcome.diagnostics[0];
    assert!(fault.help[0].fix.is_some(), "`pint` is nearly `point`");
    assert_eq!(fault.help[0].applicable_fix(&sources), None);
    let rendered = fault.render(&sources, false);
    assert!(
        rendered.ends_with("= help: did you mean `point`?"),
        "{rendered}"
    );
}

#[test]
fn a_long_line_is_not_drawn_for_its_fix() {
    let text = format!(
        "struct point {{ int x; }}; {} struct a {{ pint x; }};",
        " ".repeat(5000)
    );
    let (sources, outcome) = compile_text("long.x", text.into());
    let rendered = outcome.diagnostics[0].render(&sources, false);
    assert!(
        rendered.ends_with("= help: did you mean `point`?"),
        "{rendered}"
    );
    assert!(rendered.len() < 1000, "{} bytes", rendered.len());
}

fn compile_fixture(name: &str) -> (Vec<Diagnostic>, String, Option<String>) {
    let bytes = fs::read(Path::new("tests/errors").join(name)).expect("the fixture can be read");
    let (sources, outcome) = compile_text(name, bytes);
    let unmatched = config::config(name).types.unmatched(&outcome.selected);
    let rendered: Vec<String> = outcome
        .diagnostics
        .iter()
        .map(|one| one.render(&sources, false))
        .chain(unmatched.iter().map(Unmatched::to_string))
        .collect();
    (outcome.diagnostics, rendered.join("\n"), outcome.rust)
}

fn compile_text(name: &str, bytes: Vec<u8>) -> (SourceMap, Outcome) {
    let mut sources = SourceMap::default();
    let file = sources
        .add(name.to_owned(), bytes, None)
        .expect("the fixture is small");
    let outcome = compile(file, &mut sources, &Fixtures, &config::config(name));
    (sources, outcome)
}

/// The names of all fixtures; folders have what these import.
fn fixtures() -> Vec<String> {
    let entries = fs::read_dir("tests/errors").expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.is_file())
        .map(|path| file_name(&path))
        .collect()
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word[1..].chars().all(|c| c.is_ascii_digit())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .expect("a file")
        .to_string_lossy()
        .into_owned()
}
