//! Faults of an interface file: code, places, help.

mod code;
mod render;
mod similar;

pub(crate) use similar::similar;

pub use code::{Code, Severity};

use crate::source::{SourceMap, Span};

/// Errors after which a run gives up: a reader mends the first ones first.
pub const ERRORS_MAX: usize = 20;

/// One fault, with the places that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which fault it is.
    pub code: Code,
    /// What is wrong here, in one line without a full stop.
    pub message: String,
    /// The place of the fault, and what it says there.
    pub primary: Label,
    /// Places that explain it, such as an earlier definition.
    pub secondary: Vec<Label>,
    /// What one can do about it.
    pub help: Vec<Help>,
}

/// What one can do about a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// What it is, in words.
    pub message: String,
    /// The change of the text that does it, where one is known.
    pub fix: Option<Fix>,
}

/// A change of the text that mends a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The place that is replaced; empty where something is inserted.
    pub span: Span,
    /// What is thought to stand there.
    pub found: String,
    /// What is to stand there instead.
    pub replacement: String,
}

impl Help {
    /// The change, if the text to replace is there: what a macro stands for is at another place.
    #[must_use]
    pub fn applicable_fix(&self, sources: &SourceMap) -> Option<&Fix> {
        let fix = self.fix.as_ref();
        fix.filter(|fix| sources.text(fix.span) == fix.found)
    }
}

/// A place and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is said; may be empty.
    pub message: String,
}

impl Diagnostic {
    /// A fault at a place.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Label {
                span,
                message: String::new(),
            },
            secondary: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Says something at the place of the fault.
    #[must_use]
    pub fn label(mut self, message: impl Into<String>) -> Self {
        self.primary.message = message.into();
        self
    }

    /// Shows another place.
    #[must_use]
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// Says what one can do.
    #[must_use]
    pub fn help(mut self, message: impl Into<String>) -> Self {
        self.help.push(Help {
            message: message.into(),
            fix: None,
        });
        self
    }

    /// Offers another word for the one that was found.
    #[must_use]
    pub fn did_you_mean(mut self, span: Span, found: &str, meant: &str) -> Self {
        self.help.push(Help {
            message: format!("did you mean `{meant}`?"),
            fix: Some(Fix {
                span,
                found: found.to_owned(),
                replacement: meant.to_owned(),
            }),
        });
        self
    }

    /// Offers to insert a text in front of a place.
    #[must_use]
    pub fn insert(mut self, before: Span, text: &str, message: impl Into<String>) -> Self {
        self.help.push(Help {
            message: message.into(),
            fix: Some(Fix {
                span: before.before(),
                found: String::new(),
                replacement: text.to_owned(),
            }),
        });
        self
    }

    /// Whether the fault stops the compiler.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }
}

/// The faults of one run.
#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Diagnostics {
    /// Adds a fault.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.is_error() {
            self.errors += 1;
        }
        self.list.push(diagnostic);
    }

    /// Whether one of the faults is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether one of the faults is this one.
    #[must_use]
    pub fn has(&self, code: Code) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// Whether there are so many errors that looking for more helps nobody.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.errors >= ERRORS_MAX
    }

    /// The faults in the order of their places: of several errors at one place the first, at most
    /// [`ERRORS_MAX`] errors, and no notes beside errors.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        let has_errors = self.has_errors();
        self.list
            .retain(|one| !has_errors || one.code.severity() != Severity::Note);
        self.list.sort_by_key(|one| (one.primary.span, one.code));
        self.list.dedup_by(|later, first| {
            let both_errors = later.is_error() && first.is_error();
            later == first || both_errors && later.primary.span == first.primary.span
        });
        let mut errors = 0;
        self.list.retain(|one| {
            errors += usize::from(one.is_error());
            !one.is_error() || errors <= ERRORS_MAX
        });
        self.list
    }
}
