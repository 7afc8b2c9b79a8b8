//! A server's UDP socket: plain calls, a datagram each, and those of the reliable datagram
//! protocol, which come on the same port.

use std::{
    collections::VecDeque,
    io,
    net::Ipv4Addr,
    num::NonZeroU64,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::net::UdpSocket;

use super::{
    amplification::Amplification, datagram_socket::DatagramSocket, give_way, now, timer::Timer,
    transport::Transport,
};
use crate::{
    Message, Peer, Received, UdpPath,
    connect::DATAGRAM_MAX,
    datagram::{CallToken, ServerEndpoint, ServerSettings, packet},
};

/// Times that datagrams are received at once, so that one busy socket leaves its thread to others.
const RECEIVES_MAX: usize = 8;

/// Calls that are handed over at once.
const CALLS_MAX: usize = 64;

/// Plain calls that may wait to be taken; more are lost, as in a full buffer of the socket.
const PLAIN_MAX: usize = 1024;

/// Bytes of these: as many as a large buffer of a socket.
const PLAIN_BYTES_MAX: usize = 4 << 20;

/// Bytes of plain replies that may wait until the socket takes them; others are lost.
const REPLY_BYTES_MAX: usize = 4 << 20;

/// What a socket takes to end beside the lingering of the protocol.
const LINGER_MARGIN: Duration = Duration::from_secs(1);

/// A server's UDP socket.
#[derive(Debug)]
pub(super) struct ServerSocket {
    socket: DatagramSocket,
    endpoint: ServerEndpoint,
    /// Plain calls that nobody has taken yet.
    plain: VecDeque<Received>,
    /// Bytes of these.
    plain_bytes: usize,
    /// Plain replies that the socket has not taken yet.
    replies: VecDeque<(UdpPath, Bytes)>,
    /// Bytes of these.
    reply_bytes: usize,
    /// What replies may have beyond the bytes of their calls, if that is limited.
    amplification: Option<Amplification>,
    /// Whether new calls are refused.
    is_draining: bool,
    timer: Timer,
    /// Bytes of the longest reply of the reliable datagram protocol.
    message_max: usize,
    linger: Duration,
}

impl ServerSocket {
    /// Serves on a socket, as a server that nobody has heard of.
    ///
    /// # Errors
    ///
    /// The operating system has no random numbers.
    pub(super) fn new(
        socket: UdpSocket,
        settings: ServerSettings,
        amplification: Option<Amplification>,
    ) -> io::Result<Self> {
        let epoch = NonZeroU64::new(getrandom::u64()?).unwrap_or(NonZeroU64::MIN);
        let message_max = usize::try_from(settings.message_max).unwrap_or(usize::MAX);
        let linger = settings.linger.saturating_add(LINGER_MARGIN);
        let mut secret = [0; 16];
        getrandom::fill(&mut secret)?;
        Ok(Self {
            socket: DatagramSocket::serve(socket)?,
            endpoint: ServerEndpoint::new(settings, epoch, secret, now()),
            plain: VecDeque::new(),
            plain_bytes: 0,
            replies: VecDeque::new(),
            reply_bytes: 0,
            amplification,
            is_draining: false,
            timer: Timer::default(),
            message_max,
            linger,
        })
    }

    /// Takes in what has come.
    fn receive(&mut self, cx: &mut Context<'_>) {
        let Self {
            socket,
            endpoint,
            plain,
            plain_bytes,
            amplification,
            is_draining,
            ..
        } = self;
        for _ in 0..RECEIVES_MAX {
            let now = now();
            let received = socket.poll_receive(cx, |path, datagram| {
                if packet::is_ord(datagram) {
                    return endpoint.receive(now, path, datagram);
                }
                let has_room = plain.len() < PLAIN_MAX && *plain_bytes < PLAIN_BYTES_MAX;
                if *is_draining || !has_room {
                    return;
                }
                if let Some(amplification) = amplification {
                    amplification.received(now, path.remote.ip(), datagram.len());
                }
                let message = Bytes::copy_from_slice(datagram);
                *plain_bytes += message.len();
                let received = Received::new(Peer::Udp(path), message);
                plain.push_back(received.arrived_at(now));
            });
            // An error tells of a datagram sent earlier that could not be delivered.
            if received.is_pending() {
                return;
            }
        }
        give_way(cx);
    }

    /// Sends plain replies, and what the endpoint has to send.
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            socket,
            endpoint,
            replies,
            reply_bytes,
            ..
        } = self;
        let now = now();
        let next = || {
            let Some(reply) = replies.pop_front() else {
                return endpoint.next_transmit(now);
            };
            *reply_bytes -= reply.1.len();
            Some(reply)
        };
        socket.poll_send_all(cx, next)
    }

    /// Queues a plain reply, unless it is lost: there are too many, or they are too long for what
    /// came from there.
    fn queue(&mut self, path: UdpPath, reply: Bytes) {
        let has_room = self.reply_bytes < REPLY_BYTES_MAX;
        let is_allowed = self.amplification.as_mut().is_none_or(|amplification| {
            has_room && amplification.allows(now(), path.remote.ip(), reply.len())
        });
        if has_room && is_allowed {
            self.reply_bytes += reply.len();
            self.replies.push_back((path, reply));
        }
    }
}

impl Transport for ServerSocket {
    fn poll_upkeep(&mut self, cx: &mut Context<'_>) {
        // What comes has to be answered: it waits while the socket takes no answers.
        if self.flush(cx).is_ready() {
            self.receive(cx);
        }
        while self.timer.poll(cx, self.endpoint.next_timeout()).is_ready() {
            self.endpoint.expire(now());
        }
        // Where it is pending the task is woken when there is room.
        let _ = self.flush(cx);
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        while let Some(message) = messages.front() {
            match message.to() {
                Peer::Reliable {
                    call: Some(token), ..
                } => self.endpoint.reply(now(), token, message.to_bytes()),
                Peer::Udp(path) => self.queue(path, message.to_bytes()),
                _ => return Poll::Ready(Err(io::ErrorKind::InvalidInput.into())),
            }
            messages.pop_front();
        }
        self.flush(cx).map(Ok)
    }

    fn poll_receive(
        &mut self,
        _: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        let mut count = self.plain.len();
        messages.append(&mut self.plain);
        self.plain_bytes = 0;
        while count < CALLS_MAX
            && let Some(call) = self.endpoint.next_call(now())
        {
            let peer = Peer::Reliable {
                address: call.peer,
                call: Some(call.token),
            };
            messages.push_back(Received::new(peer, call.message).arrived_at(call.arrived));
            count += 1;
        }
        // Nothing is added to the queue of a server that drains.
        if count == 0 && !self.is_draining {
            return Poll::Pending;
        }
        Poll::Ready(Ok(count))
    }

    fn stop_receiving(&mut self) -> bool {
        self.endpoint.drain(now());
        self.is_draining = true;
        true
    }

    fn refuse(&mut self, peer: Peer) {
        if let Some(token) = peer.call_token() {
            self.endpoint.refuse(now(), token);
        }
    }

    fn waiting(&self) -> usize {
        self.plain.len() + self.endpoint.usage().queued
    }

    fn next_cancelled(&mut self) -> Option<CallToken> {
        self.endpoint.next_cancelled()
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_upkeep(cx);
        if self.endpoint.is_drained(now()) {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }

    /// Anybody.
    fn peer(&self) -> Peer {
        Peer::Udp((Ipv4Addr::UNSPECIFIED, 0).into())
    }

    fn is_reliable(&self) -> bool {
        false
    }

    fn message_max(&self) -> usize {
        DATAGRAM_MAX
    }

    fn message_max_to(&self, peer: Peer) -> usize {
        match peer {
            Peer::Reliable { .. } => self.message_max,
            _ => DATAGRAM_MAX,
        }
    }

    fn linger(&self) -> Duration {
        self.linger
    }
}
