//! Telling the server that it need not keep replies.

use std::time::{Duration, Instant};

use super::link::{Link, Outgoing};
use crate::datagram::{
    CallId,
    packet::{DONE_PAIRS_MAX, Done, PacketType},
};

/// Replies that the server may still keep; the next call of an activity tells it the same.
#[derive(Debug)]
pub(super) struct DoneBatch {
    calls: Vec<(u64, CallId)>,
    delay: Duration,
    due: Option<Instant>,
}

impl DoneBatch {
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            calls: Vec::new(),
            delay,
            due: None,
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.calls.is_empty())
    }

    /// A reply of this epoch has come.
    pub(super) fn add(&mut self, now: Instant, epoch: u64, call: CallId) {
        if self.calls.is_empty() {
            self.due = Some(now + self.delay);
        }
        self.calls.push((epoch, call));
    }

    /// The activity has another call, which says that its last reply has come.
    pub(super) fn supersede(&mut self, activity: u32) {
        self.calls.retain(|(_, call)| call.activity != activity);
    }

    /// Sends what is due, a packet for each incarnation of client and server.
    pub(super) fn flush(&mut self, link: &mut Link, now: Instant) {
        if self.due().is_none_or(|due| now < due) {
            return;
        }
        self.due = None;
        while let Some(&(epoch, CallId { client_id, .. })) = self.calls.first() {
            let mut pairs = Vec::new();
            self.calls.retain(|(of_epoch, call)| {
                let fits = (*of_epoch, call.client_id) == (epoch, client_id)
                    && pairs.len() < DONE_PAIRS_MAX;
                if fits {
                    pairs.push((call.activity, call.seq));
                }
                !fits
            });
            send(link, now, epoch, client_id, &pairs);
        }
    }
}

/// Sends a DONE for these calls, given as activity and seq.
pub(super) fn send(
    link: &mut Link,
    now: Instant,
    epoch: u64,
    client_id: u64,
    calls: &[(u32, u32)],
) {
    let out = Outgoing {
        epoch,
        body: &Done::to_bytes(calls),
        ..Outgoing::of_client(PacketType::Done, client_id)
    };
    if link.transmit(now, &out).is_some() {
        link.counters.dones += 1;
    }
}
