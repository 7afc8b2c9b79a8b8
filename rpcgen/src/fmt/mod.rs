//! Formats interface files, both dialects.
//!
//! The formatter works on the text that its author wrote, not on what the preprocessor makes of
//! it. Comments, `%` lines and directives stay where they are, all branches of an `#if` are laid
//! out, and macros keep their names. So it refuses a file in which only the preprocessor makes a
//! definition whole.
//!
//! The style is that of RFC 5531, with four spaces: one member a line, `case` as deep as its
//! `union`, `name<bound>`, `T *name`, one blank line at most. Lines end where the AST says, spaces
//! are a matter of two neighbouring tokens, and lists that are too long for a line are broken at
//! their commas. `docs/language.md` has the whole of it.
//!
//! What is printed are the pieces of the input, one after the other, with other white space
//! between them. `same` compares the two texts all the same: a formatter that loses a comment is
//! worse than none.
//!
//! `element` cuts the text into tokens, comments and lines to keep; `plan` asks the AST where
//! lines begin; `layout` makes lines of elements, with `space` between them; `render` writes them.

mod element;
mod layout;
mod plan;
mod render;
mod same;
mod space;

use crate::{
    ast,
    diagnostic::{Code, Diagnostic, Diagnostics, Help},
    parse,
    preprocess::{self, Kind, Lexer},
    source::{FileId, FileTooLarge, SourceFile, SourceMap},
};
use layout::Layout;
use plan::Plan;
use same::Source;
use std::{error, fmt};

/// Columns that a line should not exceed.
const WIDTH_MAX: usize = 100;

/// Why a file cannot be formatted.
#[derive(Debug)]
pub enum FormatError {
    /// The file has faults.
    Faults(Vec<Diagnostic>),
    /// The file is too large to be read.
    TooLarge(FileTooLarge),
    /// The result would not say the same as the file: a fault of the formatter.
    Changed,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(_) => f.write_str("the file has errors"),
            Self::TooLarge(_) => f.write_str("the file is too large"),
            Self::Changed => f.write_str(
                "the formatter would change what the file says, so nothing is written; \
                 this is a fault of rpcgen, please report it",
            ),
        }
    }
}

impl error::Error for FormatError {}

/// The formatted text of an interface file, which is taken into `sources` under its name.
///
/// Bytes that are not UTF-8 may stand in comments, and stay as they are.
///
/// # Errors
///
/// The file has faults, or is too large.
pub fn format(name: String, bytes: &[u8], sources: &mut SourceMap) -> Result<Vec<u8>, FormatError> {
    let file = sources
        .add(name, bytes.to_vec(), None)
        .map_err(FormatError::TooLarge)?;
    let ast = parse(file, sources).map_err(FormatError::Faults)?;
    let text = &sources.file(file).text;
    let elements = element::elements(text);
    let plan = Plan::new(&ast, text, &elements);
    let lines = Layout::new(text, &elements, &plan).lines();
    let formatted = render::render(&lines, text, bytes);
    let formatted_text = SourceFile::new(String::new(), formatted.clone(), None).text;
    let input = Source { text, bytes };
    let output = Source {
        text: &formatted_text,
        bytes: &formatted,
    };
    if same::same(input, output, &plan) {
        Ok(formatted)
    } else {
        Err(FormatError::Changed)
    }
}

/// What the file says, without the preprocessor.
fn parse(file: FileId, sources: &SourceMap) -> Result<ast::File, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let text = preprocess::verbatim(file, sources, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics.into_sorted());
    }
    let parsed = parse::parse(&text, sources, &mut diagnostics);
    if !diagnostics.has_errors() {
        return Ok(parsed.file);
    }
    let mut faults = diagnostics.into_sorted();
    let mut pieces = Lexer::file(&sources.file(file).text);
    if let Some(fault) = faults.iter_mut().find(|fault| fault.code == Code::Syntax)
        && pieces.any(|piece| piece.kind == Kind::Directive)
    {
        fault.help.push(Help {
            message: PREPROCESSOR.to_owned(),
            fix: None,
        });
    }
    Err(faults)
}

const PREPROCESSOR: &str = "the formatter reads all branches of an `#if` and expands no macros: \
    each definition must be whole without them";
