//! What a caller says of a call, and what it is told of its end.

use std::time::Instant;

use bytes::Bytes;

use crate::datagram::Failure;

/// What is known of a call when it begins.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Whether it may be executed more than once: then it is sent again to a server that was
    /// started again, and to one that cannot tell whether it had it.
    pub idempotent: bool,
    /// When to cancel it.
    pub deadline: Option<Instant>,
}

impl CallOptions {
    /// These, for a call that may be executed more than once, or not.
    #[must_use]
    pub const fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// These, with the time at which to cancel the call.
    #[must_use]
    pub const fn deadline(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }
}

/// Why a call does not begin. Nothing of it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StartFailure {
    /// Each activity has a call: wait until one of them ends.
    #[error("as many calls are in flight as the client may have")]
    TooManyCalls,
    /// The message is empty, or longer than the client or the server takes.
    #[error("the message is empty or too long")]
    MessageLength,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was executed exactly once, unless it is idempotent, and this is the reply.
    Reply(Bytes),
    /// There is no reply.
    Failed(Failure),
}
