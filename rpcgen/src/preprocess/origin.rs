//! The text that the parser sees, and where each byte of it was written.

use super::{CInclude, Comment, MacroConstant, Preprocessed};
use crate::source::{FileId, Span};
use std::ops::Range;

/// Tells where preprocessed text was written.
#[derive(Debug)]
pub struct OriginMap {
    root: FileId,
    /// In the order of the text, which they cover without gaps.
    segments: Vec<Segment>,
}

/// Text from one place.
#[derive(Debug)]
struct Segment {
    /// The first byte, in the preprocessed text.
    start: usize,
    /// The text is that of this place, byte by byte; or all of it stands for what is written
    /// here, where it is `expanded` from a macro.
    place: Span,
    expanded: bool,
}

impl OriginMap {
    fn new(root: FileId) -> Self {
        Self {
            root,
            segments: Vec::new(),
        }
    }

    /// The place of a piece of preprocessed text; what a macro wrote is where the macro is used.
    ///
    /// Text that begins in one file and ends in another has the place of its first byte.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        let first = self.byte(range.start);
        if range.is_empty() {
            let end = first.start;
            return Span { end, ..first };
        }
        first.to(self.byte(range.end - 1))
    }

    /// The place of one byte; that of the end of the text behind it.
    fn byte(&self, offset: usize) -> Span {
        let index = self
            .segments
            .partition_point(|segment| segment.start <= offset);
        let Some(segment) = index
            .checked_sub(1)
            .and_then(|index| self.segments.get(index))
        else {
            return Span {
                file: self.root,
                start: 0,
                end: 0,
            };
        };
        let place = segment.place;
        if segment.expanded {
            return place;
        }
        let delta = u32::try_from(offset - segment.start).unwrap_or(u32::MAX);
        let start = place.start.saturating_add(delta).min(place.end);
        let end = place.end.min(start.saturating_add(1));
        Span {
            start,
            end,
            ..place
        }
    }

    /// Adds the place of the text from `start` on.
    fn push(&mut self, start: usize, place: Span, expanded: bool) {
        match self.segments.last_mut() {
            Some(last)
                if !expanded
                    && !last.expanded
                    && last.place.file == place.file
                    && last.place.end == place.start =>
            {
                last.place.end = place.end;
            }
            _ => self.segments.push(Segment {
                start,
                place,
                expanded,
            }),
        }
    }
}

/// Preprocessed text while it is written.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) text: String,
    pub(super) origins: OriginMap,
    pub(super) comments: Vec<Comment>,
    pub(super) c_includes: Vec<CInclude>,
    pub(super) macros: Vec<MacroConstant>,
}

impl Output {
    /// No text yet of this file.
    pub(super) fn new(root: FileId) -> Self {
        Self {
            text: String::new(),
            origins: OriginMap::new(root),
            comments: Vec::new(),
            c_includes: Vec::new(),
            macros: Vec::new(),
        }
    }

    /// Writes the text of a place as it is.
    pub(super) fn copy(&mut self, text: &str, place: Span) {
        self.origins.push(self.text.len(), place, false);
        self.text.push_str(text);
    }

    /// Writes blanks for the text of a place, and its newlines.
    pub(super) fn blank(&mut self, text: &str, place: Span) {
        self.origins.push(self.text.len(), place, false);
        self.text.extend(text.bytes().map(blanked));
    }

    /// Writes blanks for a comment, and remembers it.
    pub(super) fn comment(&mut self, text: &str, span: Span) {
        let start = self.text.len();
        self.blank(text, span);
        let range = start..self.text.len();
        self.comments.push(Comment { range, span });
    }

    /// Writes what the macro means that is used at a place.
    pub(super) fn expand(&mut self, text: &str, place: Span) {
        if !text.is_empty() {
            self.origins.push(self.text.len(), place, true);
            self.text
                .extend(text.chars().map(|c| if c == '\n' { ' ' } else { c }));
        }
    }
}

impl From<Output> for Preprocessed {
    fn from(output: Output) -> Self {
        Self {
            text: output.text,
            origins: output.origins,
            comments: output.comments,
            c_includes: output.c_includes,
            macros: output.macros,
        }
    }
}

/// What stands for a byte that is taken out.
pub(super) fn blanked(byte: u8) -> char {
    if byte == b'\n' { '\n' } else { ' ' }
}
