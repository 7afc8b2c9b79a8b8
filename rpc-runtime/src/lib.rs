//! ONC RPC (Sun RPC, RFC 5531): the runtime behind the clients and servers that `rpcgen` writes.
//!
//! A server has versions of programs, each with a service; a `Client` calls their procedures.
//! Both speak TCP, UDP and, within a process, `memory`; calls and results are XDR (RFC 4506,
//! crate `xdr`). What a generated file needs is named at the root of this crate.
//!
//! It is not the compiler (`rpcgen`), has no encryption yet, and does not make calls exactly-once:
//! a [`CallError`] says whether the call may have been executed.
//!
//! # Modules, in reading order
//!
//! The core knows no sockets and no clock. It takes bytes and the time, and gives bytes to send
//! and the time of the next time-out; `--no-default-features` builds it alone.
//!
//! - [`message`], [`auth`]: headers, statuses, credentials, as they stand on the wire
//! - [`record`]: messages on a byte stream
//! - [`transaction`], [`retransmission`]: the client's calls in flight
//! - [`dispatch`]: the server's way from a message to a service and back
//!
//! The driver `net` (feature `net`, on by default) moves the bytes with tokio:
//!
//! - `transport`: the trait of all transports; `memory` and those for TCP and UDP have it
//! - `client`, `server`: `Client` and `Server`
//! - `datagram`: `DatagramEndpoint`, datagrams without any promise
#![forbid(unsafe_code)]

pub mod auth;
pub mod dispatch;
mod envelope;
mod error;
pub mod message;
#[cfg(feature = "net")]
mod net;
mod peer;
mod program;
pub mod record;
pub mod retransmission;
pub mod transaction;

pub use std::sync::Arc;

pub use auth::{AuthFlavor, AuthSys, Credential, OpaqueAuth};
pub use dispatch::{
    Answer, Call, Context, Dispatcher, Refusal, Reply, ServiceError, VersionServer,
};
pub use envelope::{Message, Received};
pub use error::{CallError, CallErrorKind, Outcome};
pub use message::{
    AcceptStat, AuthStat, CallHeader, CallHeaderError, RejectStat, ReplyBody, ReplyHeader, Xid,
};
#[cfg(feature = "net")]
pub use net::{
    Client, ClientBuilder, ConnectError, Datagram, DatagramEndpoint, Server, ServerBuilder,
    ShutdownReport, StartError, Transport, memory,
};
pub use peer::Peer;
pub use program::{Procedure, Program};

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
#[macro_export]
macro_rules! include_stubs {
    ($name:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
