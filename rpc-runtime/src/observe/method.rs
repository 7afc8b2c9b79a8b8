//! What a call is a call of, where it goes to or comes from and how it ended, in the words of spans
//! and labels.

use std::fmt;

use crate::{AcceptStat, Peer, Procedure, Program, Refusal, RejectStat, ReplyBody};
#[cfg(any(feature = "net", feature = "blocking"))]
use crate::{CallError, CallErrorKind, Outcome, datagram::Reason};

const SUCCESS: &str = "SUCCESS";

/// The procedure that a call is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method {
    pub(crate) program: Program,
    pub(crate) version: u32,
    pub(crate) number: u32,
    /// Its name, where the interface has it: what a peer sends is never a name, or it could make
    /// as many as it likes.
    pub(crate) name: Option<&'static str>,
}

impl From<&Procedure> for Method {
    fn from(procedure: &Procedure) -> Self {
        Self {
            program: procedure.program(),
            version: procedure.version(),
            number: procedure.number(),
            name: Some(procedure.name()),
        }
    }
}

/// `rpc.method`: `Calc.v1/add`, or `_OTHER`, as OpenTelemetry has it, for what is not served.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "{}.v{}/{name}", self.program, self.version),
            None => f.write_str("_OTHER"),
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// `rpc.response.status_code`, where there was a reply.
    pub(super) status: Option<&'static str>,
    /// `error.type`, unless there is a result.
    pub(super) error: Option<&'static str>,
    /// What the caller knows about the execution of the call.
    pub(super) outcome: &'static str,
}

impl End {
    /// By a result.
    pub(super) const SUCCESS: Self = Self {
        status: Some(SUCCESS),
        error: None,
        outcome: "executed",
    };

    /// By the end of whoever waited for it, or worked on it.
    pub(super) const GIVEN_UP: Self = Self {
        status: None,
        error: Some("cancelled"),
        outcome: "unknown",
    };

    /// On the server, before the service has begun, since there was no point in it any more.
    pub(super) const NOT_BEGUN: Self = Self {
        status: Some("SYSTEM_ERR"),
        error: Some("not_begun"),
        outcome: "not_executed",
    };

    /// On the client, by an error.
    #[cfg(any(feature = "net", feature = "blocking"))]
    pub(super) fn of_error(error: &CallError) -> Self {
        let status = match error.kind() {
            CallErrorKind::Accepted(stat) => Some(accept_stat(stat)),
            CallErrorKind::Denied(stat) => Some(reject_stat(stat)),
            CallErrorKind::Decode(_) => Some(SUCCESS),
            _ => None,
        };
        Self {
            status,
            error: Some(error_type(error.kind())),
            outcome: match error.outcome() {
                Outcome::NotExecuted => "not_executed",
                Outcome::ResultLost => "result_lost",
                Outcome::Unknown => "unknown",
            },
        }
    }

    /// On the server, by a refusal.
    pub(super) fn of_refusal(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::GarbageArgs => "GARBAGE_ARGS",
            Refusal::SystemErr => "SYSTEM_ERR",
            Refusal::ProcUnavail => "PROC_UNAVAIL",
            Refusal::Auth(_) => "AUTH_ERROR",
        };
        let is_executed = refusal == Refusal::SystemErr;
        Self {
            status: Some(status),
            error: Some(status),
            outcome: if is_executed {
                "unknown"
            } else {
                "not_executed"
            },
        }
    }
}

/// `rpc.response.status_code` of a reply.
pub(super) fn status(body: &ReplyBody) -> &'static str {
    match body {
        ReplyBody::Accepted { stat, .. } => accept_stat(stat),
        ReplyBody::Denied(stat) => reject_stat(stat),
    }
}

/// `network.transport`: one of those that OpenTelemetry knows, or ours, as it has `quic` beside
/// `udp`.
pub(super) fn transport(peer: Peer) -> &'static str {
    match peer {
        Peer::Memory => "memory",
        Peer::Tcp(_) | Peer::Tls(_) => "tcp",
        Peer::Udp(_) => "udp",
        Peer::Unix(_) => "unix",
        Peer::Reliable { .. } => "reliable",
    }
}

/// The name in RFC 5531 §9.
fn accept_stat(stat: &AcceptStat) -> &'static str {
    match stat {
        AcceptStat::Success => SUCCESS,
        AcceptStat::ProgUnavail => "PROG_UNAVAIL",
        AcceptStat::ProgMismatch { .. } => "PROG_MISMATCH",
        AcceptStat::ProcUnavail => "PROC_UNAVAIL",
        AcceptStat::GarbageArgs => "GARBAGE_ARGS",
        AcceptStat::SystemErr => "SYSTEM_ERR",
    }
}

/// The name in RFC 5531 §9; which `auth_stat` it is stands in the description of the span.
fn reject_stat(stat: &RejectStat) -> &'static str {
    match stat {
        RejectStat::RpcMismatch { .. } => "RPC_MISMATCH",
        RejectStat::AuthError(_) => "AUTH_ERROR",
    }
}

/// `error.type` of a call.
#[cfg(any(feature = "net", feature = "blocking"))]
fn error_type(kind: &CallErrorKind) -> &'static str {
    match kind {
        CallErrorKind::Encode(_) => "encode",
        CallErrorKind::TooLarge { .. } => "too_large",
        CallErrorKind::TooManyCalls => "too_many_calls",
        CallErrorKind::ConnectionLost(_) => "connection_lost",
        CallErrorKind::DeadlineExceeded => "deadline_exceeded",
        CallErrorKind::Failed(failure) => reason(failure.reason()),
        CallErrorKind::Accepted(stat) => accept_stat(stat),
        CallErrorKind::Denied(stat) => reject_stat(stat),
        CallErrorKind::MalformedReply(_) => "malformed_reply",
        CallErrorKind::Decode(_) => "decode",
        CallErrorKind::Layer(_) => "layer",
    }
}

/// `error.type` of a call for which the reliable datagram protocol has no reply.
#[cfg(any(feature = "net", feature = "blocking"))]
fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Silence => "silence",
        Reason::DeadlineExceeded => "deadline_exceeded",
        Reason::Cancelled => "cancelled",
        Reason::ServerRestarted => "server_restarted",
        Reason::StalePin => "stale_pin",
        Reason::Refused => "refused",
        Reason::Busy => "busy",
        Reason::FuturePin => "future_pin",
        Reason::TooLarge => "too_large",
        Reason::Draining => "draining",
        Reason::SeqReused => "seq_reused",
        Reason::ReplyEvicted => "reply_evicted",
        Reason::ReplyTooLarge => "reply_too_large",
    }
}
