//! Which comment belongs to which definition.

use crate::{preprocess::Preprocessed, source::SourceMap};
use std::ops::Range;

/// The comments of a text.
pub(super) struct Comments<'a> {
    input: &'a Preprocessed,
    sources: &'a SourceMap,
}

impl<'a> Comments<'a> {
    pub(super) fn new(input: &'a Preprocessed, sources: &'a SourceMap) -> Self {
        Self { input, sources }
    }

    /// The comment of what stands at `range`: the one right above it, or else the one behind it on
    /// its last line.
    pub(super) fn of(&self, range: Range<usize>) -> Option<String> {
        self.above(range.start).or_else(|| self.behind(range.end))
    }

    fn above(&self, start: usize) -> Option<String> {
        let last = self
            .input
            .comments
            .partition_point(|comment| comment.range.end <= start);
        let mut below = start;
        let mut lines = Vec::new();
        for comment in self.input.comments.get(..last)?.iter().rev() {
            let gap = self.text(comment.range.end..below);
            if !gap.trim().is_empty()
                || gap.matches('\n').count() > 1
                || self.is_behind_code(comment.range.start)
            {
                break;
            }
            lines.push(self.clean(comment.span));
            below = comment.range.start;
        }
        lines.reverse();
        join(&lines)
    }

    fn behind(&self, end: usize) -> Option<String> {
        let next = self
            .input
            .comments
            .partition_point(|comment| comment.range.start < end);
        let comment = self.input.comments.get(next)?;
        let gap = self.text(end..comment.range.start);
        let same_line = gap.chars().all(|c| matches!(c, ' ' | '\t' | ';' | ','));
        if same_line {
            join(&[self.clean(comment.span)])
        } else {
            None
        }
    }

    /// Whether the line has something else before the comment.
    fn is_behind_code(&self, start: usize) -> bool {
        let before = self.text(0..start);
        let line = before.rfind('\n').map_or(before, |at| &before[at..]);
        !line.trim().is_empty()
    }

    fn text(&self, range: Range<usize>) -> &str {
        self.input.text.get(range).unwrap_or_default()
    }

    /// The words of a comment, without its delimiters and decoration.
    fn clean(&self, span: crate::source::Span) -> String {
        let text = self.sources.text(span);
        let inner = text.strip_prefix("//").unwrap_or_else(|| {
            let inner = text.strip_prefix("/*").unwrap_or(text);
            inner.strip_suffix("*/").unwrap_or(inner)
        });
        let lines: Vec<&str> = inner.lines().map(clean_line).collect();
        lines.join("\n").trim().to_owned()
    }
}

fn clean_line(line: &str) -> &str {
    let line = line.trim();
    let line = line.trim_start_matches(['*', '/', '!']).trim();
    let is_rule = line.len() > 2 && line.chars().all(|c| "-=*#_/".contains(c));
    if is_rule {
        ""
    } else {
        line.trim_end_matches("**").trim_end()
    }
}

fn join(comments: &[String]) -> Option<String> {
    let joined = comments.join("\n");
    let joined = joined.trim();
    (!joined.is_empty()).then(|| joined.to_owned())
}
