//! The time, which is looked up only when it is needed.

use std::time::Instant;

/// The time as a thread knows it: it is read once between two waits.
#[derive(Debug, Default)]
pub(super) struct Clock(Option<Instant>);

impl Clock {
    /// A clock that was just read.
    pub(super) fn at(now: Instant) -> Self {
        Self(Some(now))
    }

    /// The time since the last wait, about.
    pub(super) fn now(&mut self) -> Instant {
        *self.0.get_or_insert_with(Instant::now)
    }

    /// Takes note that time has passed.
    pub(super) fn has_waited(&mut self) {
        self.0 = None;
    }
}
