use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::packet::Packet;
use crate::retransmission::{Jitter, RoundTripEstimate, TIMEOUT_MAX};

/// The shortest time-out: the other end acknowledges at once, as soon as its task runs.
const TIMEOUT_MIN: Duration = Duration::from_millis(20);

/// Times that a time-out is doubled: the shortest has reached the longest by then.
const DOUBLINGS_MAX: u32 = 8;

/// The sending half of an end: messages that are not acknowledged yet.
#[derive(Debug)]
pub(super) struct Sender {
    window: usize,
    /// The number of the first message in the queue.
    first: u32,
    queue: VecDeque<Unacknowledged>,
    estimate: RoundTripEstimate,
    jitter: Jitter,
    transmissions: u64,
    retransmissions: u64,
}

#[derive(Debug)]
struct Unacknowledged {
    message: Bytes,
    /// When each copy was sent.
    sent: Vec<Instant>,
    /// When it is sent, or sent again.
    due: Instant,
    is_acknowledged: bool,
}

impl Sender {
    pub(super) fn new(window: u32, first: u32, seed: u64) -> Self {
        Self {
            window: usize::try_from(window).unwrap_or(usize::MAX),
            first,
            queue: VecDeque::new(),
            estimate: RoundTripEstimate::at_least(TIMEOUT_MIN),
            jitter: Jitter::new(seed),
            transmissions: 0,
            retransmissions: 0,
        }
    }

    pub(super) fn send(&mut self, now: Instant, message: Bytes) -> bool {
        let has_room = self.has_room();
        if has_room {
            self.queue.push_back(Unacknowledged {
                message,
                sent: Vec::new(),
                due: now,
                is_acknowledged: false,
            });
        }
        has_room
    }

    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < self.window
    }

    pub(super) fn is_all_acknowledged(&self) -> bool {
        self.queue.is_empty()
    }

    /// The first packet that is due.
    pub(super) fn next_packet(&mut self, now: Instant) -> Option<Packet> {
        let numbered = self.queue.iter_mut().zip(0..);
        let mut due = numbered.filter(|(packet, _)| !packet.is_acknowledged && packet.due <= now);
        let (packet, offset) = due.next()?;
        let copy = u8::try_from(packet.sent.len()).unwrap_or(u8::MAX);
        packet.sent.push(now);
        self.transmissions += 1;
        self.retransmissions += u64::from(copy > 0);
        // Each packet backs off alone: one that is lost again and again says nothing of others.
        let doubled = 2_u32.pow(u32::from(copy).min(DOUBLINGS_MAX));
        let timeout = self.estimate.retransmission_timeout() * doubled;
        packet.due = now + self.jitter.spread(timeout.min(TIMEOUT_MAX));
        Some(Packet::Data {
            sequence: self.first.wrapping_add(offset),
            copy,
            message: packet.message.clone(),
        })
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let waiting = self.queue.iter().filter(|packet| !packet.is_acknowledged);
        waiting.map(|packet| packet.due).min()
    }

    /// Takes an acknowledgement; says whether it belongs to something that was sent.
    pub(super) fn acknowledge(&mut self, now: Instant, received: (u32, u8), next: u32) -> bool {
        let is_known = self.acknowledge_one(now, received);
        let before_next = self.offset(next).unwrap_or_default();
        for packet in self.queue.iter_mut().take(before_next) {
            packet.is_acknowledged |= !packet.sent.is_empty();
        }
        while self
            .queue
            .front()
            .is_some_and(|packet| packet.is_acknowledged)
        {
            self.queue.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        is_known
    }

    fn acknowledge_one(&mut self, now: Instant, (sequence, copy): (u32, u8)) -> bool {
        let offset = self.offset(sequence);
        let packet = offset.and_then(|offset| self.queue.get_mut(offset));
        let Some(packet) = packet else {
            return false;
        };
        let Some(sent) = packet.sent.get(usize::from(copy)) else {
            return false;
        };
        if !packet.is_acknowledged {
            self.estimate.sample(now.saturating_duration_since(*sent));
        }
        packet.is_acknowledged = true;
        true
    }

    /// How far behind the first message one is, or the end of the queue; nothing if it is neither.
    fn offset(&self, sequence: u32) -> Option<usize> {
        let offset = usize::try_from(sequence.wrapping_sub(self.first)).ok()?;
        (offset <= self.queue.len()).then_some(offset)
    }

    pub(super) fn transmissions(&self) -> u64 {
        self.transmissions
    }

    pub(super) fn retransmissions(&self) -> u64 {
        self.retransmissions
    }
}
