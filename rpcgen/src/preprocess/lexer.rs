//! Cuts text into pieces that follow each other without gaps.
//!
//! What a piece is depends on the text alone, never on macros or conditions: a comment that opens
//! in a part that an `#if` leaves out hides an `#endif` as it does in C.

use std::ops::Range;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `\n`.
    Newline,
    /// Other white space: blanks, `\r`, form feeds, a byte order mark, a `\` with its newline.
    Space,
    /// A comment, either form.
    Comment,
    /// `/*` without `*/`, and all that follows.
    UnclosedComment,
    /// A line that begins with `%`, with the lines that continue it: text for the C compiler.
    CLine,
    /// `#` at the start of a line and all that belongs to it, without the newline at its end.
    Directive,
    /// A name.
    Word,
    /// What begins with a digit: `16`, `0x10UL`.
    Number,
    /// A string, or a character in single quotes.
    Literal,
    /// Any other character.
    Mark,
}

/// A piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its first byte.
    pub(crate) start: usize,
    /// Its text, never empty.
    pub(crate) text: &'a str,
}

impl Piece<'_> {
    /// Its bytes.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// Whether it is white space or a comment.
    pub(super) fn is_space(&self) -> bool {
        matches!(
            self.kind,
            Kind::Space | Kind::Newline | Kind::Comment | Kind::UnclosedComment
        )
    }
}

/// Yields the pieces of a text.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    mode: Mode,
    /// Only white space and comments stand between the start of the line and `position`.
    line_start: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Everything is recognised.
    File,
    /// Comments are recognised, lines with a meaning of their own are not.
    Directive,
    /// Comments are not recognised either: they are gone, and `/` beside `*` is an accident.
    Tokens,
}

impl<'a> Lexer<'a> {
    /// The pieces of a file.
    pub(crate) fn file(text: &'a str) -> Self {
        Self::new(text, 0, Mode::File)
    }

    /// The pieces of a directive behind its `#`, with their places in the file.
    pub(super) fn directive(file: &'a str, directive: Range<usize>) -> Self {
        let text = file.get(..directive.end).unwrap_or_default();
        Self::new(text, directive.start + 1, Mode::Directive)
    }

    /// The pieces of a text outside of any file, in which there may be comments.
    pub(super) fn fragment(text: &'a str) -> Self {
        Self::new(text, 0, Mode::Directive)
    }

    /// The pieces of a text without comments.
    pub(super) fn tokens(text: &'a str) -> Self {
        Self::new(text, 0, Mode::Tokens)
    }

    fn new(text: &'a str, position: usize, mode: Mode) -> Self {
        Self {
            text,
            position,
            mode,
            line_start: mode == Mode::File,
        }
    }

    /// What `rest` begins with, and how many bytes that takes.
    fn measure(&self, rest: &str) -> Option<(Kind, usize)> {
        let first = *rest.as_bytes().first()?;
        if self.mode == Mode::File
            && let Some(found) = self.measure_line(rest)
        {
            return Some(found);
        }
        if self.mode != Mode::Tokens
            && first == b'/'
            && let Some(found) = measure_comment(rest)
        {
            return Some(found);
        }
        Some(match first {
            b'\n' => (Kind::Newline, 1),
            b'"' => (Kind::Literal, string_len(rest)),
            b'\'' => measure_quote(rest),
            b'\\' => measure_backslash(rest),
            b if is_blank(b) => (Kind::Space, run_len(rest, is_blank)),
            b'0'..=b'9' => (Kind::Number, run_len(rest, is_word_byte)),
            b if is_word_byte(b) => (Kind::Word, run_len(rest, is_word_byte)),
            _ => (Kind::Mark, 1),
        })
    }

    /// As `measure`, for what has its meaning at the start of the file or of a line only.
    fn measure_line(&self, rest: &str) -> Option<(Kind, usize)> {
        if self.position == 0 && rest.starts_with(BYTE_ORDER_MARK) {
            return Some((Kind::Space, BYTE_ORDER_MARK.len_utf8()));
        }
        match rest.as_bytes().first()? {
            b'%' if self.line_start => Some((Kind::CLine, c_line_len(rest))),
            b'#' if self.line_start => Some((Kind::Directive, directive_len(rest))),
            _ => None,
        }
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

impl<'a> Iterator for Lexer<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.text.get(self.position..)?;
        let (kind, len) = self.measure(rest)?;
        let start = self.position;
        self.position += len;
        self.line_start = match kind {
            Kind::Newline => self.mode == Mode::File,
            Kind::Space | Kind::Comment => self.line_start,
            _ => false,
        };
        let text = rest.get(..len)?;
        Some(Piece { kind, start, text })
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c')
}

/// Whether a byte can stand in a name. All of a character beyond ASCII does, so that a name never
/// ends, and a macro never begins, inside of one.
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn run_len(rest: &str, belongs: impl Fn(u8) -> bool) -> usize {
    rest.bytes().take_while(|&byte| belongs(byte)).count()
}

/// A `//` comment ends with its line, even where the line ends with `\`: a path at the end of a
/// comment must not hide the definition below it.
fn measure_comment(rest: &str) -> Option<(Kind, usize)> {
    if rest.starts_with("//") {
        let line = rest.split('\n').next().unwrap_or(rest);
        return Some((Kind::Comment, line.trim_end_matches('\r').len()));
    }
    let inside = rest.strip_prefix("/*")?;
    Some(match inside.find("*/") {
        Some(len) => (Kind::Comment, "/*".len() + len + "*/".len()),
        None => (Kind::UnclosedComment, rest.len()),
    })
}

/// The length of a string. One that is not closed ends with its line; the parser reports it.
fn string_len(rest: &str) -> usize {
    let mut escaped = true; // the opening quote closes nothing
    for (index, byte) in rest.bytes().enumerate() {
        match byte {
            b'\n' => return index,
            b'"' if !escaped => return index + 1,
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    rest.len()
}

/// `'"'` opens no string, and `'\n'` has no name in it.
fn measure_quote(rest: &str) -> (Kind, usize) {
    match rest.as_bytes() {
        [b'\'', b'\\', inside, b'\'', ..] if inside.is_ascii_graphic() => (Kind::Literal, 4),
        [b'\'', inside, b'\'', ..] if inside.is_ascii_graphic() => (Kind::Literal, 3),
        _ => (Kind::Mark, 1),
    }
}

/// A `\` at the end of a line is white space, together with the newline.
fn measure_backslash(rest: &str) -> (Kind, usize) {
    if rest.starts_with("\\\n") {
        (Kind::Space, 2)
    } else if rest.starts_with("\\\r\n") {
        (Kind::Space, 3)
    } else {
        (Kind::Mark, 1)
    }
}

/// The length of a line, and of those that follow a `\` at its end, without the last newline.
fn c_line_len(rest: &str) -> usize {
    let mut len = 0;
    for line in rest.split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        if !content.trim_end_matches('\r').ends_with('\\') {
            return len + content.len();
        }
        len += line.len();
    }
    len
}

/// The length of a directive: to the first newline outside of comments and behind no `\`.
fn directive_len(rest: &str) -> usize {
    let pieces = Lexer::directive(rest, 0..rest.len());
    let line = pieces.take_while(|piece| piece.kind != Kind::Newline);
    1 + line.map(|piece| piece.text.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let pieces = Lexer::file(text).filter(|piece| piece.kind != Kind::Space);
        pieces.map(|piece| (piece.kind, piece.text)).collect()
    }

    #[test]
    fn pieces_have_no_gaps() {
        let text = "\u{feff}%c\\\n c\n # define A /* \n */ 1 \\\r\n 2\nint ä<0x1F>; \"a/*\\\"b\" //c\r\n/*";
        let joined: String = Lexer::file(text).map(|piece| piece.text).collect();
        assert_eq!(joined, text);
        let mut end = 0;
        for piece in Lexer::file(text) {
            assert_eq!(piece.start, end);
            end = piece.range().end;
        }
    }

    #[test]
    fn strings_hide_comments() {
        let expected = [(Kind::Literal, "\"a/*\\\"//\""), (Kind::Word, "b")];
        assert_eq!(kinds("\"a/*\\\"//\" b"), expected);
        assert_eq!(
            kinds("'\"' /**/ \"open\n\\\\"),
            [
                (Kind::Literal, "'\"'"),
                (Kind::Comment, "/**/"),
                (Kind::Literal, "\"open"),
                (Kind::Newline, "\n"),
                (Kind::Mark, "\\"),
                (Kind::Mark, "\\"),
            ]
        );
    }

    #[test]
    fn lines_with_a_meaning_begin_with_it() {
        assert_eq!(
            kinds("  %a \\\r\nb\r\n/**/ # if /*\n*/ 0 \\\n 1\na % b # c"),
            [
                (Kind::CLine, "%a \\\r\nb\r"),
                (Kind::Newline, "\n"),
                (Kind::Comment, "/**/"),
                (Kind::Directive, "# if /*\n*/ 0 \\\n 1"),
                (Kind::Newline, "\n"),
                (Kind::Word, "a"),
                (Kind::Mark, "%"),
                (Kind::Word, "b"),
                (Kind::Mark, "#"),
                (Kind::Word, "c"),
            ]
        );
    }

    #[test]
    fn line_comment_ends_with_its_line() {
        assert_eq!(kinds("// a\\\r\nb").len(), 3);
        assert_eq!(
            kinds("// a\\\r\nb").first(),
            Some(&(Kind::Comment, "// a\\"))
        );
    }
}
