use std::fmt;

use xdr::Encoder;

use crate::{AcceptStat, AuthStat, Message, Peer, RejectStat, ReplyHeader, Xid};

/// Why a call that reached its version of a program gets no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `GARBAGE_ARGS`: the arguments cannot be decoded.
    #[error("the arguments cannot be decoded")]
    GarbageArgs,
    /// `SYSTEM_ERR`: the service failed.
    #[error("the service failed")]
    SystemErr,
    /// `PROC_UNAVAIL`: the version does not have the procedure.
    #[error("the version does not have the procedure")]
    ProcUnavail,
    /// `AUTH_ERROR`: the service does not accept the caller.
    #[error("the caller is refused: {0}")]
    Auth(AuthStat),
}

impl Refusal {
    /// The header of the reply that says so.
    pub(super) fn header(self, xid: Xid) -> ReplyHeader {
        match self {
            Self::GarbageArgs => ReplyHeader::accepted(xid, AcceptStat::GarbageArgs),
            Self::SystemErr => ReplyHeader::accepted(xid, AcceptStat::SystemErr),
            Self::ProcUnavail => ReplyHeader::accepted(xid, AcceptStat::ProcUnavail),
            Self::Auth(stat) => ReplyHeader::denied(xid, RejectStat::AuthError(stat)),
        }
    }
}

/// A reply without a result, to this peer.
pub(crate) fn encoded(peer: Peer, header: &ReplyHeader) -> Message {
    let mut encoder = Encoder::with_capacity(32);
    // The one field that could break a bound is a verifier, and these replies have AUTH_NONE.
    let _ = encoder.encode(header);
    Message::new(peer, encoder.finish())
}

/// What a service returns instead of a result: a failure that RFC 5531 has a status for.
///
/// Everything else that can go wrong in an application belongs into the result of its procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceError(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    System,
    Auth(AuthStat),
}

impl ServiceError {
    /// A failure of the service, `SYSTEM_ERR` on the wire: the caller has to assume that the
    /// procedure was executed in part.
    #[must_use]
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// A caller that may not do what it asks for, `AUTH_ERROR` on the wire.
    #[must_use]
    pub const fn auth(stat: AuthStat) -> Self {
        Self(Kind::Auth(stat))
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        match error.0 {
            Kind::System => Self::SystemErr,
            Kind::Auth(stat) => Self::Auth(stat),
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::System => f.write_str("the service failed"),
            Kind::Auth(stat) => write!(f, "the caller is refused: {stat}"),
        }
    }
}

impl std::error::Error for ServiceError {}
