//! Writes one file, with those that it includes, to the output.

use super::{
    CInclude, MacroConstant, condition,
    conditionals::Conditionals,
    directive::{Directive, included_name, split_name},
    include::Includer,
    lexer::{Kind, Lexer, Piece},
    macros::{Excess, Macros},
    origin::Output,
};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, similar},
    source::{FileId, SourceFile, SourceMap, Span},
};
use std::ops::Range;

/// The directives that mean something.
const DIRECTIVES: [&str; 9] = [
    "if", "ifdef", "ifndef", "elif", "else", "endif", "define", "undef", "include",
];

/// What the files of a run have in common.
pub(super) struct Preprocessor<'a> {
    pub(super) sources: &'a mut SourceMap,
    pub(super) includer: Includer<'a>,
    pub(super) macros: Macros,
    pub(super) output: Output,
    pub(super) diagnostics: &'a mut Diagnostics,
}

/// A file that is read at the moment. Its text is a copy: an `#include` in the midst of it adds
/// to the source map.
pub(super) struct Source {
    id: FileId,
    pub(super) text: String,
    /// Runs of bytes that are not UTF-8.
    invalid: Vec<Span>,
}

impl Source {
    pub(super) fn new(id: FileId, file: &SourceFile) -> Self {
        let runs = file.invalid.chunk_by(|&before, &at| before + 1 == at);
        let span = |run: &[u32]| {
            let (&start, &last) = run.first().zip(run.last())?;
            Some(Span {
                file: id,
                start,
                end: last + 1,
            })
        };
        Self {
            id,
            text: file.text.clone(),
            invalid: runs.filter_map(span).collect(),
        }
    }

    pub(super) fn span(&self, range: Range<usize>) -> Span {
        // A source file is far smaller than 4 GiB.
        let place = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Span {
            file: self.id,
            start: place(range.start),
            end: place(range.end),
        }
    }

    /// Reports bytes that are not UTF-8 where they begin in a piece outside of comments.
    pub(super) fn check_utf8(&self, piece: Piece<'_>, diagnostics: &mut Diagnostics) {
        if matches!(piece.kind, Kind::Comment | Kind::UnclosedComment) {
            return;
        }
        let span = self.span(piece.range());
        let from = self.invalid.partition_point(|run| run.start < span.start);
        let invalid = self.invalid.get(from..).unwrap_or_default();
        for &run in invalid.iter().take_while(|run| run.start < span.end) {
            let diagnostic = Diagnostic::new(Code::NotUtf8, run, "this is not UTF-8")
                .help("save the file as UTF-8; other encodings may stand in comments only");
            diagnostics.push(diagnostic);
        }
    }

    /// Reports a comment that opens at a byte and is not closed.
    pub(super) fn unclosed_comment(&self, start: usize, diagnostics: &mut Diagnostics) {
        let opening = self.span(start..start + "/*".len());
        let message = "the comment is not closed";
        diagnostics.push(Diagnostic::new(Code::UnclosedComment, opening, message));
    }
}

impl Preprocessor<'_> {
    /// Writes a file.
    pub(super) fn file(&mut self, id: FileId) {
        let source = Source::new(id, self.sources.file(id));
        let mut conditionals = Conditionals::default();
        for piece in Lexer::file(&source.text) {
            if self.diagnostics.is_full() {
                return;
            }
            self.piece(&source, piece, &mut conditionals);
        }
        conditionals.finish(self.diagnostics);
    }

    fn piece(&mut self, source: &Source, piece: Piece<'_>, conditionals: &mut Conditionals) {
        let span = source.span(piece.range());
        match piece.kind {
            Kind::Directive => {
                self.output.blank(piece.text, span);
                self.directive(source, &piece, conditionals);
            }
            Kind::UnclosedComment => {
                self.output.blank(piece.text, span);
                source.unclosed_comment(piece.start, self.diagnostics);
                // The `#endif`s may well stand in what the comment hides.
                *conditionals = Conditionals::default();
            }
            _ if !conditionals.is_active() => self.output.blank(piece.text, span),
            Kind::CLine => {
                self.output.blank(piece.text, span);
                self.c_line(source, &piece);
            }
            Kind::Newline | Kind::Space => self.output.blank(piece.text, span),
            Kind::Comment => self.output.comment(piece.text, span),
            Kind::Word | Kind::Number | Kind::Literal | Kind::Mark => {
                source.check_utf8(piece, self.diagnostics);
                self.token(piece, span);
            }
        }
    }

    /// Writes a token, or what it stands for as a macro.
    fn token(&mut self, piece: Piece<'_>, span: Span) {
        if piece.kind == Kind::Word {
            match self.macros.expand_name(piece.text) {
                Ok(None) => {}
                Ok(Some(text)) => return self.output.expand(&text, span),
                Err(excess) => self.excess(excess, span, Some(piece.text)),
            }
        }
        self.output.copy(piece.text, span);
    }

    /// Remembers what a `%` line includes, which may be the header of another interface file, or
    /// defines, which may be a constant.
    fn c_line(&mut self, source: &Source, piece: &Piece<'_>) {
        let line = piece.text.trim_start_matches(['%', ' ', '\t']);
        if !line.starts_with('#') {
            return;
        }
        let piece = Piece {
            kind: Kind::Directive,
            start: piece.range().end - line.len(),
            text: line,
        };
        let directive = Directive::parse(&source.text, &piece);
        let span = source.span(directive.argument_range.clone());
        if directive.name == "include"
            && let Some(name) = included_name(&directive.argument)
        {
            let name = name.to_owned();
            self.output.c_includes.push(CInclude { name, span });
        }
        if directive.name == "define"
            && let Some((name, value)) = split_name(&directive.argument)
            && !value.starts_with('(')
        {
            self.output.macros.push(MacroConstant {
                name: name.to_owned(),
                value: value.trim().to_owned(),
                span,
            });
        }
    }

    fn directive(&mut self, source: &Source, piece: &Piece<'_>, conditionals: &mut Conditionals) {
        let directive = Directive::parse(&source.text, piece);
        let at = source.span(directive.head.clone());
        if let Some(comment) = &directive.unclosed_comment {
            source.unclosed_comment(comment.start, self.diagnostics);
        }
        if conditionals.is_active() {
            for part in Lexer::directive(&source.text, piece.range()) {
                source.check_utf8(part, self.diagnostics);
            }
        }
        match directive.name {
            "if" => {
                let holds = conditionals.is_active() && self.condition(source, &directive);
                conditionals.open(at, holds);
            }
            "ifdef" | "ifndef" => {
                let wanted = directive.name == "ifdef";
                let holds = conditionals.is_active()
                    && self
                        .named(source, &directive)
                        .is_some_and(|(name, _)| self.macros.is_defined(name) == wanted);
                conditionals.open(at, holds);
            }
            "elif" => {
                let holds = conditionals.is_waiting() && self.condition(source, &directive);
                conditionals.or_if(at, holds, self.diagnostics);
            }
            "else" => conditionals.or_else(at, self.diagnostics),
            "endif" => conditionals.close(at, self.diagnostics),
            _ if conditionals.is_active() => self.active_directive(source, &directive),
            _ => {}
        }
    }

    fn active_directive(&mut self, source: &Source, directive: &Directive<'_>) {
        match directive.name {
            "define" => self.define(source, directive),
            "undef" => {
                if let Some((name, _)) = self.named(source, directive) {
                    self.macros.undefine(name);
                }
            }
            "include" => self.include(source, directive),
            "error" => self.error(source, directive),
            "" | "pragma" | "warning" | "ident" | "line" => {}
            // A line marker, as `cpp` writes them.
            number if number.starts_with(|c: char| c.is_ascii_digit()) => {}
            other => {
                let message = format!("`#{}` is no directive", super::shown(other));
                let place = source.span(directive.head.clone());
                let fault = Diagnostic::new(Code::BadDirective, place, message);
                self.diagnostics.push(match similar(other, DIRECTIVES) {
                    Some(meant) => {
                        let found = self.sources.text(place);
                        fault.did_you_mean(place, found, &format!("#{meant}"))
                    }
                    None => fault.help("a line for C alone begins with `%`"),
                });
            }
        }
    }

    fn define(&mut self, source: &Source, directive: &Directive<'_>) {
        let Some((name, value)) = self.named(source, directive) else {
            return;
        };
        let span = source.span(directive.argument_range.clone());
        if name == "defined" {
            self.fault(Code::BadDirective, span, "`defined` cannot be a macro");
        } else if value.starts_with('(') {
            let message = format!("the macro `{}` has parameters", super::shown(name));
            let diagnostic = Diagnostic::new(Code::FunctionLikeMacro, span, message)
                .help("write out what it stands for, or put `%` in front if it is for C alone")
                .help("a value in parentheses needs a blank in front of it");
            self.diagnostics.push(diagnostic);
        } else {
            let value = self.without_semicolon(source, directive, name, value.trim());
            self.macros.define(name, value, Some(span));
        }
    }

    /// `#define MAX 10;` is a slip: the `;` would stand wherever `MAX` is used.
    fn without_semicolon<'v>(
        &mut self,
        source: &Source,
        directive: &Directive<'_>,
        name: &str,
        value: &'v str,
    ) -> &'v str {
        let Some(number) = value.strip_suffix(';').map(str::trim_end) else {
            return value;
        };
        if number.is_empty() || number.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        {
            return value;
        }
        let end = directive.argument_range.end;
        let message = format!("the macro `{}` ends with a `;`", super::shown(name));
        let fault = Diagnostic::new(Code::MacroWithSemicolon, source.span(end - 1..end), message)
            .help("a directive ends with its line, and takes no `;`");
        self.diagnostics.push(fault);
        number
    }

    fn include(&mut self, source: &Source, directive: &Directive<'_>) {
        let Some(name) = included_name(&directive.argument) else {
            let at = source.span(directive.head.start..directive.argument_range.end);
            let message = "`#include` needs a file: `\"file\"` or `<file>`";
            return self.fault(Code::BadDirective, at, message);
        };
        let at = source.span(directive.argument_range.clone());
        if let Some(id) = self.includer.open(name, at, self.sources, self.diagnostics) {
            self.file(id);
            self.includer.close();
        }
    }

    fn error(&mut self, source: &Source, directive: &Directive<'_>) {
        let at = source.span(directive.head.start..directive.argument_range.end);
        let message = match directive.argument.as_str() {
            "" => "`#error`".to_owned(),
            text => format!("`#error`: {}", super::shown(text)),
        };
        self.fault(Code::ErrorDirective, at, message);
    }

    /// Whether the condition of an `#if` or `#elif` holds; one that is faulty does not.
    fn condition(&mut self, source: &Source, directive: &Directive<'_>) -> bool {
        let mut at = source.span(directive.argument_range.clone());
        if directive.argument.is_empty() {
            at = source.span(directive.head.clone());
        }
        let expanded = match self.macros.expand_condition(&directive.argument) {
            Ok(expanded) => expanded,
            Err(excess) => {
                self.excess(excess, at, None);
                return false;
            }
        };
        condition::evaluate(&expanded, &self.macros).unwrap_or_else(|fault| {
            let message = format!("bad condition of `#{}`: {fault}", directive.name);
            self.fault(Code::BadCondition, at, message);
            false
        })
    }

    /// The name that a directive must have, and what follows it.
    fn named<'d>(
        &mut self,
        source: &Source,
        directive: &'d Directive<'_>,
    ) -> Option<(&'d str, &'d str)> {
        let named = split_name(&directive.argument);
        if named.is_none() {
            let message = format!("`#{}` needs the name of a macro", directive.name);
            let at = source.span(directive.head.start..directive.argument_range.end);
            self.fault(Code::BadDirective, at, message);
        }
        named
    }

    fn excess(&mut self, excess: Excess, at: Span, name: Option<&str>) {
        let diagnostic = Diagnostic::new(Code::ExpansionTooLarge, at, excess.message());
        let definition = name.and_then(|name| self.macros.definition(name));
        self.diagnostics.push(match definition {
            Some(definition) => diagnostic.also(definition, "the macro is defined here"),
            None => diagnostic,
        });
    }

    fn fault(&mut self, code: Code, at: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(code, at, message));
    }
}
