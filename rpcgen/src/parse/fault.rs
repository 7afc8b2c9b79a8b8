//! What the grammar expected, and where: a faulty slice is parsed once more with pest's bookkeeping
//! switched on, which is too slow for whole files.

use super::{Grammar, Rule};
use crate::{
    diagnostic::{Code, Diagnostic},
    preprocess::Preprocessed,
};
use pest::{
    Parser as _,
    error::{Error, InputLocation},
    iterators::Pair,
};
use std::ops::Range;

/// Expectations that a message lists; more of them say less.
const EXPECTATIONS_MAX: usize = 8;

/// Says what is wrong with a slice that should have been a `rule`.
pub(super) fn explain(rule: Rule, pair: &Pair<'_, Rule>, input: &Preprocessed) -> Diagnostic {
    let start = pair.as_span().start();
    pest::set_error_detail(true);
    let result = Grammar::parse(rule, pair.as_str());
    pest::set_error_detail(false);
    match result {
        Err(error) => syntax_error(&error, input, start),
        // Only a slice that was cut short can be good by itself: what follows it is not.
        Ok(_) => unexpected(input, start + pair.as_str().trim_end().len(), &[]),
    }
}

/// The error of pest for a slice that starts at `base`.
pub(super) fn syntax_error(error: &Error<Rule>, input: &Preprocessed, base: usize) -> Diagnostic {
    let Some(attempts) = error.parse_attempts() else {
        let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
        return unexpected(input, base + at, &[]);
    };
    let mut expected: Vec<String> = attempts
        .expected_tokens()
        .iter()
        .filter_map(|token| expectation(&token.to_string()))
        .collect();
    expected.sort();
    expected.dedup();
    unexpected(input, base + attempts.max_position, &expected)
}

/// A token as the message shows it; white space is always possible and not worth saying.
///
/// pest does not export the type of its tokens, so this reads how it prints them.
fn expectation(token: &str) -> Option<String> {
    match token {
        "a..z" | "A..Z" => Some("a name".to_owned()),
        "0..9" | "a..f" | "A..F" => Some("a number".to_owned()),
        "\"" => Some("a string".to_owned()),
        "_" | "-" | "BUILTIN_RULE" => None,
        token if token.trim().is_empty() => None,
        token => Some(format!("`{token}`")),
    }
}

fn unexpected(input: &Preprocessed, at: usize, expected: &[String]) -> Diagnostic {
    let range = token_at(&input.text, at);
    let found = match input.text.get(range.clone()) {
        None | Some("") => "the end of the file".to_owned(),
        Some(token) => format!("`{token}`"),
    };
    let diagnostic = Diagnostic::new(
        Code::Syntax,
        input.origins.span(range),
        format!("unexpected {found}"),
    );
    match expected {
        [] => diagnostic,
        [one] => diagnostic.label(format!("expected {one}")),
        [all @ .., last] if all.len() < EXPECTATIONS_MAX => {
            diagnostic.label(format!("expected {} or {last}", all.join(", ")))
        }
        _ => diagnostic,
    }
}

/// The word or sign at a place, or the first one behind it; the whole word where the place is in
/// the middle of one.
fn token_at(text: &str, at: usize) -> Range<usize> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let rest = text.get(at..).unwrap_or_default();
    let mut start = at + (rest.len() - rest.trim_start().len());
    if text
        .get(start..)
        .is_some_and(|rest| rest.starts_with(is_word))
    {
        let before = text.get(..start).unwrap_or_default();
        start = before.trim_end_matches(is_word).len();
    }
    let rest = text.get(start..).unwrap_or_default();
    let word = rest.len() - rest.trim_start_matches(is_word).len();
    let len = if word > 0 {
        word
    } else {
        rest.chars().next().map_or(0, char::len_utf8)
    };
    start..start + len
}
