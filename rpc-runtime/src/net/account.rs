//! What becomes of the calls of a server that shuts down: each is answered, turned away or given up.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::server::ShutdownReport;

/// The sums over all connections of a server, since it began to shut down.
#[derive(Debug, Default)]
pub(super) struct Totals {
    is_draining: AtomicBool,
    answered: AtomicU64,
    refused: AtomicU64,
    aborted: AtomicU64,
    connections_closed: AtomicU64,
    connections_cut: AtomicU64,
}

impl Totals {
    /// Counts from now on.
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    /// Whether the server shuts down. Its connections may not know that yet.
    fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    /// What the connections that have ended were about.
    pub(super) fn report(&self, all_answered: bool) -> ShutdownReport {
        let read = |count: &AtomicU64| count.load(Ordering::Acquire);
        ShutdownReport {
            all_answered,
            answered: read(&self.answered),
            refused: read(&self.refused),
            aborted: read(&self.aborted),
            connections_closed: read(&self.connections_closed),
            connections_cut: read(&self.connections_cut),
        }
    }
}

/// The calls of one connection; they are added to the totals when it is dropped.
#[derive(Debug)]
pub(super) struct Account {
    totals: Arc<Totals>,
    /// Calls that were taken from the transport and have not ended.
    under_way: usize,
    /// Replies that the transport has not taken.
    unsent: usize,
    /// Calls that the transport has accepted and not handed over.
    waiting: usize,
    answered: usize,
    refused: usize,
    aborted: usize,
    is_closed: bool,
}

impl Account {
    pub(super) fn new(totals: Arc<Totals>) -> Self {
        Self {
            totals,
            under_way: 0,
            unsent: 0,
            waiting: 0,
            answered: 0,
            refused: 0,
            aborted: 0,
            is_closed: false,
        }
    }

    /// So many messages were taken from the transport.
    pub(super) fn received(&mut self, messages: usize) {
        self.under_way += messages;
    }

    /// A call has ended: with a reply to send, or as one that has none.
    pub(super) fn answered(&mut self, has_reply: bool) {
        self.ended(has_reply);
        self.answered += usize::from(self.totals.is_draining());
    }

    /// A call was turned away before its service saw it.
    pub(super) fn refused(&mut self, has_reply: bool) {
        self.ended(has_reply);
        self.refused += usize::from(self.totals.is_draining());
    }

    /// A message was no call, or the copy of one.
    pub(super) fn ignored(&mut self) {
        self.under_way -= 1;
    }

    /// So many calls will have no answer.
    pub(super) fn aborted(&mut self, calls: usize) {
        self.under_way -= calls;
        self.aborted += calls * usize::from(self.totals.is_draining());
    }

    /// The transport has taken all but so many replies.
    pub(super) fn sent(&mut self, left: usize) {
        self.unsent = left;
    }

    /// The transport has so many calls that it has not handed over.
    pub(super) fn waiting(&mut self, calls: usize) {
        self.waiting = calls;
    }

    /// The connection was ended in order, and the peer has ended it, too.
    pub(super) fn closed(&mut self) {
        self.is_closed = true;
    }

    fn ended(&mut self, has_reply: bool) {
        self.under_way -= 1;
        self.unsent += usize::from(has_reply);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let totals = &self.totals;
        if !totals.is_draining() {
            return;
        }
        let add = |total: &AtomicU64, count: usize| {
            total.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Release);
        };
        // A reply that was not sent is no answer; those that refuse go the same way.
        let unsent_answers = self.unsent.min(self.answered);
        add(&totals.answered, self.answered - unsent_answers);
        add(
            &totals.refused,
            self.refused.saturating_sub(self.unsent - unsent_answers),
        );
        let given_up = self.under_way + self.unsent + self.waiting;
        add(&totals.aborted, self.aborted + given_up);
        add(&totals.connections_closed, usize::from(self.is_closed));
        add(&totals.connections_cut, usize::from(!self.is_closed));
    }
}
