//! One call in flight.

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use super::{CallKind, Ended};
use crate::{
    Message, Xid,
    retransmission::{Jitter, RoundTripEstimate},
};

/// What a transport that loses messages needs besides.
#[derive(Debug)]
pub(super) struct Unreliable {
    pub(super) estimate: RoundTripEstimate,
    pub(super) jitter: Jitter,
}

#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) xid: Xid,
    pub(super) deadline: Instant,
    pub(super) kind: CallKind,
    pub(super) transmissions: u32,
    /// Whether it is the caller's turn to hand the call, or a copy of it, to the transport.
    pub(super) awaits_transport: bool,
    pub(super) retransmission: Option<Box<Retransmission>>,
    /// The call, where it may be sent again over another connection.
    pub(super) kept: Option<Message>,
    pub(super) waker: Option<Waker>,
    pub(super) ended: Option<Ended>,
}

/// The next copy of a call.
#[derive(Debug)]
pub(super) struct Retransmission {
    pub(super) message: Message,
    pub(super) first_sent: Instant,
    pub(super) timeout: Duration,
    pub(super) at: Instant,
}

/// What becomes of a call whose connection was lost.
pub(super) enum Interrupted {
    /// It waits for the next connection.
    Waits,
    /// It is sent again over the next connection.
    Again(Message),
    Ended,
}

impl Unreliable {
    /// The first retransmission of a call that is sent now.
    pub(super) fn retransmission(&mut self, message: &Message, now: Instant) -> Retransmission {
        let timeout = self.estimate.retransmission_timeout();
        Retransmission {
            message: message.clone(),
            first_sent: now,
            timeout,
            at: now + self.jitter.spread(timeout),
        }
    }
}

impl Transaction {
    pub(super) fn new(xid: Xid, deadline: Instant, kind: CallKind) -> Self {
        Self {
            xid,
            deadline,
            kind,
            transmissions: 0,
            awaits_transport: true,
            retransmission: None,
            kept: None,
            waker: None,
            ended: None,
        }
    }

    pub(super) fn end(&mut self, ended: Ended) {
        self.ended = Some(ended);
        self.retransmission = None;
        self.kept = None;
    }

    /// When something is due, unless the call has ended.
    pub(super) fn timeout(&self) -> Option<Instant> {
        let retransmission = self.retransmission.as_ref().map(|next| next.at);
        let due = retransmission.map_or(self.deadline, |at| at.min(self.deadline));
        self.ended.is_none().then_some(due)
    }

    /// What becomes of a call whose connection was lost.
    pub(super) fn interrupt(&mut self, fault: &Arc<io::Error>, is_recognized: bool) -> Interrupted {
        let may_be_sent_again = match self.kind {
            CallKind::Idempotent => true,
            CallKind::AtMostOnce => is_recognized,
            CallKind::Maybe => false,
        };
        if self.awaits_transport && (self.transmissions == 0 || may_be_sent_again) {
            return Interrupted::Waits;
        }
        if may_be_sent_again && let Some(message) = &self.kept {
            self.awaits_transport = true;
            return Interrupted::Again(message.clone());
        }
        self.end(Ended::ConnectionLost(Arc::clone(fault)));
        Interrupted::Ended
    }

    /// Does what is due; gives the time at which more is, or nothing when the call has ended.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        unreliable: Option<&mut Unreliable>,
        lost: Option<&Arc<io::Error>>,
        again: &mut VecDeque<Message>,
    ) -> Option<Instant> {
        if self.deadline <= now {
            // A call that waits for a connection says why there is none.
            let lost = lost.filter(|_| self.awaits_transport);
            self.end(lost.map_or(Ended::DeadlineExceeded, |fault| {
                Ended::ConnectionLost(Arc::clone(fault))
            }));
            return None;
        }
        let (Some(next), Some(unreliable)) = (&mut self.retransmission, unreliable) else {
            return Some(self.deadline);
        };
        if next.at <= now {
            self.transmissions = self.transmissions.saturating_add(1);
            next.timeout = unreliable.estimate.back_off(next.timeout);
            next.at = now + unreliable.jitter.spread(next.timeout);
            again.push_back(next.message.clone());
        }
        Some(next.at.min(self.deadline))
    }
}
