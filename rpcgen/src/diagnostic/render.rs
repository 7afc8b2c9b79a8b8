//! Diagnostics as text, the way rustc draws them.

use super::{Diagnostic, Fix, Label, Severity};
use crate::source::{FileId, SourceMap};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};

impl Diagnostic {
    /// The fault as text, with the lines of source underlined; in colour where `styled`.
    #[must_use]
    pub fn render(&self, sources: &SourceMap, styled: bool) -> String {
        let level = match self.code.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level
            .primary_title(self.message.as_str())
            .id(self.code.id());
        let mut group = Group::with_title(title);
        for file in self.files() {
            group = group.element(self.snippet(sources, file));
        }
        let mut groups = Vec::new();
        for help in &self.help {
            let fix = help.applicable_fix(sources);
            match fix.filter(|fix| is_on_short_line(fix, sources)) {
                Some(fix) => groups.push(patch(&help.message, fix, sources)),
                None => group = group.element(Level::HELP.message(help.message.as_str())),
            }
        }
        groups.insert(0, group);
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&groups)
    }

    /// The files of all places, that of the fault itself first.
    fn files(&self) -> Vec<FileId> {
        let mut files = vec![self.primary.span.file];
        for label in &self.secondary {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        files
    }

    fn snippet<'a>(&'a self, sources: &'a SourceMap, file: FileId) -> Snippet<'a, Annotation<'a>> {
        let source = sources.file(file);
        let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
        if self.primary.span.file == file {
            snippet = snippet.annotation(annotation(AnnotationKind::Primary, &self.primary));
        }
        for label in self
            .secondary
            .iter()
            .filter(|label| label.span.file == file)
        {
            snippet = snippet.annotation(annotation(AnnotationKind::Context, label));
        }
        snippet
    }
}

/// Bytes of a line up to which a fix is drawn, which shows the whole line.
const DRAWN_MAX: usize = 200;

fn is_on_short_line(fix: &Fix, sources: &SourceMap) -> bool {
    let text = sources.file(fix.span.file).text.as_bytes();
    let before = text.get(..fix.span.start as usize).unwrap_or_default();
    let behind = text.get(fix.span.end as usize..).unwrap_or_default();
    let in_line = |byte: &&u8| **byte != b'\n';
    let before = before.iter().rev().take_while(in_line);
    let behind = behind.iter().take_while(in_line);
    before.chain(behind).take(DRAWN_MAX + 1).count() <= DRAWN_MAX
}

/// A fix as the lines that it changes.
fn patch<'a>(message: &'a str, fix: &'a Fix, sources: &'a SourceMap) -> Group<'a> {
    let source = sources.file(fix.span.file);
    let range = fix.span.start as usize..fix.span.end as usize;
    let snippet = Snippet::source(source.text.as_str())
        .path(source.name.as_str())
        .patch(Patch::new(range, fix.replacement.as_str()));
    Group::with_title(Level::HELP.secondary_title(message)).element(snippet)
}

fn annotation(kind: AnnotationKind, label: &Label) -> Annotation<'_> {
    let annotation = kind.span(label.span.start as usize..label.span.end as usize);
    if label.message.is_empty() {
        annotation
    } else {
        annotation.label(label.message.as_str())
    }
}
