//! What a server remembers of a call.

use std::time::Instant;

use bytes::Bytes;

use crate::datagram::{
    RejectCode,
    packet::{FragmentSize, Geometry, Header},
    receiver::Reassembly,
    sender::Sender,
};

/// The last call of an activity.
#[derive(Debug)]
pub(super) struct Record {
    /// Its number; 0 where there was none.
    pub(super) seq: u32,
    /// The checksum of its message; unknown where it was cancelled before it came.
    pub(super) msg_crc: Option<u32>,
    /// The size of the fragments that its path carries.
    pub(super) size: FragmentSize,
    /// The packet about it that came last, and when.
    pub(super) seen: (u32, Instant),
    /// When it came, or when its execution began.
    pub(super) since: Instant,
    pub(super) state: State,
}

/// How far a call is.
#[derive(Debug)]
pub(super) enum State {
    /// Some of its fragments have come, or none that are kept.
    Receiving(Option<Box<Reassembly>>),
    /// It waits for its execution.
    Queued(Bytes),
    /// It is being executed.
    Running {
        /// Whether the service was told that nobody waits for the result.
        is_cancelled: bool,
    },
    /// It has a reply, which the client may not have.
    Replied(Box<Sender>),
    /// Nothing is left of it but the knowledge of what became of it.
    Tomb(Tomb),
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tomb {
    /// The client has the reply.
    Done,
    /// It was executed, and there was no room for the reply.
    Evicted,
    /// There was no room for the call, or it was none.
    Refused,
    /// It was cancelled before it was executed.
    Cancelled,
}

impl Tomb {
    /// What a client is told that asks; one that has the reply does not ask.
    pub(super) fn rejection(self) -> Option<RejectCode> {
        match self {
            Self::Done => None,
            Self::Evicted => Some(RejectCode::ResultLost),
            Self::Refused => Some(RejectCode::Refused),
            Self::Cancelled => Some(RejectCode::CancelledBeforeStart),
        }
    }
}

impl Record {
    /// The record of an activity that had no call.
    pub(super) fn none(now: Instant) -> Self {
        Self {
            seq: 0,
            msg_crc: None,
            size: FragmentSize::Any,
            seen: (0, now),
            since: now,
            state: State::Tomb(Tomb::Done),
        }
    }

    /// The record of a call that begins with this packet.
    pub(super) fn begin(header: &Header, now: Instant, state: State) -> Self {
        let has_fragment = header.packet_type.has_fragment();
        Self {
            seq: header.seq,
            msg_crc: has_fragment.then_some(header.geometry.msg_crc),
            size: header.geometry.size,
            seen: (header.pn, now),
            since: now,
            state,
        }
    }

    /// Whether a fragment is of this call and not of another with the same number.
    pub(super) fn is_same_call(&self, geometry: &Geometry) -> bool {
        self.msg_crc.is_none_or(|crc| crc == geometry.msg_crc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// §7.6: 262,144 records in 25 MB.
    #[test]
    fn a9_a_record_has_at_most_96_bytes() {
        assert!(size_of::<Record>() <= 96, "{}", size_of::<Record>());
    }
}
