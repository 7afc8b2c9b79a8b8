//! TCP: what a byte stream has that is a TCP connection.

use std::{io, net::SocketAddr};

use tokio::net::TcpStream;

use super::stream::StreamTransport;
use crate::Peer;

/// A TCP connection with record marking (RFC 5531 §11).
pub(super) type TcpTransport = StreamTransport<TcpStream>;

impl TcpTransport {
    pub(super) fn new(stream: TcpStream, peer: SocketAddr, record_max: usize) -> io::Result<Self> {
        // A call is complete as it is: waiting for more bytes to send with it only delays it.
        stream.set_nodelay(true)?;
        Ok(Self::over(stream, Peer::Tcp(peer), record_max))
    }

    /// Drops the connection so that its port can be bound again at once.
    pub(super) fn abort(self) {
        // Otherwise the operating system may refuse the port, and the caller sees that.
        let _ = self.into_stream().set_zero_linger();
    }
}
