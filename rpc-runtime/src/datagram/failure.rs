//! Why a call has no reply, and what that says of its execution.

use crate::Outcome;

/// Why a call has no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// For too long nothing was heard of it.
    #[error("the server does not answer")]
    Silence,
    /// Its deadline came.
    #[error("the deadline has passed")]
    DeadlineExceeded,
    /// The caller wants no result any more.
    #[error("the call was cancelled")]
    Cancelled,
    /// The server was started again meanwhile.
    #[error("the server was started again")]
    ServerRestarted,
    /// It came too late for the server to know whether it had come before.
    #[error("the call reached the server too late")]
    StalePin,
    /// The server has no room.
    #[error("the server is overloaded")]
    Refused,
    /// It found no room at the server for as long as calls may be on their way.
    #[error("the server is busy")]
    Busy,
    /// Its pin lies so far in the future of the server that waiting does not help.
    #[error("the call is ahead of the server's clock")]
    FuturePin,
    /// The message is longer than the server takes.
    #[error("the call is longer than the server takes")]
    TooLarge,
    /// The server ends.
    #[error("the server is shutting down")]
    Draining,
    /// Its number stands for another call.
    #[error("the number of the call was used before")]
    SeqReused,
    /// The server had no room for the reply.
    #[error("the server dropped the reply")]
    ReplyEvicted,
    /// The reply is longer than the client takes.
    #[error("the reply is longer than the client takes")]
    ReplyTooLarge,
}

/// The end of a call without a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    reason: Reason,
    outcome: Outcome,
}

impl Failure {
    pub(crate) const fn new(reason: Reason, outcome: Outcome) -> Self {
        Self { reason, outcome }
    }

    /// Why there is no reply.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Whether the call was executed, as far as that is known.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }
}
