//! The driver: thin pumps between the sans-IO core and tokio.
//!
//! Each connection is one task, which owns its transport and does both directions: it hands over
//! all that waits to be sent, then takes what has come. So everything that gathers while it is
//! not running is sent with one write, and nothing is shared but a short queue.

mod address;
mod client;
mod client_connection;
mod datagram;
pub mod memory;
mod server;
mod server_connection;
mod tcp;
mod transport;
mod udp;

pub use address::ConnectError;
pub use client::{Client, ClientBuilder};
pub use datagram::{Datagram, DatagramEndpoint};
pub use server::{Server, ServerBuilder, ShutdownReport, StartError};
pub use transport::Transport;
