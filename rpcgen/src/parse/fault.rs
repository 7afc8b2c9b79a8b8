//! What the grammar expected, and where: a faulty slice is parsed once more with pest's bookkeeping
//! switched on, which is too slow for whole files.

use super::{Grammar, Rule, slip};
use crate::{
    diagnostic::{Code, Diagnostic, similar},
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
    let at = base + attempts.max_position;
    let tokens = attempts.expected_tokens();
    let mut expected: Vec<String> = tokens
        .iter()
        .filter_map(|token| expectation(&token.to_string()))
        .collect();
    if input
        .text
        .get(..at)
        .is_some_and(|before| before.ends_with(is_word))
    {
        // A longer word is always possible, and not what is missing.
        expected.retain(|token| token != A_NAME && token != A_NUMBER);
    }
    let words: Vec<String> = expected
        .iter()
        .filter_map(|token| Some(token.strip_prefix('`')?.strip_suffix('`')?.to_owned()))
        .collect();
    summarize(&mut expected, "`typedef`", DEFINITIONS, "a definition");
    summarize(&mut expected, "`quadruple`", TYPES, "a type");
    // Behind `int` another word of the same type is possible, and not what is missing.
    expected.retain(|token| !INTEGER_WORDS.contains(&token.as_str()));
    if expected
        .iter()
        .any(|token| token == "a type" || token == "a definition")
    {
        // Attributes may stand before either, and are seldom what is missing.
        expected.retain(|token| token != "`[`");
    }
    expected.sort();
    expected.dedup();
    let fault = unexpected(input, at, &expected);
    let range = token_at(&input.text, at);
    let found = input.text.get(range.clone()).unwrap_or_default();
    if let Some(word) = similar(found, words.iter().map(String::as_str)) {
        return fault.did_you_mean(input.origins.span(range), found, word);
    }
    slip::known(input, at).unwrap_or_else(|| missing_semicolon(fault, input, at, &expected))
}

/// Offers to end the line above, where what is wrong is that nothing does.
fn missing_semicolon(
    fault: Diagnostic,
    input: &Preprocessed,
    at: usize,
    expected: &[String],
) -> Diagnostic {
    let before = input.text.get(..at).unwrap_or_default();
    let end = before.trim_end();
    let is_new_line = before
        .get(end.len()..)
        .is_some_and(|gap| gap.contains('\n'));
    if !is_new_line || !expected.iter().any(|token| token == "`;`") {
        return fault;
    }
    let last = input.origins.span(end.len().saturating_sub(1)..end.len());
    fault.insert(last.behind(), ";", "is a `;` missing here?")
}

const A_NAME: &str = "a name";
const A_NUMBER: &str = "a number";

const DEFINITIONS: &[&str] = &[
    "`const`",
    "`typedef`",
    "`enum`",
    "`struct`",
    "`union`",
    "`program`",
    "`interface`",
    "`namespace`",
    "`pragma`",
];

const TYPES: &[&str] = &[
    "`unsigned`",
    "`signed`",
    "`int`",
    "`hyper`",
    "`long`",
    "`short`",
    "`char`",
    "`float`",
    "`double`",
    "`quadruple`",
    "`bool`",
    "`opaque`",
    "`string`",
    "`enum`",
    "`struct`",
    "`union`",
    "`void`",
    A_NAME,
];

const INTEGER_WORDS: &[&str] = &["`int`", "`hyper`", "`long`", "`short`", "`char`"];

/// Says one thing for a list of words, where `sign` shows that all of them are possible.
fn summarize(expected: &mut Vec<String>, sign: &str, words: &[&str], summary: &str) {
    if expected.iter().any(|token| token == sign) {
        expected.retain(|token| !words.contains(&token.as_str()));
        expected.push(summary.to_owned());
    }
}

pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A token as the message shows it; white space is always possible and not worth saying.
///
/// pest does not export the type of its tokens, so this reads how it prints them.
fn expectation(token: &str) -> Option<String> {
    match token {
        "a..z" | "A..Z" => Some(A_NAME.to_owned()),
        "0..9" | "0" | "a..f" | "A..F" => Some(A_NUMBER.to_owned()),
        "\"" => Some("a string".to_owned()),
        "_" | "-" | "'" | "BUILTIN_RULE" => None,
        token if token.trim().is_empty() => None,
        token => Some(format!("`{token}`")),
    }
}

pub(super) fn unexpected(input: &Preprocessed, at: usize, expected: &[String]) -> Diagnostic {
    let range = token_at(&input.text, at);
    let found = match input.text.get(range.clone()) {
        None | Some("") => "end of file".to_owned(),
        Some(token) => format!("`{token}`"),
    };
    let diagnostic = Diagnostic::new(
        Code::Syntax,
        input.origins.span(range),
        format!("unexpected {found}"),
    );
    match expected {
        [one] => diagnostic.label(format!("expected {one}")),
        [all @ .., last] if all.len() < EXPECTATIONS_MAX => {
            diagnostic.label(format!("expected {} or {last}", all.join(", ")))
        }
        _ => diagnostic,
    }
}

/// The word or sign at a place, or the first one behind it; the whole word where the place is in
/// the middle of one.
pub(super) fn token_at(text: &str, at: usize) -> Range<usize> {
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
