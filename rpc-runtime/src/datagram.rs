//! ORD/1, the reliable datagram protocol: calls over datagrams that are lost, come twice, late or
//! damaged. Each is executed at most once, and its caller is told the truth about it.
//!
//! `docs/protocol.md` is the specification. Neither end knows a socket or a clock: they take
//! datagrams and the time, and give datagrams to send, and when they want to be called again.
//!
//! ```
//! use std::{num::NonZeroU64, time::Instant};
//! use rpc_runtime::datagram::*;
//!
//! let now = Instant::now();
//! let mut client = ClientAssociation::new(ClientSettings::default(), 0x5eed, 7, now);
//! let epoch = NonZeroU64::new(0xe9).unwrap();
//! let mut server = ServerEndpoint::new(ServerSettings::default(), epoch, [1; 16], now);
//!
//! let call = client.start(now, "how are you?".into(), CallOptions::default()).unwrap();
//! let ended = loop {
//!     while let Some(datagram) = client.next_transmit(now) {
//!         server.receive(now, ([192, 0, 2, 1], 700), &datagram);
//!     }
//!     while let Some(call) = server.next_call(now) {
//!         server.reply(now, call.token, "fine".into());
//!     }
//!     while let Some((_client, datagram)) = server.next_transmit(now) {
//!         client.receive(now, &datagram);
//!     }
//!     if let Some(ended) = client.next_end() {
//!         break ended;
//!     }
//! };
//! assert_eq!(ended, (call, Ended::Reply("fine".into())));
//! ```
//!
//! # Modules, in reading order
//!
//! - [`packet`]: bytes and what they say
//! - `sender`, `receiver`: a message in fragments, on its way out and in
//! - `client`: the phases of a call; what all calls share; who the client is
//! - `server`: what is remembered of a client and of a call; requests, answers, replies
//! - `cookie`, `budget`, `due`, `pacing`, `rtt`: small helpers
//! - [`mutants`]: rules that tests break
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
