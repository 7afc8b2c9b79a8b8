//! Relays between real sockets that treat what passes as bad networks do.

mod tcp;
mod udp;

pub use tcp::{TcpEnding, TcpFaults, TcpRelay};
pub use udp::UdpRelay;
