//! A UDP socket that the drivers of the reliable datagram protocol share.

use std::{
    io,
    net::SocketAddr,
    task::{Context, Poll, ready},
};

use tokio::{io::ReadBuf, net::UdpSocket};

use super::udp::DATAGRAM_MAX;

/// A UDP socket and the buffer that it receives into.
#[derive(Debug)]
pub(super) struct DatagramSocket {
    socket: UdpSocket,
    buffer: Box<[u8]>,
}

impl DatagramSocket {
    pub(super) fn new(socket: UdpSocket) -> Self {
        Self {
            socket,
            buffer: vec![0; DATAGRAM_MAX].into(),
        }
    }

    /// Receives a datagram.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(SocketAddr, &[u8])>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let source = ready!(self.socket.poll_recv_from(cx, &mut buffer))?;
        let len = buffer.filled().len();
        Poll::Ready(Ok((source, self.buffer.get(..len).unwrap_or_default())))
    }

    /// Sends a datagram to an address, or to the peer that the socket is connected to.
    ///
    /// An error of one datagram is a datagram lost: the next may well arrive, and whoever can
    /// forge ICMP messages must not be able to end calls.
    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        to: Option<SocketAddr>,
        datagram: &[u8],
    ) -> Poll<()> {
        let sent = match to {
            Some(address) => self.socket.poll_send_to(cx, datagram, address),
            None => self.socket.poll_send(cx, datagram),
        };
        sent.map(|_| ())
    }
}
