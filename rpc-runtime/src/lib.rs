//! ONC RPC (Sun RPC, RFC 5531): the runtime behind the clients and servers that `rpcgen` writes.
//!
//! A service implements the trait that `rpcgen` generated, a `Server` serves it, and a generated
//! client calls it through a `Client`; both speak TCP, UDP, reliable datagrams (`reliable://`, on the
//! same port as UDP: calls that survive a bad network), Unix sockets and, within a process, `memory`.
//!
//! ```text
//! impl calc::v1::Service for Calc {
//!     async fn func1(&self, context: &Context, arg1: i32) -> ServiceResult<i32> {
//!         if context.credential() == &Credential::None {
//!             return Err(ServiceError::auth(AuthStat::TooWeak));      // or ServiceError::system()
//!         }
//!         Ok(arg1 * 2)
//!     }
//! }
//! let server = Server::builder().service(calc::v1::Server::new(Calc)).tcp("0.0.0.0:4000").start().await?;
//!
//! let me = AuthSys { stamp: 0, machine_name: "here".into(), uid: 1000, gid: 1000, gids: vec![] };
//! let client = Client::connect("tcp://server:4000").await?
//!     .with_deadline(Duration::from_secs(2))                          // of each call; 30 s if not set
//!     .with_credential(&Credential::Sys(me))?;
//! match calc::v1::Client::new(client).func1(21).await {
//!     Ok(result) => println!("{result}"),
//!     Err(error) if error.outcome() == Outcome::NotExecuted => println!("safe to try again: {error}"),
//!     Err(error) => println!("it may have been executed: {error}"),
//! }
//! ```
//!
//! The port of a server is not looked up, for there is no rpcbind yet; `rpcinfo -p HOST` shows it.
//! Over TCP there is TLS (feature `tls`). A [`CallError`] says whether its call may have
//! been executed. [`Answer`], [`Call`], [`Exception`], [`Refusal`], [`Reply`], [`ResultDecoder`],
//! [`VersionServer`], [`raised`] and [`Arc`] are here for generated code.
//!
//! A generated client calls through any [`Caller`]. Through a `Client`, a call is on its way when its
//! method returns: what that gives is a future, which can be awaited later, and cancels the call
//! when it is dropped. [`all`] waits for all of several calls, [`first`] for the first that ends, and a
//! [`CallSet`] gives one after the other.
//!
//! # Modules, in reading order
//!
//! The core knows no sockets and no clock. It takes bytes and the time, and gives bytes to send
//! and the time of the next time-out; `--no-default-features` builds it alone.
//!
//! - [`message`], [`auth`]: headers, statuses, credentials, as they stand on the wire
//! - [`record`]: messages on a byte stream
//! - [`starttls`]: how a stream turns to TLS (RFC 9289)
//! - [`transaction`], [`retransmission`]: the client's calls in flight
//! - [`dispatch`]: the server's way from a message to a service and back
//! - [`duplicate_request_cache`]: calls that come more than once
//! - [`datagram`]: ORD/1, calls that are executed at most once over unreliable datagrams
//! - [`checksum`], [`channel`]: the textbook's layers, from datagrams to a reliable channel
//! - [`observe`]: spans, events and metrics
//! - `tower` (feature): stacks of layers around clients and services
//! - [`fault`]: links that lose, duplicate, reorder and corrupt, for tests
//!
//! The driver `net` (feature `net`, on by default) moves the bytes with tokio:
//!
//! - `transport`: the trait of all transports; `memory` and those for TCP and UDP have it
//! - `client`, `server`: `Client` and `Server`
//! - `reliable`, `server_socket`: the two ends of reliable datagrams
//! - `datagram`: `DatagramEndpoint`, datagrams without any promise
//! - `checksummed`, `channel`: `ChecksummedEndpoint` and `ReliableChannel`, the layers above it
//!
//! The feature `blocking` adds `blocking::Client`, for programs without a runtime; with
//! `default-features = false` tokio is left out.
#![forbid(unsafe_code)]

pub mod auth;
#[cfg(all(feature = "blocking", unix))]
pub mod blocking;
mod call_set;
mod caller;
pub mod channel;
pub mod checksum;
#[cfg(any(feature = "net", feature = "blocking"))]
mod connect;
pub mod datagram;
mod decoding;
pub mod dispatch;
pub mod duplicate_request_cache;
mod envelope;
mod error;
pub mod fault;
pub mod message;
#[cfg(feature = "net")]
mod net;
pub mod observe;
mod peer;
mod program;
mod random;
pub mod record;
pub mod retransmission;
#[cfg(any(feature = "net", feature = "blocking"))]
mod settings;
pub mod starttls;
mod sync;
mod tls_peer;
#[cfg(feature = "tower")]
pub mod tower;
pub mod transaction;

pub use std::sync::Arc;

pub use auth::{AuthFlavor, AuthSys, Credential, OpaqueAuth};
pub use call_set::{CallSet, all, first};
#[cfg(not(feature = "net"))]
pub use caller::Client;
pub use caller::{AsyncCaller, BoxedCall, Caller, ResultDecoder};
#[cfg(any(feature = "net", feature = "blocking"))]
pub use connect::ConnectError;
pub use dispatch::{
    Answer, Call, Cancelled, Context, Dispatcher, Exception, Refusal, Reply, ServiceError,
    VersionServer, raised,
};
pub use duplicate_request_cache::{CacheLimits, DuplicateRequestCache};
pub use envelope::{Message, Received};
pub use error::{CallError, CallErrorKind, Outcome};
pub use message::{
    AcceptStat, AuthStat, CallHeader, CallHeaderError, RejectStat, ReplyBody, ReplyHeader, Xid,
};
#[cfg(feature = "net")]
pub use net::testing;
#[cfg(feature = "tls")]
pub use net::tls;
#[cfg(feature = "net")]
pub use net::{
    Broadcast, ChecksummedEndpoint, Client, ClientBuilder, ConnectionState, ConnectionStates,
    Datagram, DatagramEndpoint, Overload, Progress, Recovery, ReliableChannel, Replies, Server,
    ServerBuilder, ShutdownReport, StartError, Started, Transport, WorkerStatus, memory,
};
pub use peer::{Peer, UdpPath, UnixCredentials};
pub use program::{Procedure, Program};
pub use tls_peer::TlsPeer;

/// What a call gives its caller.
pub type CallResult<T> = Result<T, CallError>;

/// What generated code makes of a call: the reply, or the refusal.
pub type ReplyResult = Result<Reply, Refusal>;

/// What a service gives the runtime: a result, or the refusal of the call.
pub type ServiceResult<T> = Result<T, ServiceError>;

/// Fails to compile where generated code and this crate do not fit together.
///
/// `rpcgen` writes one invocation into each file, with the number of the format it generates.
#[macro_export]
macro_rules! stub_format {
    (1) => {};
    ($other:literal) => {
        ::core::compile_error!(::core::concat!(
            "this file was generated for stub format ",
            $other,
            ", but the crate `rpc-runtime` in this build supports format 1: ",
            "generate the file again with the rpcgen release that matches your rpc-runtime"
        ));
    };
}

/// Brings in the file that `build.rs` generated into `OUT_DIR` from the interface file of this
/// name: `include_stubs!("calc")` for `calc.x` or `calc.idl`.
///
/// A binary crate seldom uses all that an interface defines, and rustc warns of the rest. So it has
/// the stubs in a module, `#[allow(dead_code, reason = "not all is used")] mod stubs { … }`.
#[macro_export]
macro_rules! include_stubs {
    ($name:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
