//! Faults for programs: `--error-format json`.
//!
//! A line is an object with these members, and later releases only add some:
//!
//! | member | what it is |
//! |---|---|
//! | `code` | `E0302` |
//! | `severity` | `error`, `warning` or `note` |
//! | `message` | what is wrong, in one line |
//! | `spans` | places: that of the fault itself, which is `primary`, then those that explain it |
//! | `help` | what one can do about it, a text each |
//! | `fixes` | changes of the text that mend it: `message`, `span`, and the `replacement` for it |
//!
//! A place has `file`, as it was named, `line` and `column`, `end_line` and `end_column`, counted from
//! 1 with the column in characters, and `start` and `end`, counted from 0 in bytes; `end` is behind
//! the last one. Those in `spans` also have `label`, what is said there, and `primary`.

use super::{Place, severity};
use rpcgen::{
    diagnostic::{Diagnostic, Label},
    source::{SourceMap, Span},
};
use serde_json::{Value, json};

/// A fault as an object in one line.
pub(super) fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let label = |label: &Label, primary: bool| {
        let mut span = place(label.span, sources);
        if let Some(members) = span.as_object_mut() {
            members.insert("label".to_owned(), label.message.as_str().into());
            members.insert("primary".to_owned(), primary.into());
        }
        span
    };
    let secondary = diagnostic.secondary.iter().map(|one| label(one, false));
    let spans = std::iter::once(label(&diagnostic.primary, true)).chain(secondary);
    let mut texts = Vec::new();
    let mut fixes = Vec::new();
    for help in &diagnostic.help {
        match help.applicable_fix(sources) {
            None => texts.push(help.message.as_str()),
            Some(fix) => fixes.push(json!({
                "message": help.message,
                "span": place(fix.span, sources),
                "replacement": fix.replacement,
            })),
        }
    }
    json!({
        "code": diagnostic.code.id(),
        "severity": severity(diagnostic),
        "message": diagnostic.message,
        "spans": spans.collect::<Vec<_>>(),
        "help": texts,
        "fixes": fixes,
    })
    .to_string()
}

fn place(span: Span, sources: &SourceMap) -> Value {
    let place = Place::of(span, sources);
    json!({
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "start": span.start,
        "end": span.end,
    })
}
