//! The built-in C preprocessor.
//!
//! C `rpcgen` sends its input through `cpp`, and interface files rely on it: they ask for
//! `RPC_HDR`, define constants as macros, include each other. This module does what such files
//! need, without a C compiler in the house:
//!
//! - Lines that begin with `%` go to the C compiler as they are: they are taken out, before
//!   anything else looks at them, with the lines that a `\` adds to them. Only what they include and
//!   define is remembered.
//! - `#if`, `#ifdef`, `#ifndef`, `#elif`, `#else`, `#endif`, `#define` without parameters,
//!   `#undef`, `#include`, `#error`. All other directives that C knows change nothing here. Line
//!   markers (`# 12 "calc.x"`) change nothing either: places are those in the file that was read.
//! - `RPC_HDR` is defined, as for the header that C `rpcgen` writes: it has all definitions.
//!   `RPCGEN_RS` is defined to tell this compiler from others.
//!
//! What is taken out is blanked at equal length, and an [`OriginMap`] knows where the rest comes
//! from, so that every place in a diagnostic is one in a file. The text that results has `\n` and
//! ` ` as its only white space outside of strings, and is nested no deeper than the parser's stack
//! allows. Every step is linear in its input, and every loop that a file can make long is limited.
//!
//! `lexer` cuts a file into pieces and `file` handles each: `directive`, `conditionals`,
//! `condition` and `include` for directives, `macros` for names. `origin` has the output, and
//! `nesting` looks at it last. `verbatim` is for the formatter, which wants to see what was written.

mod condition;
mod conditionals;
mod directive;
mod file;
mod include;
mod lexer;
mod macros;
mod nesting;
mod origin;
#[cfg(test)]
mod tests;
mod verbatim;

pub(crate) use include::{not_found, too_large, unreadable};
pub(crate) use lexer::{Kind, Lexer, Piece};
pub use origin::OriginMap;
pub use verbatim::verbatim;

use crate::{
    diagnostic::Diagnostics,
    source::{FileId, Loader, SourceMap, Span},
};
use file::Preprocessor;
use include::Includer;
use macros::Macros;
use origin::Output;
use std::{ops::Range, path::PathBuf};

/// What the command line says to the preprocessor.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folders in which an `#include` is looked for, behind that of the including file.
    pub include_paths: Vec<PathBuf>,
    /// Macros and their values.
    pub defines: Vec<(String, String)>,
}

/// An interface file with all that it includes, ready for the parser.
#[derive(Debug)]
pub struct Preprocessed {
    /// The text: comments, `%` lines and directives are blank, macros are expanded.
    pub text: String,
    /// Where each byte of the text comes from.
    pub origins: OriginMap,
    /// The comments of the text, in its order.
    pub comments: Vec<Comment>,
    /// What `%#include` lines name, in the order of the text.
    pub c_includes: Vec<CInclude>,
    /// Macros that a C program would see, in the order of their definitions.
    pub macros: Vec<MacroConstant>,
}

/// A macro that may stand for a number: by `#define` or by `%#define`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroConstant {
    /// The name.
    pub name: String,
    /// What it stands for.
    pub value: String,
    /// Name and value.
    pub span: Span,
}

/// An `#include` in code for the C compiler: a C header, perhaps that of another interface file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CInclude {
    /// The name between the delimiters.
    pub name: String,
    /// Where it stands, with the delimiters.
    pub span: Span,
}

/// A comment, of either form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Where it stood in the preprocessed text, which is blank there.
    pub range: Range<usize>,
    /// The comment with its delimiters, in its file.
    pub span: Span,
}

/// Preprocesses a file; faults go to `diagnostics`, and included files to `sources`.
pub fn preprocess(
    root: FileId,
    sources: &mut SourceMap,
    loader: &dyn Loader,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Preprocessed {
    let mut preprocessor = Preprocessor {
        includer: Includer::new(loader, &options.include_paths),
        macros: initial_macros(options),
        output: Output::new(root),
        sources,
        diagnostics,
    };
    preprocessor.file(root);
    let Preprocessor {
        mut output, macros, ..
    } = preprocessor;
    output.macros.extend(macros.into_constants());
    output.macros.sort_by_key(|found| found.span);
    nesting::limit(&mut output, diagnostics);
    output.into()
}

/// The tokens of a text, without comments and white space.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let pieces = Lexer::fragment(text).filter(|piece| !piece.is_space());
    pieces.map(|piece| piece.text)
}

/// The names in the value of a macro.
pub(crate) fn names(value: &str) -> impl Iterator<Item = &str> {
    let words = Lexer::tokens(value).filter(|piece| piece.kind == Kind::Word);
    words.map(|piece| piece.text)
}

/// The number that an expression stands for, given the numbers of its names.
pub(crate) fn evaluate(expression: &str, value: &dyn Fn(&str) -> Option<i128>) -> Option<i128> {
    condition::constant(expression, value)
}

fn initial_macros(options: &Options) -> Macros {
    let mut macros = Macros::default();
    for name in PREDEFINED {
        macros.define(name, "1", None);
    }
    for (name, value) in &options.defines {
        macros.define(name, &directive::uncommented(value), None);
    }
    macros
}

/// Macros that are 1 in every file.
const PREDEFINED: [&str; 2] = ["RPC_HDR", "RPCGEN_RS"];

/// Text of a file as a message shows it: in one line, without control characters, and not all of
/// a megabyte.
fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(CHARACTERS_MAX).collect()
}
