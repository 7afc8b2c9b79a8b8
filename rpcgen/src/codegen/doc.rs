//! Documentation of generated items: the comment of the interface file, or what the thing is, and
//! the definition as the file has it.

use super::{attribute, deprecation, syntax};
use crate::model::Name;
use syn::{AttrStyle, Attribute, Meta, MetaNameValue};

/// Lines of a definition that its documentation shows; a longer one is cut.
const TEXT_LINES_MAX: usize = 60;

/// The documentation of a definition.
pub(super) fn definition(name: &Name, what: &str) -> Vec<Attribute> {
    let mut lines = summary(name, what);
    lines.push(String::new());
    lines.push("```text".to_owned());
    lines.extend(text_lines(&name.text));
    lines.push("```".to_owned());
    with_deprecation(attributes(&lines), name)
}

/// The documentation of a field, an enumerator, an arm, a number, and what the settings add to it.
pub(super) fn member(name: &Name) -> Vec<Attribute> {
    let mut text = name.text.lines();
    let shown = text.by_ref().take(TEXT_LINES_MAX);
    let mut words: Vec<&str> = shown.flat_map(str::split_whitespace).collect();
    words.extend(text.next().map(|_| "…"));
    let text = format!("`{}`", words.join(" ").replace("```", "` ` `"));
    let mut lines = comment(name);
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(text);
    let mut attributes = with_deprecation(attributes(&lines), name);
    attributes.extend(attribute::further(name));
    attributes
}

/// Adds what users are told who name the thing.
fn with_deprecation(mut attributes: Vec<Attribute>, name: &Name) -> Vec<Attribute> {
    attributes.extend(deprecation::attribute(name));
    attributes
}

/// Lines of documentation as attributes.
pub(super) fn attributes<T: AsRef<str>>(lines: &[T]) -> Vec<Attribute> {
    let spaced = |line: &str| {
        if line.is_empty() {
            String::new()
        } else {
            [" ", line].concat()
        }
    };
    lines
        .iter()
        .map(|line| line_attribute(&spaced(line.as_ref())))
        .collect()
}

/// The comment of the interface file, or else one line.
pub(super) fn summary(name: &Name, what: &str) -> Vec<String> {
    let comment = comment(name);
    if comment.is_empty() {
        vec![what.to_owned()]
    } else {
        comment
    }
}

fn comment(name: &Name) -> Vec<String> {
    name.doc
        .iter()
        .flat_map(|doc| doc.lines())
        .map(escape)
        .collect()
}

fn line_attribute(text: &str) -> Attribute {
    Attribute {
        pound_token: Default::default(),
        style: AttrStyle::Outer,
        bracket_token: Default::default(),
        meta: Meta::NameValue(MetaNameValue {
            path: syntax::path(&["doc"]),
            eq_token: Default::default(),
            value: syntax::raw_text(text),
        }),
    }
}

/// The definition without the indent that all lines but the first share.
fn text_lines(text: &str) -> Vec<String> {
    let indent_of = |line: &str| line.len() - line.trim_start().len();
    let rest = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let indent = rest.map(indent_of).min().unwrap_or(0);
    let mut lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(index, line)| {
            if index == 0 {
                line
            } else {
                line.get(indent..).unwrap_or_default()
            }
        })
        .map(|line| {
            line.trim_end()
                .replace("```", "` ` `")
                .replace('\t', "    ")
        })
        .collect();
    if lines.len() > TEXT_LINES_MAX {
        lines.truncate(TEXT_LINES_MAX);
        lines.push("…".to_owned());
    }
    lines
}

/// A line of somebody's comment as Markdown that means nothing but its words: identifiers as code,
/// signs that rustdoc would read as links, tags, headings or code escaped.
fn escape(line: &str) -> String {
    let line = line.replace('\t', " ");
    let words = line.trim().split(' ').map(escape_word);
    let escaped = words.collect::<Vec<_>>().join(" ");
    let digits = escaped.len()
        - escaped
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    if digits > 0 && matches!(escaped.as_bytes().get(digits), Some(b'.' | b')')) {
        // Not the item of a list.
        return format!("{}\\{}", &escaped[..digits], &escaped[digits..]);
    }
    match escaped.chars().next() {
        Some('#' | '>' | '+' | '-' | '=' | '~' | '|') => format!("\\{escaped}"),
        _ => escaped,
    }
}

fn escape_word(word: &str) -> String {
    if word.contains("://") && !word.contains('`') {
        return format!("`{word}`");
    }
    let core = word.trim_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_identifier = core.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_code = is_identifier && (core.contains('_') || has_inner_capital(core));
    if is_code && word.matches('`').count() == 0 {
        let (before, after) = word.split_once(core).unwrap_or((word, ""));
        return format!("{}`{core}`{}", escape_signs(before), escape_signs(after));
    }
    escape_signs(word)
}

/// Whether a word has a capital inside and small letters, as `rdMax` and `DECNet` have.
fn has_inner_capital(word: &str) -> bool {
    word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase)
}

fn escape_signs(text: &str) -> String {
    let mut escaped = String::new();
    for sign in text.chars() {
        if matches!(sign, '<' | '[' | ']' | '*' | '_' | '`' | '\\') {
            escaped.push('\\');
        }
        escaped.push(sign);
    }
    escaped
}
