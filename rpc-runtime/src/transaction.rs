//! Calls in flight on one connection: their xids, deadlines, retransmissions and replies.
//!
//! An xid is generation ‖ slot: its low bits are the place of the call in the table, so that no
//! map is searched; all its bits must agree, so that a late reply to an earlier call in the same
//! place is told apart. The numbers come from one sequence that all connections of a process
//! share, so that none repeats while its predecessor may still be on the way.

mod in_flight;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    task::{Poll, Waker},
    time::Instant,
};

use bytes::Bytes;

use self::in_flight::{Interrupted, Transaction, Unreliable};
use crate::{
    Message, Procedure, Xid,
    datagram::Failure,
    retransmission::{Jitter, RoundTripEstimate},
};

/// Calls that may be in flight on one connection: more than any server reads ahead, and few
/// enough that half of the numbers of a table twice this size are always free.
pub const CALLS_IN_FLIGHT_MAX: usize = 65_536;

/// Slots of the smallest table.
const SLOTS_MIN: usize = 8;

/// The xids of a process, one after the other.
///
/// A number is passed over only when its slot is taken, and at most half of the slots are: so
/// 2^31 calls follow before one repeats.
#[derive(Debug)]
pub struct XidSequence(AtomicU32);

impl XidSequence {
    /// A sequence that begins here; a process should begin at a random place, so that a server
    /// that remembers an earlier one does not take new calls for old.
    #[must_use]
    pub const fn new(first: u32) -> Self {
        Self(AtomicU32::new(first))
    }

    /// The sequence of this process, which the first that asks for it begins.
    #[must_use]
    pub fn of_process(first: impl FnOnce() -> u32) -> &'static Self {
        static XIDS: OnceLock<XidSequence> = OnceLock::new();
        XIDS.get_or_init(|| Self::new(first()))
    }

    fn next(&self) -> Xid {
        Xid(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// What the procedure of a call allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// It may be executed once.
    AtMostOnce,
    /// It may be executed more than once.
    Idempotent,
    /// It is sent once and has no reply.
    Maybe,
}

impl From<&Procedure> for CallKind {
    fn from(procedure: &Procedure) -> Self {
        match (procedure.is_maybe(), procedure.is_idempotent()) {
            (true, _) => Self::Maybe,
            (false, true) => Self::Idempotent,
            (false, false) => Self::AtMostOnce,
        }
    }
}

/// How a transaction ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Ended {
    /// By this message.
    Reply(Bytes),
    /// It was handed to the transport, and has no reply.
    Sent,
    /// Its connection ended before.
    ConnectionLost(Arc<io::Error>),
    /// Its deadline came before.
    DeadlineExceeded,
    /// The reliable datagram protocol has no reply for it.
    Failed(Failure),
}

/// The end of a transaction, and how often its call was handed to the transport.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Completion {
    /// How it ended.
    pub ended: Ended,
    /// Copies of the call that may have been sent.
    pub transmissions: u32,
}

/// The calls in flight on one connection.
#[derive(Debug)]
pub struct Transactions {
    /// A power of two of slots, or none; at most half of them are taken.
    slots: Vec<Option<Transaction>>,
    in_flight: usize,
    /// No deadline and no retransmission is due before.
    earliest: Option<Instant>,
    unreliable: Option<Unreliable>,
    /// Whether calls that may be executed once are kept, so that they can be sent again when the
    /// connection was lost.
    keeps_all: bool,
    /// Why the last connection was lost, until a reply comes.
    lost: Option<Arc<io::Error>>,
}

impl Transactions {
    /// Calls over a transport that delivers each message, or ends.
    #[must_use]
    pub fn reliable() -> Self {
        Self {
            slots: Vec::new(),
            in_flight: 0,
            earliest: None,
            unreliable: None,
            keeps_all: false,
            lost: None,
        }
    }

    /// Calls over a transport that connects again from the same address, to a server that knows
    /// copies of calls when they come over another connection.
    #[must_use]
    pub fn replaying() -> Self {
        Self {
            keeps_all: true,
            ..Self::reliable()
        }
    }

    /// Calls over a transport that may lose messages; the seed spreads the retransmissions.
    #[must_use]
    pub fn unreliable(seed: u64) -> Self {
        Self {
            unreliable: Some(Unreliable {
                estimate: RoundTripEstimate::default(),
                jitter: Jitter::new(seed),
            }),
            ..Self::reliable()
        }
    }

    /// Calls that are in flight, or have ended and were not polled since.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Opens a transaction, unless [`CALLS_IN_FLIGHT_MAX`] are open.
    ///
    /// One that has no reply is sent once, and ends when it [was sent](Self::sent).
    pub fn open(&mut self, xids: &XidSequence, deadline: Instant, kind: CallKind) -> Option<Xid> {
        if self.in_flight >= CALLS_IN_FLIGHT_MAX {
            return None;
        }
        if self.slots.len() < 2 * (self.in_flight + 1) {
            self.grow();
        }
        loop {
            let xid = xids.next();
            if let Some(slot @ None) = self.slot(xid) {
                *slot = Some(Transaction::new(xid, deadline, kind));
                self.in_flight += 1;
                self.due(deadline);
                return Some(xid);
            }
        }
    }

    /// Notes that the call is handed to the transport, unless it has ended before.
    pub fn transmit(&mut self, xid: Xid, message: &Message, now: Instant) -> bool {
        let Some(kind) = self.running(xid).map(|open| open.kind) else {
            return false;
        };
        let unreliable = self.unreliable.as_mut();
        let unreliable = unreliable.filter(|_| kind != CallKind::Maybe);
        let retransmission = unreliable.map(|unreliable| unreliable.retransmission(message, now));
        if let Some(next) = &retransmission {
            self.due(next.at);
        }
        let is_kept = self.unreliable.is_none()
            && (kind == CallKind::Idempotent || kind == CallKind::AtMostOnce && self.keeps_all);
        if let Some(transaction) = self.running(xid) {
            transaction.transmissions += 1;
            transaction.awaits_transport = false;
            transaction.retransmission = retransmission.map(Box::new);
            transaction.kept = is_kept.then(|| message.clone());
        }
        true
    }

    /// Whether the call is in flight and has no reply.
    #[must_use]
    pub fn ends_when_sent(&mut self, xid: Xid) -> bool {
        self.running(xid)
            .is_some_and(|open| open.kind == CallKind::Maybe)
    }

    /// Ends a transaction that has no reply, as the transport has passed its call on, and gives
    /// its waker.
    pub fn sent(&mut self, xid: Xid) -> Option<Waker> {
        let transaction = self.running(xid)?;
        if transaction.kind != CallKind::Maybe {
            return None;
        }
        transaction.end(Ended::Sent);
        transaction.waker.take()
    }

    /// Notes that the transport did not take any byte of a copy of the call after all; says
    /// whether the call is in flight and has to be handed to the transport again.
    ///
    /// A retransmission needs no second attempt: the next one is due in its time.
    pub fn not_transmitted(&mut self, xid: Xid) -> bool {
        let is_reliable = self.unreliable.is_none();
        let Some(transaction) = self.running(xid) else {
            return false;
        };
        transaction.transmissions = transaction.transmissions.saturating_sub(1);
        transaction.awaits_transport = is_reliable || transaction.transmissions == 0;
        if transaction.awaits_transport {
            transaction.retransmission = None;
        }
        transaction.awaits_transport
    }

    /// Takes note that the connection was lost, and that there will be another, where the server
    /// sees the same address and port or not.
    ///
    /// Calls of which the transport took nothing wait for it. Of the others, those that may be
    /// executed more than once, or that the server will recognize, are to be sent again: the same
    /// bytes, under the same xid. The rest has ended.
    pub fn interrupt(
        &mut self,
        fault: &Arc<io::Error>,
        keeps_address: bool,
        again: &mut Vec<(Xid, Message)>,
        wakers: &mut Vec<Waker>,
    ) {
        self.lost = Some(Arc::clone(fault));
        let is_recognized = keeps_address && self.keeps_all;
        for transaction in self.slots.iter_mut().flatten() {
            if transaction.ended.is_none() {
                match transaction.interrupt(fault, is_recognized) {
                    Interrupted::Waits => {}
                    Interrupted::Again(message) => again.push((transaction.xid, message)),
                    Interrupted::Ended => wakers.extend(transaction.waker.take()),
                }
            }
        }
    }

    /// Notes that the call, or another copy of it, is in the hands of a protocol that delivers it, or
    /// tells its end.
    pub fn transmitted(&mut self, xid: Xid) {
        if let Some(transaction) = self.running(xid) {
            transaction.transmissions = transaction.transmissions.saturating_add(1);
        }
    }

    /// Whether the call is in flight, and was handed to the transport.
    #[must_use]
    pub fn was_transmitted(&mut self, xid: Xid) -> bool {
        self.running(xid)
            .is_some_and(|transaction| transaction.transmissions > 0)
    }

    /// Ends a transaction, and gives its waker.
    pub fn end(&mut self, xid: Xid, ended: Ended) -> Option<Waker> {
        let transaction = self.running(xid)?;
        transaction.end(ended);
        transaction.waker.take()
    }

    /// Whether the call still waits for its end.
    #[must_use]
    pub fn is_running(&mut self, xid: Xid) -> bool {
        self.running(xid).is_some()
    }

    /// Ends the transaction to which this message is the reply, and gives its waker.
    ///
    /// What is no reply, or one to a call that has ended, is dropped.
    pub fn receive(&mut self, message: Bytes, now: Instant) -> Option<Waker> {
        let xid = Xid::of_reply(&message)?;
        let transaction = self.running(xid)?;
        if transaction.kind == CallKind::Maybe {
            return None;
        }
        transaction.ended = Some(Ended::Reply(message));
        transaction.kept = None;
        let retransmission = transaction.retransmission.take();
        let (waker, transmissions) = (transaction.waker.take(), transaction.transmissions);
        if let (Some(sent), Some(unreliable), 1) =
            (retransmission, &mut self.unreliable, transmissions)
        {
            let round_trip = now.saturating_duration_since(sent.first_sent);
            unreliable.estimate.sample(round_trip);
        }
        self.lost = None;
        waker
    }

    /// The end of a transaction, which it frees; or keeps the waker for when it has ended.
    ///
    /// A transaction that is not open never ends.
    pub fn poll(&mut self, xid: Xid, waker: &Waker) -> Poll<Completion> {
        if let Some(completion) = self.take(xid) {
            return Poll::Ready(completion);
        }
        if let Some(transaction) = self.running(xid) {
            match &mut transaction.waker {
                Some(kept) => kept.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
        Poll::Pending
    }

    /// The end of a transaction, which it frees, where it has come.
    pub fn take(&mut self, xid: Xid) -> Option<Completion> {
        let transaction = self.slot(xid)?.as_mut().filter(|open| open.xid == xid)?;
        let ended = transaction.ended.take()?;
        let transmissions = transaction.transmissions;
        self.close(xid);
        Some(Completion {
            ended,
            transmissions,
        })
    }

    /// Frees a transaction that nobody waits for any more.
    pub fn close(&mut self, xid: Xid) {
        if let Some(slot) = self.slot(xid)
            && slot.as_ref().is_some_and(|open| open.xid == xid)
        {
            *slot = None;
            self.in_flight -= 1;
        }
    }

    /// When [`expire`](Self::expire) has to be called, at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.earliest
    }

    /// When [`expire`](Self::expire) has to be called, as the calls that are still in flight say: those
    /// that have ended since make [`next_timeout`](Self::next_timeout) earlier than need be. This looks
    /// at all of them.
    pub fn refreshed_timeout(&mut self) -> Option<Instant> {
        let running = self.slots.iter().flatten();
        let timeouts = running.filter_map(Transaction::timeout);
        self.earliest = timeouts.min();
        self.earliest
    }

    /// Ends the calls whose deadline has come, and gives what has to be sent again.
    pub fn expire(&mut self, now: Instant, again: &mut VecDeque<Message>, wakers: &mut Vec<Waker>) {
        if self.earliest.is_none_or(|earliest| now < earliest) {
            return;
        }
        self.earliest = None;
        for transaction in self.slots.iter_mut().flatten() {
            if transaction.ended.is_some() {
                continue;
            }
            let unreliable = self.unreliable.as_mut();
            match transaction.expire(now, unreliable, self.lost.as_ref(), again) {
                Some(due) => self.earliest = earlier(self.earliest, due),
                None => wakers.extend(transaction.waker.take()),
            }
        }
    }

    /// Ends all calls, because the connection has.
    pub fn end_all(&mut self, fault: &Arc<io::Error>, wakers: &mut Vec<Waker>) {
        for transaction in self.slots.iter_mut().flatten() {
            if transaction.ended.is_none() {
                transaction.end(Ended::ConnectionLost(Arc::clone(fault)));
                wakers.extend(transaction.waker.take());
            }
        }
    }

    /// The slot in which a transaction with this xid would be.
    fn slot(&mut self, xid: Xid) -> Option<&mut Option<Transaction>> {
        let index = index(xid, self.slots.len())?;
        self.slots.get_mut(index)
    }

    /// The transaction, unless it has ended or is not open.
    fn running(&mut self, xid: Xid) -> Option<&mut Transaction> {
        self.slot(xid)?
            .as_mut()
            .filter(|open| open.xid == xid && open.ended.is_none())
    }

    /// Doubles the table. Two transactions that had different slots still have.
    fn grow(&mut self) {
        let len = (2 * self.slots.len()).max(SLOTS_MIN);
        let mut slots: Vec<Option<Transaction>> = Vec::new();
        slots.resize_with(len, || None);
        for transaction in self.slots.drain(..).flatten() {
            if let Some(slot) = index(transaction.xid, len).and_then(|index| slots.get_mut(index)) {
                *slot = Some(transaction);
            }
        }
        self.slots = slots;
    }

    fn due(&mut self, at: Instant) {
        self.earliest = earlier(self.earliest, at);
    }
}

/// The slot of an xid in a table of so many slots: its low bits.
fn index(xid: Xid, slots: usize) -> Option<usize> {
    let mask = u32::try_from(slots.checked_sub(1)?).ok()?;
    usize::try_from(xid.0 & mask).ok()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what it gives is stored as an option"
)]
fn earlier(earliest: Option<Instant>, at: Instant) -> Option<Instant> {
    Some(earliest.map_or(at, |earliest| earliest.min(at)))
}

#[cfg(test)]
#[path = "transaction/tests.rs"]
mod tests;
