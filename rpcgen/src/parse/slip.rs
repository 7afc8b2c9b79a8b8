//! Slips that people make who know C: the grammar can only say that something is wrong with them.

use super::fault::{is_word, token_at, unexpected};
use crate::{
    diagnostic::{Code, Diagnostic, similar},
    preprocess::Preprocessed,
};
use std::ops::Range;

/// What is wrong at a place where the grammar found no way on, if it is one of these.
pub(super) fn known(input: &Preprocessed, at: usize) -> Option<Diagnostic> {
    let text = input.text.as_str();
    let found = text.get(token_at(text, at))?;
    // The two words before, as in `unsinged int x`.
    let last = word_before(text, token_at(text, at).start)?;
    let first = word_before(text, last.start);
    let last_end = last.end;
    let (last_word, first_word) = (text.get(last)?, first.clone().and_then(|at| text.get(at)));
    if let (Some(range), Some(word)) = (first, first_word)
        && TYPE_WORDS.contains(&last_word)
    {
        if TYPE_WORDS.contains(&word) {
            let message = format!("`{word} {last_word}` is no type");
            let place = input.origins.span(range.start..last_end);
            return Some(Diagnostic::new(Code::BadIntegerType, place, message));
        }
        if let Some(meant) = similar(word, TYPE_WORDS.iter().copied()) {
            let fault = unexpected(input, range.start, &[]);
            let place = input.origins.span(range);
            return Some(fault.did_you_mean(place, word, meant));
        }
    }
    match found {
        "," if is_declared(text, at) => Some(
            unexpected(input, at, &[])
                .help("each declaration declares one name: write the type again for the next one"),
        ),
        "{" if matches!(first_word, Some("struct" | "union" | "enum")) => {
            let message = format!("`{last_word}` is defined inside of another definition");
            let place = input.origins.span(token_at(text, at));
            Some(
                Diagnostic::new(Code::Syntax, place, message)
                    .help("leave its name out, or define it before and write its name here"),
            )
        }
        _ => None,
    }
}

/// Words that begin the name of an integer type, or are one.
const TYPE_WORDS: &[&str] = &[
    "char", "double", "float", "hyper", "int", "long", "short", "signed", "unsigned",
];

/// Whether what stands before a place is a type and a name, on one line.
fn is_declared(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let start = before
        .rfind([';', '{', '}', '(', ','])
        .map_or(0, |at| at + 1);
    let is_in_body = before
        .get(..start)
        .is_some_and(|before| !before.ends_with('('));
    let declaration = before.get(start..).unwrap_or_default();
    is_in_body
        && declaration
            .split(|c| !is_word(c))
            .filter(|word| !word.is_empty())
            .count()
            > 1
}

/// The word that ends before a place, with nothing but white space between.
fn word_before(text: &str, at: usize) -> Option<Range<usize>> {
    let end = text.get(..at)?.trim_end().len();
    let start = text.get(..end)?.trim_end_matches(is_word).len();
    (start < end).then_some(start..end)
}
