//! Lines to text: indents, comments in columns, ends of lines.

use super::{
    element::{column, width},
    layout::{Line, Part},
};
use std::ops::Range;

/// Width of a line up to which the comment behind it is aligned with those of its neighbours.
const ALIGNED_MAX: usize = 60;

/// The text of some lines; the bytes of comments and kept lines are those of the input.
pub(super) fn render(lines: &[Line<'_>], text: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer {
        text,
        bytes,
        output: Vec::with_capacity(bytes.len()),
        column: 0,
        end: dominant_end(text),
    };
    if text.starts_with('\u{feff}') {
        writer.output.extend('\u{feff}'.to_string().as_bytes());
    }
    let mut rest = lines;
    while !rest.is_empty() {
        let (run, behind) = rest.split_at(run_len(rest));
        let column = comment_column(run, text);
        for line in run {
            writer.line(line, column);
        }
        rest = behind;
    }
    writer.output
}

/// The end that most lines have.
fn dominant_end(text: &str) -> &'static [u8] {
    let all = text.matches('\n').count();
    let with_return = text.matches("\r\n").count();
    if with_return * 2 > all {
        b"\r\n"
    } else {
        b"\n"
    }
}

/// How many lines the comments share a column of: neighbours of one indent, all with comments.
fn run_len(lines: &[Line<'_>]) -> usize {
    let Some((first, others)) = lines.split_first() else {
        return 0;
    };
    let continues = |line: &&Line<'_>| {
        let is_below = line.parts.is_empty();
        is_below || !line.blank && !line.comments.is_empty() && line.indent == first.indent
    };
    if first.comments.is_empty() {
        1
    } else {
        1 + others.iter().take_while(continues).count()
    }
}

/// The column of the comments behind some lines, where they have one.
fn comment_column(run: &[Line<'_>], text: &str) -> Option<usize> {
    let widest = run.iter().try_fold(0, |widest, line| {
        let width = line_width(line, text)?;
        (width <= ALIGNED_MAX).then_some(width.max(widest))
    });
    Some(widest? + 1)
}

/// The columns of a line, if it is one line.
fn line_width(line: &Line<'_>, text: &str) -> Option<usize> {
    let mut columns = line.indent;
    for part in &line.parts {
        columns += match part {
            Part::Space => 1,
            Part::Token(token) => width(token),
            Part::Comment(range) | Part::KeptLine(range) => {
                let comment = text.get(range.clone())?;
                if comment.contains('\n') {
                    return None;
                }
                comment.chars().count()
            }
        };
    }
    Some(columns)
}

struct Writer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    output: Vec<u8>,
    column: usize,
    end: &'static [u8],
}

impl Writer<'_> {
    fn line(&mut self, line: &Line<'_>, comment_column: Option<usize>) {
        if line.blank {
            self.newline();
        }
        if !line.parts.is_empty() {
            self.pad(line.indent);
        }
        for part in &line.parts {
            match part {
                Part::Space => self.pad(1),
                Part::Token(token) => self.write(token.as_bytes(), width(token)),
                Part::Comment(range) => self.comment(range.clone()),
                Part::KeptLine(range) => self.kept_line(range.clone()),
            }
        }
        let mut blanks = comment_column.map_or(1, |column| column.saturating_sub(self.column));
        for comment in &line.comments {
            self.pad(blanks.max(1));
            self.comment(comment.clone());
            blanks = 1;
        }
        self.newline();
    }

    /// Writes a comment; its lines move as far as its first one does.
    fn comment(&mut self, range: Range<usize>) {
        let bytes = self.bytes.get(range.clone()).unwrap_or_default();
        let text = self.text.get(range.clone()).unwrap_or_default();
        let new = self.column;
        let old = if text.contains('\n') {
            column(self.text, range.start)
        } else {
            new
        };
        let mut offset = 0;
        for (index, line) in text.split('\n').enumerate() {
            let content = bytes.get(offset..offset + line.trim_end_matches('\r').len());
            let mut content = content.unwrap_or_default();
            offset += line.len() + 1;
            if index > 0 {
                self.newline();
            }
            if index > 0 && old != new {
                let inner = content.trim_ascii_start();
                let blanks = line.len() - line.trim_ascii_start().len();
                let indent = width(line.get(..blanks).unwrap_or_default());
                if !inner.is_empty() {
                    self.pad((indent + new).saturating_sub(old));
                }
                content = inner;
            }
            self.write(content, String::from_utf8_lossy(content).chars().count());
        }
    }

    fn kept_line(&mut self, range: Range<usize>) {
        let bytes = self.bytes.get(range).unwrap_or_default();
        for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            if index > 0 {
                self.newline();
            }
            self.write(line.strip_suffix(b"\r").unwrap_or(line), 0);
        }
    }

    fn pad(&mut self, columns: usize) {
        self.output.resize(self.output.len() + columns, b' ');
        self.column += columns;
    }

    fn write(&mut self, bytes: &[u8], columns: usize) {
        self.output.extend_from_slice(bytes);
        self.column += columns;
    }

    fn newline(&mut self) {
        self.output.extend_from_slice(self.end);
        self.column = 0;
    }
}
