//! Faults for GitHub Actions, which shows them beside the lines: `--error-format github`.

use super::{Place, severity};
use rpcgen::{
    diagnostic::{Code, Diagnostic},
    settings::Unmatched,
    source::SourceMap,
};

/// A fault as a workflow command: `::error file=…,line=…,col=…,title=E0302::message`.
pub(super) fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let command = match severity(diagnostic) {
        "note" => "notice",
        other => other,
    };
    let place = Place::of(diagnostic.primary.span, sources);
    let mut text = vec![diagnostic.message.as_str()];
    if !diagnostic.primary.message.is_empty() {
        text.push(&diagnostic.primary.message);
    }
    text.extend(diagnostic.help.iter().map(|help| help.message.as_str()));
    format!(
        "::{command} file={},line={},col={},endLine={},endColumn={},title={}::{}",
        property(place.file),
        place.line,
        place.column,
        place.end_line,
        place.end_column,
        diagnostic.code,
        data(&text.join("\n"))
    )
}

/// A setting that is for nothing, which has no place.
pub(super) fn line_of_setting(unmatched: &Unmatched) -> String {
    let text = format!("{}\n{}", unmatched.message(), unmatched.help());
    format!("::error title={}::{}", Code::UnmatchedSelector, data(&text))
}

/// Escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
