//! Messages with the peer that they go to or come from.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::{Peer, Xid};

/// A whole message to send: a short list of byte strings, so that a large body can be sent from
/// where it lies, behind a header of its own.
#[derive(Debug, Clone)]
pub struct Message {
    to: Peer,
    head: Bytes,
    rest: Vec<Bytes>,
}

impl Message {
    /// A message that lies in one piece.
    #[must_use]
    pub fn new(to: Peer, bytes: Bytes) -> Self {
        Self {
            to,
            head: bytes,
            rest: Vec::new(),
        }
    }

    /// A message in the pieces that [`finish_chunks`](xdr::Encoder::finish_chunks) gives: the
    /// first, which holds the header, and those behind it.
    #[must_use]
    pub fn from_chunks(to: Peer, (head, rest): (Bytes, Vec<Bytes>)) -> Self {
        Self { to, head, rest }
    }

    /// Adds a part behind the others.
    pub fn push(&mut self, part: Bytes) {
        self.rest.push(part);
    }

    /// The peer that it goes to.
    #[must_use]
    pub fn to(&self) -> Peer {
        self.to
    }

    /// The transaction that it belongs to.
    #[must_use]
    pub fn xid(&self) -> Option<Xid> {
        Xid::of(&self.head)
    }

    /// The parts, front to back; the first holds the header.
    pub fn parts(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.head).chain(&self.rest)
    }

    /// The bytes of all parts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts().map(Bytes::len).sum()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts().all(Bytes::is_empty)
    }

    /// The message in one piece; a copy where there are several parts.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        if self.rest.is_empty() {
            return self.head.clone();
        }
        let mut whole = BytesMut::with_capacity(self.len());
        for part in self.parts() {
            whole.extend_from_slice(part);
        }
        whole.freeze()
    }
}

/// A whole message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The peer that sent it.
    pub from: Peer,
    /// What it sent.
    pub message: Bytes,
    /// When it came, where that was earlier than it is taken from its transport.
    pub arrived: Option<Instant>,
}

impl Received {
    /// A message that this peer sent.
    #[must_use]
    pub fn new(from: Peer, message: Bytes) -> Self {
        Self {
            from,
            message,
            arrived: None,
        }
    }

    /// The same, come at this time.
    #[must_use]
    pub fn arrived_at(mut self, arrived: Instant) -> Self {
        self.arrived = Some(arrived);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_one_piece() {
        let mut message = Message::new(Peer::Memory, Bytes::from_static(b"head"));
        assert_eq!(message.to_bytes(), "head");
        message.push(Bytes::from_static(b" and"));
        message.push(Bytes::from_static(b" body"));
        assert_eq!(message.to_bytes(), "head and body");
        assert_eq!(message.len(), 13);
        assert!(!message.is_empty());
    }
}
