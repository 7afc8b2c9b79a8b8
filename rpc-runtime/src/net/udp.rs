//! UDP: a message a datagram, delivered or not.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::{io::ReadBuf, net::UdpSocket};

use super::{give_way, transport::Transport};
use crate::{
    Message, Peer, Received,
    connect::{
        DATAGRAM_MAX,
        reserved_port::{self, PORTS, unspecified},
    },
};

/// Datagrams that are received at once, so that one busy socket leaves its thread to others.
const BATCH_MAX: usize = 32;

/// A client's UDP socket, which hears one peer.
#[derive(Debug)]
pub(super) struct UdpTransport {
    socket: UdpSocket,
    peer: Peer,
    /// Where datagrams are received; a message takes no more memory than it is long.
    buffer: Box<[u8]>,
}

impl UdpTransport {
    /// A socket on a port that the operating system chooses, or one that needs a privilege.
    pub(super) async fn connect(peer: SocketAddr, reserved_port: bool) -> io::Result<Self> {
        let socket = if reserved_port {
            let socket =
                reserved_port::bind(fastrand::u16(PORTS), peer, std::net::UdpSocket::bind)?;
            socket.set_nonblocking(true)?;
            UdpSocket::from_std(socket)?
        } else {
            UdpSocket::bind((unspecified(peer), 0)).await?
        };
        socket.connect(peer).await?;
        Ok(Self {
            socket,
            peer: Peer::Udp(peer.into()),
            buffer: vec![0; DATAGRAM_MAX].into(),
        })
    }

    /// Receives a datagram into the buffer; gives its length.
    fn poll_receive_one(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let outcome = self.socket.poll_recv(cx, &mut buffer);
        outcome.map_ok(|()| buffer.filled().len())
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
            if self.socket.poll_send(cx, &message.to_bytes()).is_pending() {
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
                Poll::Ready(Ok(len)) => {
                    let bytes = self.buffer.get(..len).unwrap_or_default();
                    let message = Bytes::copy_from_slice(bytes);
                    messages.push_back(Received::new(self.peer, message));
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
        self.peer
    }

    fn is_reliable(&self) -> bool {
        false
    }

    fn message_max(&self) -> usize {
        DATAGRAM_MAX
    }
}
