//! Servers and clients for tests, without sockets.
//!
//! ```
//! use rpc_runtime::{Answer, Caller, Procedure, Program, Refusal, VersionServer, testing};
//! use xdr::Decode;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // What rpcgen writes for `program CALC { version V1 { int twice(int) = 1; } = 1; } = 0x20000001;`
//! const CALC: Program = Program::new("Calc", 0x2000_0001);
//! const TWICE: Procedure = Procedure::new(CALC, 1, 1, "twice");
//! let calc = VersionServer::new(CALC, 1, (), |_, call| match call.procedure() {
//!     1 => Answer::future(async move {
//!         let number = call.arguments(i32::decode)?;
//!         call.reply(|encoder| encoder.encode(&(2 * number)))
//!     }),
//!     _ => Answer::refuse(Refusal::ProcUnavail),
//! });
//!
//! let (client, _server) = testing::pair(calc).await;
//! let twice = client.call(&TWICE, |encoder| encoder.encode(&21), i32::decode).await?;
//! assert_eq!(twice, 42);
//! # Ok(()) }
//! ```
//!
//! With generated stubs that is `let (client, _server) = testing::pair(calc::v1::Server::new(Calc)).await;`
//! and `calc::v1::Client::new(client)`. To leave the server out altogether, code takes an
//! `Arc<dyn calc::v1::Calls>` (`rpcgen --client-trait`), and its test implements the trait.

use super::{client::Client, memory, server::Server};
use crate::VersionServer;

/// A client and the server of one service, in memory. The server ends when it is dropped.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub async fn pair(service: impl Into<VersionServer>) -> (Client, Server) {
    let (listener, connector) = memory::channel();
    let server = Server::builder().service(service).memory(listener);
    let server = server.start().await;
    let server = server.expect("one service in memory has nothing that could be taken");
    (connector.connect(), server)
}
