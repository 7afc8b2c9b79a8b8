//! Braces that are not closed.

use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics},
    preprocess::Preprocessed,
};
use std::borrow::Cow;

/// Reports braces that are not closed, and puts a sign in their place that the grammar does not
/// know: skipping what is wrong up to the closing brace would look for it to the end of the file,
/// once for each brace around.
pub(super) fn without_unclosed<'a>(
    input: &'a Preprocessed,
    diagnostics: &mut Diagnostics,
) -> Cow<'a, str> {
    let mut open = Vec::new();
    for (at, byte) in input.text.bytes().enumerate() {
        match byte {
            b'{' => open.push(at),
            b'}' => drop(open.pop()),
            _ => {}
        }
    }
    let mut text = Cow::Borrowed(input.text.as_str());
    for at in open {
        let span = input.origins.span(at..at + 1);
        diagnostics.push(Diagnostic::new(
            Code::Syntax,
            span,
            "the brace is not closed",
        ));
        text.to_mut().replace_range(at..=at, UNCLOSED);
    }
    text
}

/// Stands for a brace that is not closed.
const UNCLOSED: &str = "\u{1}";
