//! The deadlines that a server sets the peer of a stream: a peer that does not go on is cut off, and
//! nobody else notices.

use std::{
    io,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use super::{now, timer::Timer};

/// Bytes of replies that a peer has to take within the write deadline, unless it takes all that
/// wait: one that takes a byte now and then would keep megabytes waiting for hours.
const PROGRESS_MIN: u64 = 16 << 10;

/// How long a peer may take for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the first byte of a record to its last.
    pub(super) record: Option<Duration>,
    /// To take replies that wait, or some of them.
    pub(super) write: Option<Duration>,
    /// For its next call.
    pub(super) idle: Option<Duration>,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// Its own side: services, or its turn.
    Itself,
    /// A call, of which nothing has come; no call is under way.
    Call,
    /// The rest of a record.
    Record,
    /// A peer that takes no more replies, and took this many bytes so far.
    Replies(u64),
}

/// The deadlines of one connection.
///
/// They have one timer. Where calls come and go in time, the clock is never read.
#[derive(Debug)]
pub(super) struct Deadlines {
    patience: Patience,
    timer: Timer,
    /// When the record that is under way is due.
    record: Option<Instant>,
    /// The bytes that the peer had taken when it began to take no more, and when more are due.
    replies: Option<(u64, Instant)>,
    /// When it is looked next whether there was a call.
    idle: Option<Instant>,
    /// Whether there was a call since it was looked the last time.
    is_active: bool,
}

impl Deadlines {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            timer: Timer::default(),
            record: None,
            replies: None,
            idle: None,
            is_active: false,
        }
    }

    /// Takes note that records have come: the next one has its own time.
    pub(super) fn received(&mut self) {
        self.record = None;
        self.is_active = true;
    }

    /// Fails when the peer has let a deadline pass.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, waits: Waits) -> Poll<io::Error> {
        loop {
            let due = self.due(waits);
            if due.is_none() {
                return Poll::Pending;
            }
            ready!(self.timer.poll(cx, due));
            let now = now();
            if due.is_some_and(|due| due <= now) && !self.renews(waits, now) {
                return Poll::Ready(overdue(waits));
            }
        }
    }

    /// When the peer is due with what is waited for. The time of what is not waited for begins
    /// anew, once it is.
    fn due(&mut self, waits: Waits) -> Option<Instant> {
        let Self {
            patience, record, ..
        } = self;
        self.is_active |= waits != Waits::Call;
        if waits != Waits::Record {
            *record = None;
        }
        match waits {
            Waits::Itself => {
                self.replies = None;
                None
            }
            Waits::Call => {
                self.replies = None;
                let idle = patience.idle?;
                Some(*self.idle.get_or_insert_with(|| now() + idle))
            }
            Waits::Record => {
                self.replies = None;
                let time = patience.record?;
                Some(*record.get_or_insert_with(|| now() + time))
            }
            Waits::Replies(taken) => {
                let time = patience.write?;
                let begun = self.replies.filter(|(at, _)| taken < at + PROGRESS_MIN);
                let (_, due) = *self
                    .replies
                    .insert(begun.unwrap_or_else(|| (taken, now() + time)));
                Some(due)
            }
        }
    }

    /// Whether a peer that had no call to make just now had one since it was looked the last time.
    fn renews(&mut self, waits: Waits, now: Instant) -> bool {
        let is_renewed = waits == Waits::Call && std::mem::take(&mut self.is_active);
        if is_renewed {
            self.idle = self.patience.idle.map(|idle| now + idle);
        }
        is_renewed
    }
}

fn overdue(waits: Waits) -> io::Error {
    let what = match waits {
        Waits::Record => "the rest of a record did not come in time",
        Waits::Replies(_) => "the peer takes no replies",
        Waits::Itself | Waits::Call => "no call came for a long time",
    };
    io::Error::new(io::ErrorKind::TimedOut, what)
}
