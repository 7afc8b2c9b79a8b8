//! Faults for programs: `--error-format json`.
//! `docs/command.md` says what a line has; programs rely on it.

use super::{Place, severity};
use rpcgen::{
    diagnostic::{Code, Diagnostic, Label},
    settings::Unmatched,
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

/// A setting that is for nothing, which has no place.
pub(super) fn line_of_setting(unmatched: &Unmatched) -> String {
    json!({
        "code": Code::UnmatchedSelector.id(),
        "severity": "error",
        "message": unmatched.message(),
        "spans": [],
        "help": [unmatched.help()],
        "fixes": [],
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
