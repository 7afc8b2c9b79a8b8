//! ORD/1: calls over datagrams that are lost, come twice, late, or damaged, and are executed at
//! most once all the same. `docs/protocol.md` is its specification.
mod budget;
mod client;
mod cookie;
mod counters;
mod due;
mod failure;
pub mod mutants;
mod outbox;
mod pacing;
pub mod packet;
mod receiver;
mod refusal;
mod rtt;
mod sender;
mod server;
mod settings;

use std::{fmt, time::Duration};

pub use client::{CallOptions, ClientAssociation, Ended, StartFailure};
pub use counters::Counters;
pub use failure::{Failure, Reason};
pub use refusal::{CallState, RejectCode};
pub use server::{Call, ServerEndpoint, Usage};
pub use settings::{ClientSettings, ServerSettings};

/// How long a server may hold back what says that a call has come.
const ACK_DELAY: Duration = Duration::from_millis(20);

/// The name of a call: no other call of any client, at any time, has the same.
///
/// A service may store it together with the effect of the call, and look it up before it executes
/// a call: so the effect is there once although the server was started again in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallToken {
    /// The incarnation of the client.
    pub client_id: u64,
    /// The channel within the client.
    pub activity: u32,
    /// The number of the call within its activity.
    pub seq: u32,
}

impl fmt::Display for CallToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client_id,
            activity,
            seq,
        } = self;
        write!(formatter, "{client_id:016x}-{activity}-{seq}")
    }
}

/// The name of a call, as its client has it.
pub type CallId = CallToken;
