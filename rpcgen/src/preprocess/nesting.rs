//! Limits how deep braces, brackets and parentheses are nested.
//!
//! The parser goes down a level with each of them, and its stack ends somewhere. The limit makes
//! that a fault of the file, the same one in every build and on every thread.

use super::origin::{Output, blanked};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// Levels of braces, brackets and parentheses: interfaces use five, and a parser built without
/// optimisation takes 64 on a stack of 1 MiB with room to spare.
const NESTING_MAX: usize = 64;

/// Blanks whatever is nested too deep, and reports the first of it.
pub(super) fn limit(output: &mut Output, diagnostics: &mut Diagnostics) {
    let mut nesting = Nesting::default();
    let first = output
        .text
        .bytes()
        .position(|byte| nesting.is_too_deep(byte));
    let Some(first) = first else {
        return;
    };
    let message = format!("braces are nested more than {NESTING_MAX} deep");
    let span = output.origins.span(first..first + 1);
    diagnostics.push(Diagnostic::new(Code::TooDeep, span, message));
    output.text = shallow(&output.text);
}

fn shallow(text: &str) -> String {
    let mut nesting = Nesting::default();
    let mut shallow = String::with_capacity(text.len());
    let mut bytes = [0; 4];
    for character in text.chars() {
        let bytes = character.encode_utf8(&mut bytes).bytes();
        // The depth changes at ASCII characters alone, so never within a character.
        if bytes
            .clone()
            .fold(false, |_, byte| nesting.is_too_deep(byte))
        {
            shallow.extend(bytes.map(blanked));
        } else {
            shallow.push(character);
        }
    }
    shallow
}

/// How deep a byte is nested, read in two ways.
///
/// The parser passes over braces in strings, but looks for the end of a faulty definition by
/// braces alone. Neither way must take it too deep.
#[derive(Default)]
struct Nesting {
    all: Levels,
    outside_strings: Levels,
    in_string: bool,
}

impl Nesting {
    /// Goes on by a byte.
    fn is_too_deep(&mut self, byte: u8) -> bool {
        match byte {
            // A string is that of the grammar: without escapes, and within a line.
            b'"' => self.in_string = !self.in_string,
            b'\n' => self.in_string = false,
            b'{' | b'}' | b'[' | b']' | b'(' | b')' => return self.brace(byte),
            _ => {}
        }
        self.level() > NESTING_MAX
    }

    fn brace(&mut self, byte: u8) -> bool {
        // A closing brace is as deep as the opening one.
        let before = self.level();
        self.all.step(byte);
        if !self.in_string {
            self.outside_strings.step(byte);
        }
        before.max(self.level()) > NESTING_MAX
    }

    fn level(&self) -> usize {
        self.all.sum().max(self.outside_strings.sum())
    }
}

/// What is open of each kind; a brace closes none of another kind.
#[derive(Default)]
struct Levels {
    braces: usize,
    brackets: usize,
    parentheses: usize,
}

impl Levels {
    fn step(&mut self, byte: u8) {
        let levels = match byte {
            b'{' | b'}' => &mut self.braces,
            b'[' | b']' => &mut self.brackets,
            _ => &mut self.parentheses,
        };
        *levels = match byte {
            b'{' | b'[' | b'(' => *levels + 1,
            _ => levels.saturating_sub(1),
        };
    }

    fn sum(&self) -> usize {
        self.braces + self.brackets + self.parentheses
    }
}
