//! Whether two texts say the same.

use super::plan::Plan;
use crate::preprocess::{Kind, Lexer, Piece};
use std::iter;

/// A text, and the bytes behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// The text, in which `?` stands for each byte that is not UTF-8.
    pub(super) text: &'a str,
    /// The bytes; they have the positions of the text.
    pub(super) bytes: &'a [u8],
}

/// Whether the tokens, comments, directives and `%` lines of two texts are the same, but for the
/// brackets of `interface < … >` and white space at the ends of their lines.
pub(super) fn same(input: Source<'_>, output: Source<'_>, plan: &Plan) -> bool {
    let mut pieces = pieces(output);
    for (piece, bytes) in self::pieces(input) {
        let spelling = plan.spelling(piece.start, piece.text).as_bytes();
        let expected = if piece.kind == Kind::Mark {
            spelling
        } else {
            bytes
        };
        let is_same = pieces.next().is_some_and(|(other, bytes)| {
            other.kind == piece.kind
                && contents(piece.kind, expected).eq(contents(other.kind, bytes))
        });
        if !is_same {
            return false;
        }
    }
    pieces.next().is_none()
}

fn pieces(source: Source<'_>) -> impl Iterator<Item = (Piece<'_>, &[u8])> {
    Lexer::file(source.text)
        .filter(|piece| !matches!(piece.kind, Kind::Space | Kind::Newline))
        .map(move |piece| (piece, source.bytes.get(piece.range()).unwrap_or_default()))
}

/// What counts of each line of a piece.
fn contents(kind: Kind, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.trim_ascii_end();
    let is_comment = matches!(kind, Kind::Comment);
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let first = lines.next().map(<[u8]>::trim_ascii_end);
    first.into_iter().chain(iter::from_fn(move || {
        let line = lines.next()?.trim_ascii_end();
        Some(if is_comment {
            line.trim_ascii_start()
        } else {
            line
        })
    }))
}
