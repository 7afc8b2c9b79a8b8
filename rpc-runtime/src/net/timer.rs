//! The one timer of a connection.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

use tokio::time::Sleep;

/// One timer for all calls of a connection.
///
/// It is set forward only: a call that ends in time leaves it as it is, so that a fast sequence of
/// calls does not set it each time.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    set_to: Option<Instant>,
    /// Whom the runtime wakes when the time has come, once it knows.
    registered: Option<Waker>,
}

impl Timer {
    /// Ready when something may be due, at the latest at this time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, at: Option<Instant>) -> Poll<()> {
        if let Some(at) = at
            && self.set_to.is_none_or(|set_to| at < set_to)
        {
            self.set(at);
        }
        if self.set_to.is_none() {
            return Poll::Pending;
        }
        let Some(sleep) = &mut self.sleep else {
            return Poll::Pending;
        };
        let registered = self.registered.as_ref();
        if registered.is_some_and(|waker| waker.will_wake(cx.waker())) && !sleep.is_elapsed() {
            return Poll::Pending;
        }
        self.registered = Some(cx.waker().clone());
        ready!(sleep.as_mut().poll(cx));
        self.set_to = None;
        self.registered = None;
        Poll::Ready(())
    }

    fn set(&mut self, at: Instant) {
        self.set_to = Some(at);
        self.registered = None;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at.into()),
            none => *none = Some(Box::pin(tokio::time::sleep_until(at.into()))),
        }
    }
}
