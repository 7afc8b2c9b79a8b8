//! The text as what is printed: tokens, comments, lines to keep.

use crate::preprocess::{Kind as PieceKind, Lexer, Piece};
use std::ops::Range;

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, a number, a string, a sign.
    Token,
    /// `/* … */` in one line.
    Comment,
    /// `/* … */` in several lines.
    LongComment,
    /// `// …`
    LineComment,
    /// A directive or a `%` line, with the blanks before it.
    KeptLine,
}

/// A piece of the text that is printed.
#[derive(Debug)]
pub(super) struct Element {
    /// What it is.
    pub(super) kind: Kind,
    /// Its place in the text.
    pub(super) range: Range<usize>,
    /// The ends of lines between the element before and this one.
    pub(super) newlines: usize,
}

impl Element {
    /// Whether it is a comment of any form.
    pub(super) fn is_comment(&self) -> bool {
        matches!(
            self.kind,
            Kind::Comment | Kind::LongComment | Kind::LineComment
        )
    }

    /// Whether it is a directive or a `%` line.
    pub(super) fn is_kept(&self) -> bool {
        self.kind == Kind::KeptLine
    }

    /// Whether it is a token.
    pub(super) fn is_token(&self) -> bool {
        self.kind == Kind::Token
    }
}

/// The elements of a text, in order.
pub(super) fn elements(text: &str) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let mut newlines = 0;
    let mut blanks = None;
    for piece in Lexer::file(text) {
        match piece.kind {
            PieceKind::Newline => {
                newlines += 1;
                blanks = Some(piece.range().end);
                continue;
            }
            PieceKind::Space => continue,
            _ => {}
        }
        if is_second_colon(text, elements.last(), &piece) {
            if let Some(colon) = elements.last_mut() {
                colon.range.end += 1;
            }
            continue;
        }
        let kind = kind(&piece);
        let mut range = piece.range();
        match kind {
            Kind::KeptLine => {
                range.start = blanks.unwrap_or(range.start);
                // A `\` at the end of the file continues the line with nothing.
                let is_last = range.end == text.len();
                let ends: &[char] = if is_last { &['\r', '\n'] } else { &['\r'] };
                range.end = range.start + trimmed_len(text, &range, ends);
            }
            Kind::LineComment => range.end = range.start + trimmed_len(text, &range, BLANKS),
            _ => {}
        }
        elements.push(Element {
            kind,
            range,
            newlines,
        });
        (newlines, blanks) = (0, None);
    }
    elements
}

const BLANKS: &[char] = &[' ', '\t', '\r'];

fn trimmed_len(text: &str, range: &Range<usize>, blanks: &[char]) -> usize {
    let text = text.get(range.clone()).unwrap_or_default();
    text.trim_end_matches(blanks).len()
}

/// `::` is one token of the grammar, and two signs of the preprocessor.
fn is_second_colon(text: &str, last: Option<&Element>, piece: &Piece<'_>) -> bool {
    piece.text == ":"
        && last.is_some_and(|last| {
            last.range.end == piece.start && text.get(last.range.clone()) == Some(":")
        })
}

fn kind(piece: &Piece<'_>) -> Kind {
    match piece.kind {
        PieceKind::CLine | PieceKind::Directive => Kind::KeptLine,
        PieceKind::Comment | PieceKind::UnclosedComment => {
            if piece.text.starts_with("//") {
                Kind::LineComment
            } else if piece.text.contains('\n') {
                Kind::LongComment
            } else {
                Kind::Comment
            }
        }
        _ => Kind::Token,
    }
}

/// The column of a byte of a text, counted from 0.
pub(super) fn column(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    width(before.get(line..).unwrap_or_default())
}

/// The columns of the start of a line.
pub(super) fn width(text: &str) -> usize {
    text.chars().fold(0, |column, c| match c {
        '\t' => (column / TAB + 1) * TAB,
        '\u{feff}' => column,
        _ => column + 1,
    })
}

/// Columns of a tab, as terminals and the authors of interface files have them.
const TAB: usize = 8;
