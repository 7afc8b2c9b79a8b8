//! The compiler as a library.

use rpcgen::{Config, Outcome, compile, source::FileSystem, source::SourceMap};

/// Compiles this text as a file of this name.
#[must_use]
pub fn compile_text(name: &str, text: impl Into<Vec<u8>>) -> Outcome {
    let mut sources = SourceMap::default();
    let file = sources.add(name.to_owned(), text.into(), None).unwrap();
    compile(file, &mut sources, &FileSystem, &Config::default())
}
