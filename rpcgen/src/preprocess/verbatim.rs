//! A file as it was written, for the formatter.

use super::{
    Preprocessed,
    file::Source,
    lexer::{Kind, Lexer},
    nesting,
    origin::Output,
};
use crate::{
    diagnostic::Diagnostics,
    source::{FileId, SourceMap},
};

/// Blanks the comments, `%` lines and directives of a file, and leaves the rest as it is: no macro
/// is expanded, no file included, and all branches of an `#if` are kept. Each byte of the text has
/// the position that it has in the file.
pub fn verbatim(file: FileId, sources: &SourceMap, diagnostics: &mut Diagnostics) -> Preprocessed {
    let source = Source::new(file, sources.file(file));
    let mut output = Output::new(file);
    for piece in Lexer::file(&source.text) {
        if diagnostics.is_full() {
            break;
        }
        let span = source.span(piece.range());
        match piece.kind {
            Kind::Newline | Kind::Space | Kind::CLine | Kind::Directive => {
                output.blank(piece.text, span);
            }
            Kind::Comment => output.comment(piece.text, span),
            Kind::UnclosedComment => {
                output.blank(piece.text, span);
                source.unclosed_comment(piece.start, diagnostics);
            }
            Kind::Word | Kind::Number | Kind::Literal | Kind::Mark => {
                source.check_utf8(piece, diagnostics);
                output.copy(piece.text, span);
            }
        }
    }
    nesting::limit(&mut output, diagnostics);
    output.into()
}
