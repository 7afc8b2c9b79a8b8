//! UDP: a message a datagram, delivered or not.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::{io::ReadBuf, net::UdpSocket};

use super::{give_way, transport::Transport};
use crate::{Message, Peer, Received};

/// Bytes of the largest datagram: 65,535 of an IPv4 packet less its header and that of UDP.
pub(super) const DATAGRAM_MAX: usize = 65_507;

/// Datagrams that are received at once, so that one busy socket leaves its thread to others.
const BATCH_MAX: usize = 32;

/// A UDP socket, connected to one peer or answering many.
#[derive(Debug)]
pub(super) struct UdpTransport {
    socket: UdpSocket,
    /// The peer that a client's socket is connected to; other senders are not heard.
    connected: Option<Peer>,
    /// Where datagrams are received; a message takes no more memory than it is long.
    buffer: Box<[u8]>,
}

impl UdpTransport {
    /// A client's socket, which hears one peer.
    pub(super) async fn connect(peer: SocketAddr) -> io::Result<Self> {
        let local = match peer {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(peer).await?;
        Ok(Self::new(socket, Some(Peer::Udp(peer))))
    }

    /// A server's socket, which hears everybody.
    pub(super) fn serve(socket: UdpSocket) -> Self {
        Self::new(socket, None)
    }

    fn new(socket: UdpSocket, connected: Option<Peer>) -> Self {
        Self {
            socket,
            connected,
            buffer: vec![0; DATAGRAM_MAX].into(),
        }
    }

    fn poll_send_one(&self, cx: &mut Context<'_>, message: &Message) -> Poll<io::Result<usize>> {
        let bytes = message.to_bytes();
        match (self.connected, message.to()) {
            (None, Peer::Udp(address)) => self.socket.poll_send_to(cx, &bytes, address),
            (None, _) => Poll::Ready(Err(io::ErrorKind::InvalidInput.into())),
            (Some(_), _) => self.socket.poll_send(cx, &bytes),
        }
    }

    /// Receives a datagram into the buffer; gives its length and sender.
    fn poll_receive_one(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(usize, Peer)>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let outcome = match self.connected {
            Some(peer) => self.socket.poll_recv(cx, &mut buffer).map_ok(|()| peer),
            None => self
                .socket
                .poll_recv_from(cx, &mut buffer)
                .map_ok(Peer::Udp),
        };
        outcome.map_ok(|peer| (buffer.filled().len(), peer))
    }
}

impl Transport for UdpTransport {
    /// An error of one datagram is a datagram lost: the next may well arrive, and whoever can
    /// forge ICMP messages must not be able to end calls.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        while let Some(message) = messages.front() {
            if self.poll_send_one(cx, message).is_pending() {
                return Poll::Pending;
            }
            messages.pop_front();
        }
        Poll::Ready(Ok(()))
    }

    /// An error tells of a datagram sent earlier that could not be delivered; it is passed over
    /// for the same reason.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        let mut count = 0;
        for _ in 0..BATCH_MAX {
            match self.poll_receive_one(cx) {
                Poll::Ready(Ok((len, from))) => {
                    let bytes = self.buffer.get(..len).unwrap_or_default();
                    let message = Bytes::copy_from_slice(bytes);
                    messages.push_back(Received::new(from, message));
                    count += 1;
                }
                Poll::Ready(Err(_)) => {}
                Poll::Pending if count == 0 => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if count == 0 {
            give_way(cx);
            return Poll::Pending;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn peer(&self) -> Peer {
        self.connected.unwrap_or_default()
    }

    fn is_reliable(&self) -> bool {
        false
    }

    fn message_max(&self) -> usize {
        DATAGRAM_MAX
    }
}
