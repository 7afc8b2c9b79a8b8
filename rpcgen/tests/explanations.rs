//! What `rpcgen explain` says of each code: its examples are compiled.

use rpcgen::{
    Config, compile,
    diagnostic::Code,
    settings::Setting,
    source::{Loader, SourceMap},
};
use std::{io, path::Path};

/// A piece of Markdown between ```` ```INFO ```` and ```` ``` ````.
struct Example {
    /// `x` or `idl`.
    extension: &'static str,
    /// `wrong`, `right`, or the name of a file that another example reads.
    role: &'static str,
    text: String,
}

/// The examples of one explanation.
struct Examples(Vec<Example>);

/// Gives an example itself, and the files that others of its explanation stand for.
struct Files<'a> {
    examples: &'a Examples,
    itself: &'a Example,
}

impl Loader for Files<'_> {
    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = path.to_string_lossy();
        let mut others = self.examples.with_role(&path);
        let itself = (path == self.itself.file()).then_some(self.itself);
        let example = itself.or_else(|| others.next());
        example
            .map(|one| bytes(&one.text))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Example {
    fn file(&self) -> String {
        format!("example.{}", self.extension)
    }
}

impl Examples {
    fn of(code: Code) -> Self {
        let mut examples = Vec::new();
        let mut parts = code.explanation().split("```");
        parts.next();
        while let (Some(example), Some(_)) = (parts.next(), parts.next()) {
            let (info, text) = example.split_once('\n').expect("a fence has a line");
            let (extension, role) = info.split_once(' ').expect("`x wrong`, or the like");
            assert!(["x", "idl"].contains(&extension), "{code}: {info}");
            examples.push(Example {
                extension,
                role,
                text: text.to_owned(),
            });
        }
        Self(examples)
    }

    /// Whether an example becomes Rust, and the codes of its faults.
    fn compile(&self, example: &Example, config: &Config) -> (bool, Vec<Code>) {
        let mut sources = SourceMap::default();
        let file = sources
            .add(example.file(), bytes(&example.text), None)
            .expect("the example is small");
        let files = Files {
            examples: self,
            itself: example,
        };
        let outcome = compile(file, &mut sources, &files, config);
        let mut codes: Vec<Code> = outcome.diagnostics.iter().map(|one| one.code).collect();
        if !config.types.unmatched(&outcome.selected).is_empty() {
            codes.push(Code::UnmatchedSelector);
        }
        (outcome.rust.is_some(), codes)
    }

    fn with_role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Example> {
        self.0.iter().filter(move |one| one.role == role)
    }
}

/// The text with `\xE9` as that byte, which no Markdown file could have.
fn bytes(text: &str) -> Vec<u8> {
    let parts: Vec<&[u8]> = text.split("\\xE9").map(str::as_bytes).collect();
    parts.join(&0xE9)
}

#[test]
fn explanations_say_what_they_explain() {
    for code in Code::ALL {
        let text = code.explanation();
        let title = format!("# {code}: ");
        assert!(text.starts_with(&title), "{code} starts with `{title}…`");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{code}");
        let is_short = text.lines().all(|line| line.len() <= 100);
        assert!(is_short, "{code}: lines have at most 100 bytes");
    }
}

#[test]
fn wrong_examples_have_the_fault() {
    for &code in Code::ALL {
        let examples = Examples::of(code);
        assert!(
            examples.with_role("wrong").count() > 0,
            "{code}: no example"
        );
        for example in examples.with_role("wrong") {
            let (_, found) = examples.compile(example, &config(code));
            assert!(found.contains(&code), "{code}: the example has {found:?}");
        }
    }
}

#[test]
fn right_examples_have_no_fault() {
    for &code in Code::ALL {
        let examples = Examples::of(code);
        for example in examples.with_role("right") {
            let (has_rust, found) = examples.compile(example, &config(code));
            let is_good = has_rust && !found.contains(&code);
            assert!(is_good, "{code}: the right example has {found:?}");
        }
    }
}

/// The settings that the examples of a code are compiled with.
fn config(code: Code) -> Config {
    let mut config = Config::default();
    if code == Code::UnmatchedSelector {
        let selector = "color".parse().expect("a selector");
        config.types.add(selector, Setting::OpenEnum);
    }
    config
}
