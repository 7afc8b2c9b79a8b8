//! The parts of a directive.

use super::lexer::{Kind, Lexer, Piece};
use std::ops::Range;

/// A directive, cut into name and argument.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    /// `define` in `# define N 16`, `12` in `# 12 "calc.x"`, and empty in a lone `#`.
    pub(super) name: &'a str,
    /// Where `#` and the name stand in the file.
    pub(super) head: Range<usize>,
    /// What follows the name. A comment is one blank here, and so is the end of a line.
    pub(super) argument: String,
    /// Where that stands in the file.
    pub(super) argument_range: Range<usize>,
    /// Where a comment opens that is not closed.
    pub(super) unclosed_comment: Option<Range<usize>>,
}

impl<'a> Directive<'a> {
    /// Cuts the directive of a file that stands in a piece of it.
    pub(super) fn parse(file: &'a str, piece: &Piece<'_>) -> Self {
        let range = piece.range();
        let mut pieces = Lexer::directive(file, range.clone());
        let mut directive = Self {
            name: "",
            head: range.start..range.start + 1,
            argument: String::new(),
            argument_range: 0..0,
            unclosed_comment: None,
        };
        if let Some(name) = pieces.find(|piece| directive.note_unclosed(piece) || !piece.is_space())
            && directive.unclosed_comment.is_none()
        {
            directive.name = name.text;
            directive.head.end = name.range().end;
        }
        directive.argument_range = directive.head.end..directive.head.end;
        for piece in pieces {
            directive.add(piece);
        }
        directive
            .argument
            .truncate(directive.argument.trim_end().len());
        directive
    }

    fn add(&mut self, piece: Piece<'_>) {
        self.note_unclosed(&piece);
        let range = piece.range();
        if !piece.is_space() {
            if self.argument.is_empty() {
                self.argument_range.start = range.start;
            }
            self.argument_range.end = range.end;
        } else if self.argument.is_empty() {
            return;
        }
        push_uncommented(&mut self.argument, piece);
    }

    fn note_unclosed(&mut self, piece: &Piece<'_>) -> bool {
        let found = piece.kind == Kind::UnclosedComment;
        if found {
            self.unclosed_comment = Some(piece.range());
        }
        found
    }
}

/// A value from the command line without the comments in it.
pub(super) fn uncommented(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for piece in Lexer::fragment(value) {
        push_uncommented(&mut text, piece);
    }
    text
}

fn push_uncommented(text: &mut String, piece: Piece<'_>) {
    match piece.kind {
        Kind::Space if !piece.text.contains('\n') => text.push_str(piece.text),
        _ if piece.is_space() => text.push(' '),
        _ => text.push_str(piece.text),
    }
}

/// The name at the start of a text, and what follows it.
pub(super) fn split_name(text: &str) -> Option<(&str, &str)> {
    let first = Lexer::tokens(text)
        .next()
        .filter(|piece| piece.kind == Kind::Word)?;
    Some((first.text, text.get(first.range().end..)?))
}

/// The file that an `#include` names, in either pair of delimiters.
pub(super) fn included_name(argument: &str) -> Option<&str> {
    let (close, rest) = match argument.strip_prefix('"') {
        Some(rest) => ('"', rest),
        None => ('>', argument.strip_prefix('<')?),
    };
    let (name, _) = rest.split_once(close)?;
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Directive<'_> {
        Directive::parse(text, &Lexer::file(text).next().unwrap())
    }

    #[test]
    fn comments_and_line_ends_are_blanks() {
        let text = "# /*a*/ define\t/*b\n*/ N 1 \\\r\n +\t2 // c\r\nint";
        let directive = parse(text);
        assert_eq!(directive.name, "define");
        assert_eq!(&text[directive.head.clone()], "# /*a*/ define");
        assert_eq!(directive.argument, "N 1   +\t2");
        assert_eq!(&text[directive.argument_range], "N 1 \\\r\n +\t2");
    }

    #[test]
    fn parts_may_be_missing() {
        assert_eq!((parse("#").name, parse("#").head), ("", 0..1));
        assert_eq!(parse("# \n").name, "");
        assert_eq!(parse("# 12 \"f\"").name, "12");
        assert_eq!(parse("#!x").name, "!");
        let directive = parse("#else /* 1 */");
        assert_eq!(
            (directive.argument.as_str(), directive.argument_range),
            ("", 5..5)
        );
    }

    #[test]
    fn unclosed_comment_is_found_anywhere() {
        assert_eq!(parse("# /* a\n").unclosed_comment, Some(2..7));
        assert_eq!(parse("#if 1 /* a\n").unclosed_comment, Some(6..11));
    }

    #[test]
    fn names_of_included_files() {
        assert_eq!(included_name("\"a.x\" z"), Some("a.x"));
        assert_eq!(included_name("<a/b.x>"), Some("a/b.x"));
        for bad in ["", "a.x", "\"\"", "<a.x", "\"a.x", "<>"] {
            assert_eq!(included_name(bad), None);
        }
    }
}
