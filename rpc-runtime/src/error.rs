use std::{fmt, io, sync::Arc};

use crate::{AcceptStat, Peer, Procedure, RejectStat, Xid, datagram::Failure};

/// A call that brought no result: what went wrong, and whether it may have been executed.
///
/// One pointer wide, so that a `Result` of a small value stays small.
#[derive(Clone)]
pub struct CallError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: CallErrorKind,
    procedure: Procedure,
    outcome: Outcome,
    transmissions: u32,
    xid: Option<Xid>,
    peer: Option<Peer>,
}

/// What a caller knows about a call that brought no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was not executed, and will not be.
    NotExecuted,
    /// It was executed; what came of it is lost.
    ResultLost,
    /// It was executed, or not, or in part, or still may be.
    Unknown,
}

/// What went wrong with a call.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// The arguments, or the credential, break a rule of their type; nothing was sent.
    #[error("cannot encode the call: {0}")]
    Encode(xdr::Error),
    /// The message is longer than the transport can carry; nothing was sent.
    #[error("the message of {len} bytes is above the {max} that the transport carries")]
    TooLarge {
        /// Bytes of the message.
        len: usize,
        /// Bytes that a message may have.
        max: usize,
    },
    /// As many calls are in flight as a connection can have; nothing was sent.
    #[error("too many calls are in flight")]
    TooManyCalls,
    /// The connection could not be used, or ended before the reply came.
    #[error("the connection is lost: {0}")]
    ConnectionLost(Arc<io::Error>),
    /// No reply came within the deadline.
    #[error("no reply came within the deadline")]
    DeadlineExceeded,
    /// The reliable datagram protocol has no reply for it.
    #[error("{0}")]
    Failed(Failure),
    /// The server accepted the call and refused it, or failed.
    #[error("{0}")]
    Accepted(AcceptStat),
    /// The server denied the call.
    #[error("{0}")]
    Denied(RejectStat),
    /// The header of the reply cannot be decoded.
    #[error("cannot decode the header of the reply: {0}")]
    MalformedReply(xdr::Error),
    /// The result cannot be decoded.
    #[error("cannot decode the result: {0}")]
    Decode(xdr::Error),
    /// A layer around the client ended the call.
    #[error("{0}")]
    Layer(Arc<dyn std::error::Error + Send + Sync>),
}

impl CallErrorKind {
    /// What the caller knows, after the call was handed to the transport this many times.
    ///
    /// A refusal that answers a retransmission says nothing of the first copy of the call.
    fn outcome(&self, transmissions: u32) -> Outcome {
        match self {
            Self::Decode(_) => Outcome::ResultLost,
            Self::Failed(failure) => failure.outcome(),
            Self::Accepted(AcceptStat::SystemErr) | Self::MalformedReply(_) => Outcome::Unknown,
            Self::Accepted(_) | Self::Denied(_) if transmissions > 1 => Outcome::Unknown,
            Self::ConnectionLost(_) | Self::DeadlineExceeded | Self::Layer(_)
                if transmissions > 0 =>
            {
                Outcome::Unknown
            }
            _ => Outcome::NotExecuted,
        }
    }
}

impl CallError {
    /// An error of a call that was handed to the transport this many times.
    #[cold]
    #[must_use]
    pub fn new(kind: CallErrorKind, procedure: Procedure, transmissions: u32) -> Self {
        Self(Box::new(Inner {
            outcome: kind.outcome(transmissions),
            kind,
            procedure,
            transmissions,
            xid: None,
            peer: None,
        }))
    }

    /// Takes back that the call was not executed: there were other attempts.
    #[cfg(feature = "tower")]
    pub(crate) fn perhaps_executed(mut self) -> Self {
        if self.0.outcome == Outcome::NotExecuted {
            self.0.outcome = Outcome::Unknown;
        }
        self
    }

    /// Adds the transaction and the peer of the call.
    #[must_use]
    pub fn with_transaction(mut self, xid: Xid, peer: Peer) -> Self {
        self.0.xid = Some(xid);
        self.0.peer = Some(peer);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &CallErrorKind {
        &self.0.kind
    }

    /// Whether the call was executed, as far as the caller can know.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The procedure that was called.
    #[must_use]
    pub fn procedure(&self) -> Procedure {
        self.0.procedure
    }

    /// How often the call was handed to the transport: above 1, it was sent again.
    #[must_use]
    pub fn transmissions(&self) -> u32 {
        self.0.transmissions
    }

    /// The error of the operating system, or of the transport, that cost the connection.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match self.kind() {
            CallErrorKind::ConnectionLost(error) => Some(error),
            _ => None,
        }
    }

    /// The transaction, where one was opened.
    #[must_use]
    pub fn xid(&self) -> Option<Xid> {
        self.0.xid
    }

    /// The peer that was called, where it is known.
    #[must_use]
    pub fn peer(&self) -> Option<Peer> {
        self.0.peer
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotExecuted => "not executed",
            Self::ResultLost => "executed, result lost",
            Self::Unknown => "perhaps executed",
        })
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call of {}", self.procedure())?;
        if let Some(peer) = self.peer() {
            write!(f, " at {peer}")?;
        }
        if let Some(xid) = self.xid() {
            write!(f, " (xid {xid}")?;
            if self.transmissions() > 1 {
                write!(f, ", sent {} times", self.transmissions())?;
            }
            f.write_str(")")?;
        }
        write!(f, ": {} ({})", self.kind(), self.outcome())
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallError")
            .field("kind", self.kind())
            .field("outcome", &self.outcome())
            .field("procedure", &self.procedure())
            .field("transmissions", &self.transmissions())
            .field("xid", &self.xid())
            .field("peer", &self.peer())
            .finish()
    }
}

/// What `Display` shows already holds the cause, so that there is no `source` to show it again;
/// [`io_error`](CallError::io_error) gives it.
impl std::error::Error for CallError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuthStat, Program};

    const ADD: Procedure = Procedure::new(Program::new("Calc", 7), 1, 2, "add");

    fn outcome(kind: CallErrorKind, transmissions: u32) -> Outcome {
        CallError::new(kind, ADD, transmissions).outcome()
    }

    fn fault() -> xdr::Error {
        xdr::Error::new(xdr::ErrorKind::InvalidUtf8, 4)
    }

    fn lost() -> CallErrorKind {
        CallErrorKind::ConnectionLost(Arc::new(io::ErrorKind::ConnectionReset.into()))
    }

    #[test]
    fn outcome_before_anything_was_sent() {
        assert_eq!(outcome(lost(), 0), Outcome::NotExecuted);
        assert_eq!(
            outcome(CallErrorKind::DeadlineExceeded, 0),
            Outcome::NotExecuted
        );
        assert_eq!(
            outcome(CallErrorKind::Encode(fault()), 0),
            Outcome::NotExecuted
        );
        assert_eq!(
            outcome(CallErrorKind::TooManyCalls, 0),
            Outcome::NotExecuted
        );
    }

    #[test]
    fn outcome_without_a_reply() {
        assert_eq!(outcome(lost(), 1), Outcome::Unknown);
        assert_eq!(
            outcome(CallErrorKind::DeadlineExceeded, 1),
            Outcome::Unknown
        );
    }

    #[test]
    fn outcome_of_a_refusal_depends_on_the_number_of_copies() {
        let refusals = [
            CallErrorKind::Accepted(AcceptStat::ProgUnavail),
            CallErrorKind::Accepted(AcceptStat::ProgMismatch { low: 1, high: 2 }),
            CallErrorKind::Accepted(AcceptStat::ProcUnavail),
            CallErrorKind::Accepted(AcceptStat::GarbageArgs),
            CallErrorKind::Denied(RejectStat::RpcMismatch { low: 2, high: 2 }),
            CallErrorKind::Denied(RejectStat::AuthError(AuthStat::TooWeak)),
        ];
        for kind in refusals {
            assert_eq!(outcome(kind.clone(), 1), Outcome::NotExecuted);
            assert_eq!(outcome(kind, 2), Outcome::Unknown);
        }
    }

    #[test]
    fn outcome_of_replies_that_say_little() {
        let failed = CallErrorKind::Accepted(AcceptStat::SystemErr);
        assert_eq!(outcome(failed, 1), Outcome::Unknown);
        let kind = CallErrorKind::MalformedReply(fault());
        assert_eq!(outcome(kind, 1), Outcome::Unknown);
        let kind = CallErrorKind::Decode(fault());
        assert_eq!(outcome(kind, 2), Outcome::ResultLost);
    }

    #[test]
    fn is_small_and_crosses_threads() {
        fn crosses_threads<T: Send + Sync + 'static>() -> usize {
            size_of::<T>()
        }
        assert_eq!(crosses_threads::<CallError>(), size_of::<usize>());
    }

    #[test]
    fn shows_everything_that_is_known() {
        let peer = Peer::Udp(([127, 0, 0, 1], 111).into());
        let error = CallError::new(CallErrorKind::DeadlineExceeded, ADD, 3)
            .with_transaction(Xid(0xab), peer);
        assert_eq!(
            error.to_string(),
            "call of Calc.v1.add at udp://127.0.0.1:111 (xid 0x000000ab, sent 3 times): \
             no reply came within the deadline (perhaps executed)"
        );
    }
}
