//! Lines of elements.

use super::{
    WIDTH_MAX,
    element::{Element, Kind, column},
    plan::{Plan, Start, StartKind},
    space::{self, Neighbour},
};
use std::ops::Range;

/// Columns of a level.
const INDENT: usize = 4;

/// A line of the result.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    /// Whether a blank line stands before it.
    pub(super) blank: bool,
    /// Columns before its text.
    pub(super) indent: usize,
    /// Its text, without the comments behind it.
    pub(super) parts: Vec<Part<'a>>,
    /// The comments behind its text, or below those of the line above.
    pub(super) comments: Vec<Range<usize>>,
}

/// A piece of a line.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// A blank.
    Space,
    /// A token.
    Token(&'a str),
    /// A comment, by its place in the input.
    Comment(Range<usize>),
    /// A directive or a `%` line, by its place in the input.
    KeptLine(Range<usize>),
}

impl Line<'_> {
    /// Whether it opens what begins without a blank line. In a namespace there may be one, since
    /// nothing is indented there.
    fn is_opening(&self) -> bool {
        self.comments.is_empty()
            && matches!(self.parts.last(), Some(Part::Token("{" | "(" | ":")))
            && !matches!(self.parts.first(), Some(Part::Token("namespace")))
    }
}

/// Makes lines of elements.
pub(super) struct Layout<'a> {
    text: &'a str,
    elements: &'a [Element],
    plan: &'a Plan,
    lines: Vec<Line<'a>>,
}

impl<'a> Layout<'a> {
    /// No lines yet.
    pub(super) fn new(text: &'a str, elements: &'a [Element], plan: &'a Plan) -> Self {
        Self {
            text,
            elements,
            plan,
            lines: Vec::new(),
        }
    }

    /// All lines.
    pub(super) fn lines(mut self) -> Vec<Line<'a>> {
        let mut at = 0;
        let mut before = None;
        while let Some((first, start)) = self.next_start(at) {
            let next = self.next_start(first + 1);
            let next = next.map_or(self.elements.len(), |(index, _)| index);
            let end = self.comments_behind(self.last_token(first..next) + 1, self.elements.len());
            let lines = self.lines.len();
            self.unit(at..end, start);
            if start.kind == StartKind::Block
                && before.is_some_and(|before| is_end_of_block(before, start.depth))
                && self.is_tight(at..first + 1)
                && let Some(line) = self.lines.get_mut(lines)
            {
                line.blank = true;
            }
            at = end;
            before = Some(start);
        }
        self.loose(at..self.elements.len(), 0);
        self.lines
    }

    /// Whether there is neither a blank line nor a line to keep before the last element.
    fn is_tight(&self, range: Range<usize>) -> bool {
        let mut elements = self.get(range).iter();
        elements.all(|element| element.newlines < 2 && !element.is_kept())
    }

    /// What a token begins that has a line of its own: with the comments and kept lines before it,
    /// and the comments behind it.
    fn unit(&mut self, range: Range<usize>, start: Start) {
        let is_token = |element: &Element| element.is_token();
        let Some(first) = self.get(range.clone()).iter().position(is_token) else {
            return self.loose(range, start.depth);
        };
        let mut first = range.start + first;
        let end = self.last_token(range.clone()) + 1;
        // A comment in the line of the token stays there.
        while first > range.start
            && self.element(first).newlines == 0
            && matches!(
                self.element(first - 1).kind,
                Kind::Comment | Kind::LongComment
            )
        {
            first -= 1;
        }
        let is_close = start.kind == StartKind::Close;
        self.loose(range.start..first, start.depth + usize::from(is_close));
        self.line(start.depth * INDENT);
        if !is_close {
            self.keep_blank_line(first);
        }
        self.segment(first..end, start.depth);
        let behind = self.comments_behind(end, range.end);
        self.attach(end..behind);
        self.loose(behind..range.end, start.depth);
    }

    /// Comments and kept lines in lines of their own.
    fn loose(&mut self, range: Range<usize>, depth: usize) {
        for index in range.clone() {
            let element = self.element(index);
            let is_first = index == range.start;
            if element.is_kept() {
                self.kept_line(index);
            } else if !is_first && element.newlines == 0 && !self.element(index - 1).is_kept() {
                self.push(Part::Space);
                self.push(Part::Comment(element.range.clone()));
                continue;
            } else {
                self.line(depth * INDENT);
                self.push(Part::Comment(element.range.clone()));
            }
            self.keep_blank_line(index);
        }
    }

    /// The end of the comments that stand behind `end`: in its line, or below such a comment and
    /// in its column.
    fn comments_behind(&self, end: usize, limit: usize) -> usize {
        let rest = self.get(end..limit);
        let in_line = |element: &&Element| element.is_comment() && element.newlines == 0;
        let behind = rest.iter().take_while(in_line).count();
        match rest.get(..=behind) {
            Some([first, .., below]) if below.is_comment() => {
                let below = self.comments_below(first, rest.get(behind..).unwrap_or_default());
                end + behind + below
            }
            _ => end + behind,
        }
    }

    /// How many comments stand below another one, in its column. What follows them must not, or it
    /// would be what they speak of.
    fn comments_below(&self, above: &Element, rest: &[Element]) -> usize {
        let column = |element: &Element| column(self.text, element.range.start);
        let comments = rest.iter().take_while(|element| element.is_comment());
        let next = rest.get(comments.clone().count()).map_or(0, column);
        let expected = column(above);
        let below = |comment: &&Element| {
            comment.newlines == 0 || comment.newlines == 1 && column(comment) == expected
        };
        if expected > next {
            comments.take_while(below).count()
        } else {
            0
        }
    }

    /// Puts comments behind the last line.
    fn attach(&mut self, range: Range<usize>) {
        for index in range {
            let element = self.element(index);
            if element.newlines > 0 {
                self.line(0);
            }
            if let Some(line) = self.lines.last_mut() {
                line.comments.push(element.range.clone());
            }
        }
    }

    // ---- Lines that may be too long

    /// Elements that share a line, if they fit.
    fn segment(&mut self, range: Range<usize>, depth: usize) {
        if self.fits(range.clone(), depth) {
            return self.inline(range, depth);
        }
        match self.list(range.clone()) {
            Some((_, close)) if self.token(range.start) == "[" && close + 1 < range.end => {
                let start = Start {
                    depth,
                    kind: StartKind::Member,
                };
                let behind = self.comments_behind(close + 1, range.end);
                self.segment(range.start..close + 1, depth);
                self.attach(close + 1..behind);
                self.unit(behind..range.end, start);
            }
            // Otherwise what needs lines stands before the list.
            Some((open, close))
                if self.fits(range.start..open, depth)
                    || !self.fits(open..range.end, depth + 1) =>
            {
                self.broken_list(range, open, close, depth);
            }
            _ => self.inline(range, depth),
        }
    }

    /// Whether elements have space in a line, and need only one.
    fn fits(&self, range: Range<usize>, depth: usize) -> bool {
        let mut width = depth * INDENT;
        for index in range.clone() {
            let element = self.element(index);
            let needs_lines = matches!(
                element.kind,
                Kind::LongComment | Kind::LineComment | Kind::KeptLine
            );
            if needs_lines || index > range.start && self.is_alone(index) {
                return false;
            }
            width += usize::from(index > range.start && self.space_before(index));
            width += self.str(index).chars().count();
            if width > WIDTH_MAX {
                return false;
            }
        }
        true
    }

    /// The first list of some elements: attributes that they begin with, or what is in parentheses.
    fn list(&self, range: Range<usize>) -> Option<(usize, usize)> {
        let (opening, closing) = match self.token(range.start) {
            "[" => ("[", "]"),
            _ => ("(", ")"),
        };
        let open = range.clone().find(|&index| self.token(index) == opening)?;
        let close = (open..range.end).find(|&index| self.token(index) == closing);
        // `size_is(n)` is in parentheses too.
        let close = match opening {
            "[" => close?,
            _ => self.closing(open, range.end)?,
        };
        let has_items = self.get(open + 1..close).iter().any(Element::is_token);
        has_items.then_some((open, close))
    }

    fn closing(&self, open: usize, end: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..end).find(|&index| {
            match self.token(index) {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
    }

    /// A list with a line for each of its items.
    fn broken_list(&mut self, range: Range<usize>, open: usize, close: usize, depth: usize) {
        let inner = Start {
            depth: depth + 1,
            kind: StartKind::Member,
        };
        self.inline(range.start..open + 1, depth);
        let mut at = self.comments_behind(open + 1, close);
        self.attach(open + 1..at);
        while at < close {
            let end = self.item_end(at, close);
            self.unit(at..end, inner);
            at = end;
        }
        self.line(depth * INDENT);
        self.segment(close..range.end, depth);
    }

    /// The end of an item of a list: behind its comma and the comments there.
    fn item_end(&self, from: usize, close: usize) -> usize {
        let mut parentheses = 0_usize;
        for index in from..close {
            match self.token(index) {
                "(" => parentheses += 1,
                ")" => parentheses = parentheses.saturating_sub(1),
                "," if parentheses == 0 => return self.comments_behind(index + 1, close),
                _ => {}
            }
        }
        close
    }

    /// Elements in one line, or in as many as comments and kept lines among them ask for.
    fn inline(&mut self, range: Range<usize>, depth: usize) {
        for index in range.clone() {
            let element = self.element(index);
            if element.is_kept() {
                self.kept_line(index);
                continue;
            }
            if index > range.start && (self.is_alone(index) || self.ends_line(index - 1)) {
                let hangs = !matches!(self.token(index), "{" | "}" | ")");
                self.line((depth + usize::from(hangs)) * INDENT);
            } else if index > range.start && self.space_before(index) {
                self.push(Part::Space);
            }
            self.push(if element.is_token() {
                Part::Token(self.token(index))
            } else {
                Part::Comment(element.range.clone())
            });
        }
    }

    /// Whether a comment has a line for itself.
    fn is_alone(&self, index: usize) -> bool {
        let is_last = |next: &Element| next.newlines > 0;
        let element = self.element(index);
        element.is_comment()
            && element.newlines > 0
            && self.elements.get(index + 1).is_none_or(is_last)
    }

    fn ends_line(&self, index: usize) -> bool {
        let kind = self.element(index).kind;
        matches!(kind, Kind::LineComment | Kind::KeptLine) || self.is_alone(index)
    }

    fn space_before(&self, index: usize) -> bool {
        space::between(self.neighbour(index - 1), self.neighbour(index))
    }

    fn neighbour(&self, index: usize) -> Neighbour<'a> {
        if self.element(index).is_token() {
            Neighbour::Token(self.token(index))
        } else {
            Neighbour::Comment
        }
    }

    // ---- Lines

    fn line(&mut self, indent: usize) {
        self.lines.push(Line {
            indent,
            ..Line::default()
        });
    }

    fn push(&mut self, part: Part<'a>) {
        if let Some(line) = self.lines.last_mut() {
            line.parts.push(part);
        }
    }

    fn kept_line(&mut self, index: usize) {
        self.line(0);
        self.push(Part::KeptLine(self.element(index).range.clone()));
    }

    /// Puts a blank line before the last line, if there is one before its first element.
    fn keep_blank_line(&mut self, index: usize) {
        let is_blank = self.element(index).newlines > 1;
        if let [.., above, line] = self.lines.as_mut_slice() {
            line.blank = is_blank && !above.is_opening();
        }
    }

    // ---- Elements

    /// The next element that begins a line by plan.
    fn next_start(&self, from: usize) -> Option<(usize, Start)> {
        (from..self.elements.len()).find_map(|index| Some((index, self.plan.start(index)?)))
    }

    /// The last token of some elements, of which the first or another one is a token.
    fn last_token(&self, range: Range<usize>) -> usize {
        let last = self.get(range.clone()).iter().rposition(Element::is_token);
        range.start + last.unwrap_or(0)
    }

    fn get(&self, range: Range<usize>) -> &'a [Element] {
        self.elements.get(range).unwrap_or_default()
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "indices come from ranges of the elements"
    )]
    fn element(&self, index: usize) -> &'a Element {
        &self.elements[index]
    }

    fn str(&self, index: usize) -> &'a str {
        let range = self.element(index).range.clone();
        self.text.get(range).unwrap_or_default()
    }

    /// The token as it is printed; nothing for a comment.
    fn token(&self, index: usize) -> &'a str {
        match self.elements.get(index) {
            Some(element) if element.is_token() => {
                self.plan.spelling(element.range.start, self.str(index))
            }
            _ => "",
        }
    }
}

/// Whether a line ends a block, which may be all of it, beside one of a depth.
fn is_end_of_block(line: Start, depth: usize) -> bool {
    line.depth == depth && line.kind != StartKind::Member
}
