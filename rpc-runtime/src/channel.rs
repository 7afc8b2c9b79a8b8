//! A reliable channel between two ends, over datagrams that may be lost, come twice, or come out
//! of order: each message arrives exactly once, and in order.
//!
//! This is the textbook's protocol, with nothing else: a sequence counter, acknowledgements, and
//! a time-out after which a packet is sent again, with exponential back-off. With a window of one
//! packet it is stop-and-wait; with a larger one, packets are acknowledged one by one, and
//! each has a time-out of its own. An acknowledgement names the copy that it answers, so that each
//! tells the round-trip time. Corrupted packets are taken for lost by the layer below.
//!
//! It has no handshake: the two ends are made for each other, once. An end that was restarted
//! needs a new channel at both ends. What it takes to live with that is what the reliable datagram
//! protocol adds.
//!
//! The core knows no sockets and no clock; `net::ReliableChannel` moves its packets.
//!
//! ```
//! use rpc_runtime::channel::{Channel, ChannelConfig};
//! use std::time::Instant;
//!
//! let now = Instant::now();
//! let [mut here, mut there] = [1, 2].map(|seed| Channel::new(ChannelConfig::default(), seed));
//! assert!(here.send(now, "a message".into()));
//! let packet = here.next_packet(now).unwrap();
//! there.receive_packet(now, &packet);
//! assert_eq!(there.next_message().unwrap(), "a message");
//! let acknowledgement = there.next_packet(now).unwrap();
//! here.receive_packet(now, &acknowledgement);
//! assert!(here.is_all_acknowledged());
//! ```

mod packet;
mod receiver;
mod sender;

use std::time::{Duration, Instant};

use bytes::Bytes;

use self::{packet::Packet, receiver::Receiver, sender::Sender};

pub use packet::HEADER_LEN;

/// Packets that may be sent and not acknowledged at the most; a receiver keeps as many that have
/// come too early.
pub const WINDOW_MAX: u32 = 256;

/// How long an end sends again without hearing anything before it gives the other up: time for 16
/// copies, so that at 30 % loss each way one packet in 50,000 ends a channel that is alive.
pub const SILENCE_MAX: Duration = Duration::from_secs(60);

/// What can be chosen of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelConfig {
    window: u32,
    first_sequence: u32,
}

impl Default for ChannelConfig {
    /// A window of 32 packets.
    fn default() -> Self {
        Self {
            window: 32,
            first_sequence: 0,
        }
    }
}

impl ChannelConfig {
    /// One packet at a time: the next is sent when the one before it is acknowledged.
    #[must_use]
    pub fn stop_and_wait() -> Self {
        Self::default().window(1)
    }

    /// Sets how many packets may be sent and not acknowledged, from 1 to [`WINDOW_MAX`].
    #[must_use]
    pub fn window(mut self, packets: u32) -> Self {
        self.window = packets.clamp(1, WINDOW_MAX);
        self
    }

    /// Sets where the sequence counter begins, at both ends; the default is 0.
    #[must_use]
    pub fn first_sequence(mut self, sequence: u32) -> Self {
        self.first_sequence = sequence;
        self
    }
}

/// What an end of a channel has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelCounters {
    /// Packets with messages that were sent, copies among them.
    pub transmissions: u64,
    /// Copies of packets that were sent again after a time-out.
    pub retransmissions: u64,
    /// Packets that had come before, or that were no packets.
    pub dropped: u64,
}

/// One end of a channel: it takes messages, packets and the time, and gives packets to send, the
/// time of its next time-out, and messages.
#[derive(Debug)]
pub struct Channel {
    sender: Sender,
    receiver: Receiver,
    /// When a packet came, or, if none was awaited, when a message was sent.
    last_heard: Option<Instant>,
    dropped: u64,
}

impl Channel {
    /// An end of a channel; the seed spreads its time-outs.
    #[must_use]
    pub fn new(config: ChannelConfig, seed: u64) -> Self {
        Self {
            sender: Sender::new(config.window, config.first_sequence, seed),
            receiver: Receiver::new(config.first_sequence),
            last_heard: None,
            dropped: 0,
        }
    }

    /// Takes a message, unless the window is full.
    pub fn send(&mut self, now: Instant, message: Bytes) -> bool {
        if self.sender.is_all_acknowledged() {
            self.last_heard = Some(now);
        }
        self.sender.send(now, message)
    }

    /// Whether [`send`](Self::send) would take a message.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.sender.has_room()
    }

    /// Takes a packet that came from the other end.
    pub fn receive_packet(&mut self, now: Instant, packet: &Bytes) {
        let is_new = match Packet::decode(packet) {
            Some(Packet::Data {
                sequence,
                copy,
                message,
            }) => self.receiver.receive(sequence, copy, message),
            Some(Packet::Acknowledgement {
                received,
                copy,
                next,
            }) => self.sender.acknowledge(now, (received, copy), next),
            None => return self.dropped += 1,
        };
        self.last_heard = Some(now);
        self.dropped += u64::from(!is_new);
    }

    /// The next packet to send now, acknowledgements first.
    pub fn next_packet(&mut self, now: Instant) -> Option<Bytes> {
        let acknowledgement = self.receiver.next_acknowledgement();
        let packet = acknowledgement.or_else(|| self.sender.next_packet(now))?;
        Some(packet.encode())
    }

    /// When [`next_packet`](Self::next_packet) has something to send, or
    /// [`is_broken`](Self::is_broken) changes, if nothing comes before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let given_up = self.last_heard.map(|heard| heard + SILENCE_MAX);
        self.sender
            .next_timeout()
            .min(given_up.or(self.sender.next_timeout()))
    }

    /// The next message, each once and in order.
    pub fn next_message(&mut self) -> Option<Bytes> {
        self.receiver.next_message()
    }

    /// Whether all messages that were sent have arrived at the other end.
    #[must_use]
    pub fn is_all_acknowledged(&self) -> bool {
        self.sender.is_all_acknowledged()
    }

    /// Whether the other end has been silent for too long: what is not acknowledged may have
    /// arrived or not.
    #[must_use]
    pub fn is_broken(&self, now: Instant) -> bool {
        !self.is_all_acknowledged()
            && self
                .last_heard
                .is_some_and(|heard| now.saturating_duration_since(heard) >= SILENCE_MAX)
    }

    /// What this end has done so far.
    #[must_use]
    pub fn counters(&self) -> ChannelCounters {
        ChannelCounters {
            transmissions: self.sender.transmissions(),
            retransmissions: self.sender.retransmissions(),
            dropped: self.dropped,
        }
    }
}

#[cfg(test)]
#[path = "channel/tests.rs"]
mod tests;
