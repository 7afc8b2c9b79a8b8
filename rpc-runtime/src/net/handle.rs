//! What a client's calls go through, whatever carries them.

use std::{
    sync::Arc,
    task::{Poll, Waker},
    time::Instant,
};

use super::{
    now,
    reliable::{NEVER, Request},
    shared::Shared,
    state::{ConnectionState, ConnectionStates},
};
use crate::{
    CallErrorKind, Message, Peer, Procedure, Xid,
    datagram::CallOptions,
    observe::ClientCall,
    transaction::{CallKind, Completion},
};

/// What all clones of a client share; the connection ends when it is dropped.
#[derive(Debug)]
pub(super) enum Handle {
    /// A connection whose transport carries messages.
    Messages(Arc<Shared<Message>>),
    /// An association of the reliable datagram protocol, which carries calls.
    Reliable(Arc<Shared<Request>>),
}

impl Handle {
    pub(super) fn peer(&self) -> Peer {
        match self {
            Self::Messages(shared) => shared.peer(),
            Self::Reliable(shared) => shared.peer(),
        }
    }

    /// What becomes of the connection.
    pub(super) fn connection(&self) -> ConnectionState {
        match self {
            Self::Messages(shared) => shared.connection(),
            Self::Reliable(shared) => shared.connection(),
        }
    }

    /// What will become of the connection.
    pub(super) fn connections(&self) -> ConnectionStates {
        match self {
            Self::Messages(shared) => shared.connections(),
            Self::Reliable(shared) => shared.connections(),
        }
    }

    /// Bytes that a call may have.
    pub(super) fn message_max(&self) -> usize {
        match self {
            Self::Messages(shared) => shared.message_max(),
            Self::Reliable(shared) => shared.message_max(),
        }
    }

    /// A call begins, as it is seen from outside.
    pub(super) fn observe(&self, procedure: &Procedure) -> ClientCall {
        match self {
            Self::Messages(shared) => shared.observe(procedure),
            Self::Reliable(shared) => shared.observe(procedure),
        }
    }

    /// Opens a transaction.
    pub(super) fn open(&self, deadline: Instant, kind: CallKind) -> Result<Xid, CallErrorKind> {
        match self {
            Self::Messages(shared) => shared.open(deadline, kind),
            Self::Reliable(shared) => shared.open(now() + NEVER, kind),
        }
    }

    /// Queues the call of an open transaction.
    pub(super) fn submit(
        &self,
        xid: Xid,
        message: Message,
        options: CallOptions,
        observed: &ClientCall,
    ) {
        match self {
            Self::Messages(shared) => shared.submit(xid, message, observed),
            Self::Reliable(shared) => {
                let message = message.to_bytes();
                shared.submit(xid, Request { message, options }, observed);
            }
        }
    }

    /// The end of a transaction.
    pub(super) fn poll(&self, xid: Xid, waker: &Waker) -> Poll<Completion> {
        match self {
            Self::Messages(shared) => shared.poll(xid, waker),
            Self::Reliable(shared) => shared.poll(xid, waker),
        }
    }

    /// Frees a transaction.
    pub(super) fn give_up(&self, xid: Xid) {
        match self {
            Self::Messages(shared) => shared.give_up(xid),
            Self::Reliable(shared) => shared.cancel(xid),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        match self {
            Self::Messages(shared) => shared.close(),
            Self::Reliable(shared) => shared.close(),
        }
    }
}
