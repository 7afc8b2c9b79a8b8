//! What holds of any input whatever. The fuzz targets in `fuzz/` look for one of which it does not,
//! and a test tries again what they found.

use std::{io, path::Path};

use rpcgen::{
    Config,
    diagnostic::{Diagnostic, Diagnostics},
    fmt::{self, FormatError},
    preprocess,
    source::{FileId, Loader, SourceMap},
};

/// Files that an input can include: itself, and one that exists.
struct Library<'a>(&'a [u8]);

/// An interface file that includes the input, in case that it includes this one.
const OTHER: &str = "#include \"fuzz.x\"\n%#include \"fuzz.h\"\nconst OTHER = 7;\n\
                     struct other { int value; };\n";

impl Loader for Library<'_> {
    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("fuzz.x" | "fuzz.idl") => Ok(self.0.to_vec()),
            Some("other.x") => Ok(OTHER.into()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// The input as a file of the dialect that it looks like.
fn file(input: &[u8]) -> (SourceMap, FileId) {
    let has_interface = input.windows(9).any(|word| word == b"interface");
    let name = if has_interface { "fuzz.idl" } else { "fuzz.x" };
    let mut sources = SourceMap::default();
    let file = sources.add(name.to_owned(), input.to_vec(), None).unwrap();
    (sources, file)
}

/// Every letter in what the preprocessor makes of the input is in a file; a blank may stand for a
/// part of one.
pub fn preprocess(input: &[u8]) {
    let (mut sources, file) = file(input);
    let mut diagnostics = Diagnostics::default();
    let options = preprocess::Options::default();
    let library = Library(input);
    let made = preprocess::preprocess(file, &mut sources, &library, &options, &mut diagnostics);
    let letters = made.text.char_indices();
    for (start, letter) in letters.filter(|(_, letter)| !letter.is_whitespace()) {
        let span = made.origins.span(start..start + letter.len_utf8());
        let text = &sources.file(span.file).text;
        assert!(text.get(span.start as usize..span.end as usize).is_some());
    }
    for comment in &made.comments {
        assert!(sources.text(comment.span).starts_with('/'));
        assert!(made.text[comment.range.clone()].trim().is_empty());
    }
    show(diagnostics.into_sorted(), &sources);
}

/// The input has a meaning, or errors that can be shown.
pub fn analyse(input: &[u8]) {
    let (mut sources, file) = file(input);
    let mut diagnostics = Diagnostics::default();
    let library = Library(input);
    let config = Config::default();
    let model = rpcgen::analyse(file, &mut sources, &library, &config, &mut diagnostics);
    assert_ne!(model.is_some(), diagnostics.has_errors());
    show(diagnostics.into_sorted(), &sources);
}

/// What is generated for the input is Rust.
pub fn compile(input: &[u8]) {
    let (mut sources, file) = file(input);
    let config = Config::default();
    let outcome = rpcgen::compile(file, &mut sources, &Library(input), &config);
    let has_errors = outcome.diagnostics.iter().any(Diagnostic::is_error);
    assert_ne!(outcome.rust.is_some(), has_errors);
    if let Some(rust) = outcome.rust {
        let parsed = syn::parse_file(&rust);
        assert!(parsed.is_ok(), "not Rust:\n{rust}");
    }
}

/// What has no faults can be formatted, and what is formatted stays as it is.
pub fn format(input: &[u8]) {
    if let Ok(once) = formatted(input) {
        let twice = formatted(&once);
        assert!(twice.is_ok_and(|twice| twice == once));
    }
}

fn formatted(input: &[u8]) -> Result<Vec<u8>, FormatError> {
    let result = fmt::format("fuzz.x".to_owned(), input, &mut SourceMap::default());
    let is_changed = matches!(result, Err(FormatError::Changed));
    assert!(!is_changed, "something is lost");
    result
}

/// Draws what was found; it is in the files that it says it is in.
fn show(diagnostics: Vec<Diagnostic>, sources: &SourceMap) {
    for diagnostic in diagnostics {
        let others = diagnostic.secondary.iter();
        for label in others.chain([&diagnostic.primary]) {
            let text = &sources.file(label.span.file).text;
            let range = label.span.start as usize..label.span.end as usize;
            assert!(text.get(range).is_some(), "{diagnostic:?}");
        }
        assert!(!diagnostic.render(sources, false).is_empty());
    }
}
