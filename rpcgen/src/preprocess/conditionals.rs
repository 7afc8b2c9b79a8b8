//! The `#if` groups that are open at a point of a file.

use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics},
    source::Span,
};

/// The open groups of one file, outermost first.
#[derive(Debug, Default)]
pub(super) struct Conditionals {
    open: Vec<Conditional>,
}

#[derive(Debug)]
struct Conditional {
    opening: Span,
    state: State,
    else_at: Option<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The group at hand counts.
    Active,
    /// No group has counted so far.
    Waiting,
    /// A group has counted, or none can, since all of it is in a group that does not count.
    Done,
}

impl State {
    fn start(counts: bool) -> Self {
        if counts { Self::Active } else { Self::Waiting }
    }
}

impl Conditionals {
    /// Whether text counts here.
    pub(super) fn is_active(&self) -> bool {
        self.open
            .last()
            .is_none_or(|last| last.state == State::Active)
    }

    /// Whether the condition of an `#elif` here decides anything, and so is evaluated.
    pub(super) fn is_waiting(&self) -> bool {
        self.open
            .last()
            .is_some_and(|last| last.state == State::Waiting && last.else_at.is_none())
    }

    /// Goes into an `#if`.
    pub(super) fn open(&mut self, opening: Span, holds: bool) {
        let state = if self.is_active() {
            State::start(holds)
        } else {
            State::Done
        };
        self.open.push(Conditional {
            opening,
            state,
            else_at: None,
        });
    }

    /// Goes on at an `#elif`.
    pub(super) fn or_if(&mut self, at: Span, holds: bool, diagnostics: &mut Diagnostics) {
        let Some(last) = self.last_without_else("elif", at, diagnostics) else {
            return;
        };
        last.state = match last.state {
            State::Waiting => State::start(holds),
            State::Active | State::Done => State::Done,
        };
    }

    /// Goes on at an `#else`.
    pub(super) fn or_else(&mut self, at: Span, diagnostics: &mut Diagnostics) {
        let Some(last) = self.last_without_else("else", at, diagnostics) else {
            return;
        };
        last.else_at = Some(at);
        last.state = match last.state {
            State::Waiting => State::Active,
            State::Active | State::Done => State::Done,
        };
    }

    /// Leaves an `#if` at its `#endif`.
    pub(super) fn close(&mut self, at: Span, diagnostics: &mut Diagnostics) {
        if self.open.pop().is_none() {
            diagnostics.push(without_if("endif", at));
        }
    }

    /// Reports what is open where the file ends: a group cannot go on in another file.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) {
        for conditional in self.open {
            if diagnostics.is_full() {
                return;
            }
            let message = "a conditional without `#endif` in its file";
            let diagnostic =
                Diagnostic::new(Code::UnbalancedConditional, conditional.opening, message);
            diagnostics.push(match conditional.else_at {
                Some(at) => diagnostic.also(at, "its `#else`"),
                None => diagnostic,
            });
        }
    }

    fn last_without_else(
        &mut self,
        directive: &str,
        at: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<&mut Conditional> {
        let Some(last) = self.open.last_mut() else {
            diagnostics.push(without_if(directive, at));
            return None;
        };
        if let Some(else_at) = last.else_at {
            let message = format!("`#{directive}` behind an `#else`");
            let diagnostic = Diagnostic::new(Code::UnbalancedConditional, at, message)
                .also(else_at, "the `#else`")
                .also(last.opening, "the conditional begins here");
            diagnostics.push(diagnostic);
            return None;
        }
        Some(last)
    }
}

fn without_if(directive: &str, at: Span) -> Diagnostic {
    let message = format!("`#{directive}` without `#if` in its file");
    Diagnostic::new(Code::UnbalancedConditional, at, message)
}
