//! Moves the packets of a reliable channel.

use std::{future::pending, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout_at,
};

use super::{checksummed::ChecksummedEndpoint, now, until};
use crate::{
    channel::{Channel, ChannelConfig, ChannelCounters, HEADER_LEN},
    checksum::Checksum,
    connect::DATAGRAM_MAX,
};

/// Messages that wait between the channel and its user, in each direction.
const QUEUE_MAX: usize = 16;

/// How long an end that is closed goes on answering: the other end may send a packet again whose
/// acknowledgement was lost, twice at the longest time-out.
const LINGER: Duration = Duration::from_secs(10);

/// A reliable channel to one peer over UDP: each message arrives exactly once and in order, with
/// the checksum of the endpoint that it was made of.
///
/// It has no handshake: both ends are made for each other, once. See [`crate::channel`].
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use rpc_runtime::{ChecksummedEndpoint, ReliableChannel, channel::ChannelConfig};
/// use rpc_runtime::checksum::Crc32c;
///
/// let here = ChecksummedEndpoint::<Crc32c>::open("127.0.0.1:0").await?;
/// let there = ChecksummedEndpoint::<Crc32c>::open("127.0.0.1:0").await?;
/// let (address, peer) = (here.local_addr()?, there.local_addr()?);
/// let here = ReliableChannel::new(here, peer, ChannelConfig::default());
/// let mut there = ReliableChannel::new(there, address, ChannelConfig::default());
/// for message in ["one", "two", "three"] {
///     here.send(message).await?;
/// }
/// assert_eq!(there.receive().await.unwrap(), "one");
/// assert_eq!(there.receive().await.unwrap(), "two");
/// assert_eq!(here.close().await?.transmissions, 3);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ReliableChannel {
    outgoing: mpsc::Sender<Bytes>,
    incoming: mpsc::Receiver<Bytes>,
    ended: oneshot::Receiver<io::Result<ChannelCounters>>,
    message_max: usize,
}

impl ReliableChannel {
    /// An end of a channel between this endpoint and a peer.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, which has to run the channel.
    #[must_use]
    pub fn new<C: Checksum>(
        endpoint: ChecksummedEndpoint<C>,
        peer: SocketAddr,
        config: ChannelConfig,
    ) -> Self {
        Self::begin(endpoint, peer, Channel::new(config, fastrand::u64(..)))
    }

    /// An end of a channel between this endpoint and whoever sends to it first.
    ///
    /// # Errors
    ///
    /// The operating system takes no datagrams.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub async fn accept<C: Checksum>(
        endpoint: ChecksummedEndpoint<C>,
        config: ChannelConfig,
    ) -> io::Result<Self> {
        let first = endpoint.receive().await?;
        let mut channel = Channel::new(config, fastrand::u64(..));
        let peer = first.sender();
        channel.receive_packet(now(), &first.into_data());
        Ok(Self::begin(endpoint, peer, channel))
    }

    fn begin<C: Checksum>(
        endpoint: ChecksummedEndpoint<C>,
        peer: SocketAddr,
        channel: Channel,
    ) -> Self {
        let (outgoing, to_send) = mpsc::channel(QUEUE_MAX);
        let (to_user, incoming) = mpsc::channel(QUEUE_MAX);
        let (end, ended) = oneshot::channel();
        let pump = Pump {
            endpoint,
            peer,
            channel,
            to_send: Some(to_send),
            to_user,
            next: None,
        };
        tokio::spawn(pump.run(end));
        Self {
            outgoing,
            incoming,
            ended,
            message_max: DATAGRAM_MAX - C::LEN - HEADER_LEN,
        }
    }

    /// Sends a message, once there is room in the window. That it was sent does not say that it
    /// has arrived; [`close`](Self::close) does.
    ///
    /// # Errors
    ///
    /// The message is too long for a datagram, or the peer has been silent for too long.
    pub async fn send(&self, message: impl Into<Bytes>) -> io::Result<()> {
        let message = message.into();
        if message.len() > self.message_max {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let sent = self.outgoing.send(message).await;
        sent.map_err(|_| io::ErrorKind::TimedOut.into())
    }

    /// Waits for the next message; nothing once the peer has been silent for too long.
    pub async fn receive(&mut self) -> Option<Bytes> {
        self.incoming.recv().await
    }

    /// Waits until everything that was sent has arrived, and ends the channel.
    ///
    /// # Errors
    ///
    /// The peer has been silent for too long: the last messages may have arrived or not.
    pub async fn close(self) -> io::Result<ChannelCounters> {
        drop(self.outgoing);
        let ended = self.ended.await;
        ended.unwrap_or_else(|_| Err(io::Error::other("the task of the channel was dropped")))
    }
}

/// The task of a channel.
struct Pump<C> {
    endpoint: ChecksummedEndpoint<C>,
    peer: SocketAddr,
    channel: Channel,
    /// Until the user sends no more.
    to_send: Option<mpsc::Receiver<Bytes>>,
    to_user: mpsc::Sender<Bytes>,
    /// The next message for the user, while there is no room for it.
    next: Option<Bytes>,
}

impl<C: Checksum> Pump<C> {
    async fn run(mut self, end: oneshot::Sender<io::Result<ChannelCounters>>) {
        let outcome = loop {
            self.transmit().await;
            if self.channel.is_broken(now()) {
                break Err(io::ErrorKind::TimedOut.into());
            }
            if self.to_send.is_none() && self.channel.is_all_acknowledged() {
                break Ok(self.channel.counters());
            }
            self.turn().await;
        };
        let is_closed = outcome.is_ok();
        // Nobody waits for the end of a channel that was dropped.
        let _ = end.send(outcome);
        if is_closed {
            let _ = timeout_at((now() + LINGER).into(), self.linger()).await;
        }
    }

    /// Answers what the peer sends again.
    async fn linger(&mut self) {
        loop {
            self.turn().await;
            self.transmit().await;
        }
    }

    /// Sends what is due. A packet that the operating system does not take is a packet lost.
    async fn transmit(&mut self) {
        while let Some(packet) = self.channel.next_packet(now()) {
            let _ = self.endpoint.send(self.peer, &packet).await;
        }
    }

    /// Waits for the next thing to happen.
    async fn turn(&mut self) {
        if self.next.is_none() {
            self.next = self.channel.next_message();
        }
        let has_room = self.channel.has_room();
        let timeout = self.channel.next_timeout();
        tokio::select! {
            message = next_to_send(&mut self.to_send), if has_room => match message {
                Some(message) => {
                    self.channel.send(now(), message);
                }
                None => self.to_send = None,
            },
            permit = self.to_user.reserve(), if self.next.is_some() => {
                let message = self.next.take();
                // What a user who has gone does not read is dropped.
                if let (Ok(permit), Some(message)) = (permit, message) {
                    permit.send(message);
                }
            }
            datagram = self.endpoint.receive() => {
                // An error tells of a packet that could not be delivered: it will be sent again.
                if let Ok(datagram) = datagram && datagram.sender() == self.peer {
                    self.channel.receive_packet(now(), &datagram.into_data());
                }
            }
            () = until(timeout) => {}
        }
    }
}

/// The next message that the user sends, or nothing when that was the last; never once it was.
async fn next_to_send(to_send: &mut Option<mpsc::Receiver<Bytes>>) -> Option<Bytes> {
    match to_send {
        Some(to_send) => to_send.recv().await,
        None => pending().await,
    }
}
