//! A message on its way in: fragments are put together, and acknowledged.

use std::time::Instant;

use bytes::Bytes;

use super::packet::{Ack, BITMAP_MAX, Geometry};
use crate::checksum::{Checksum, Crc32c};

/// Fragments after which one acknowledgement is sent.
const ACK_EVERY: u8 = 2;

/// A message of which not all fragments have come.
///
/// Memory grows with what has come: by no more than the window beyond the bytes received.
#[derive(Debug)]
pub(super) struct Reassembly {
    geometry: Geometry,
    buffer: Vec<u8>,
    /// Bit i of the words says whether fragment i has come.
    received: Vec<u64>,
    /// The first fragment that is missing.
    cum: u16,
    /// One more than the last fragment that has come.
    end: u16,
    unacknowledged: u8,
    /// When a fragment came last.
    progress: Instant,
}

/// What a fragment changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// It is of another message, or too far ahead: nothing.
    Refused,
    /// It had come before.
    Again,
    /// It is new; an acknowledgement is due, or not.
    New { is_ack_due: bool },
    /// It was the last that was missing.
    Whole,
}

impl Reassembly {
    /// A message that is cut like this, of which nothing has come.
    pub(super) fn new(geometry: Geometry, now: Instant) -> Self {
        Self {
            geometry,
            buffer: Vec::new(),
            received: Vec::new(),
            cum: 0,
            end: 0,
            unacknowledged: 0,
            progress: now,
        }
    }

    pub(super) fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// When a fragment came last.
    pub(super) fn progress(&self) -> Instant {
        self.progress
    }

    /// Takes in a fragment that is at most a window ahead of the first that is missing.
    pub(super) fn store(
        &mut self,
        geometry: &Geometry,
        frag: u16,
        fragment: &[u8],
        window: u16,
        now: Instant,
    ) -> Stored {
        if *geometry != self.geometry || frag >= self.cum.saturating_add(window) {
            return Stored::Refused;
        }
        if self.has(frag) {
            return Stored::Again;
        }
        let is_gap = frag != self.cum || self.end > self.cum;
        self.write(frag, fragment);
        self.mark(frag);
        self.end = self.end.max(frag + 1);
        while self.cum < self.geometry.nfrag && self.has(self.cum) {
            self.cum += 1;
        }
        self.progress = now;
        self.unacknowledged += 1;
        if self.cum == self.geometry.nfrag {
            return Stored::Whole;
        }
        let is_ack_due = is_gap || self.unacknowledged >= ACK_EVERY;
        Stored::New { is_ack_due }
    }

    /// The whole message, unless its checksum is wrong.
    pub(super) fn finish(self, is_checked: bool) -> Option<Bytes> {
        let is_right = Crc32c::of(&self.buffer) == self.geometry.msg_crc || !is_checked;
        is_right.then(|| self.buffer.into())
    }

    /// Which fragments have come; the bitmap is written into memory of the caller.
    pub(super) fn acknowledge<'a>(
        &mut self,
        window: u16,
        bitmap: &'a mut [u8; BITMAP_MAX],
    ) -> Ack<'a> {
        self.unacknowledged = 0;
        let bits_max = u16::try_from(BITMAP_MAX * 8).unwrap_or(u16::MAX);
        let nbits = self.end.saturating_sub(self.cum).min(bits_max);
        for bit in (0..nbits).filter(|bit| self.has(self.cum + bit)) {
            if let Some(byte) = bitmap.get_mut(usize::from(bit / 8)) {
                *byte |= 1 << (bit % 8);
            }
        }
        let bitmap = bitmap.get(..usize::from(nbits).div_ceil(8));
        Ack {
            cum: self.cum,
            nbits,
            window,
            echo_pn: 0,
            hold_us: 0,
            bitmap: bitmap.unwrap_or_default(),
        }
    }

    fn has(&self, frag: u16) -> bool {
        let word = self.received.get(usize::from(frag / 64));
        word.is_some_and(|word| word & (1 << (frag % 64)) != 0)
    }

    fn mark(&mut self, frag: u16) {
        let place = usize::from(frag / 64);
        if self.received.len() <= place {
            self.received.resize(place + 1, 0);
        }
        if let Some(word) = self.received.get_mut(place) {
            *word |= 1 << (frag % 64);
        }
    }

    fn write(&mut self, frag: u16, fragment: &[u8]) {
        let range = self.geometry.range(frag);
        if range.start == self.buffer.len() {
            self.buffer.extend_from_slice(fragment);
            return;
        }
        if range.end > self.buffer.len() {
            self.buffer.resize(range.end, 0);
        }
        if let Some(place) = self.buffer.get_mut(range) {
            place.copy_from_slice(fragment);
        }
    }
}

/// The message in a fragment that is all of it, unless its checksum is wrong.
pub(super) fn single(geometry: &Geometry, fragment: &[u8], is_checked: bool) -> Option<Bytes> {
    let is_right = !is_checked || Crc32c::of(fragment) == geometry.msg_crc;
    is_right.then(|| Bytes::copy_from_slice(fragment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::packet::FragmentSize;

    const FRAGMENT: usize = FragmentSize::Any.bytes();

    fn message(fragments: usize) -> Vec<u8> {
        (0..fragments * FRAGMENT - 7)
            .map(|place| u8::try_from(place % 251).unwrap())
            .collect()
    }

    /// Stores these fragments and gives the last result.
    fn store(reassembly: &mut Reassembly, message: &[u8], frags: &[u16]) -> Stored {
        let geometry = reassembly.geometry();
        let stored = frags.iter().map(|&frag| {
            let fragment = &message[geometry.range(frag)];
            reassembly.store(&geometry, frag, fragment, 64, Instant::now())
        });
        stored.last().unwrap()
    }

    fn reassembly(message: &[u8]) -> Reassembly {
        let geometry = Geometry::of(message, FragmentSize::Any).unwrap();
        Reassembly::new(geometry, Instant::now())
    }

    #[test]
    fn fragments_may_come_in_any_order() {
        let message = message(5);
        let mut reassembly = reassembly(&message);
        assert_eq!(
            store(&mut reassembly, &message, &[4, 1, 0, 3, 1]),
            Stored::Again
        );
        assert_eq!(store(&mut reassembly, &message, &[2]), Stored::Whole);
        assert_eq!(reassembly.finish(true).unwrap(), message);
    }

    #[test]
    fn every_second_fragment_and_every_gap_is_acknowledged() {
        let message = message(9);
        let mut reassembly = reassembly(&message);
        let due = |is_ack_due| Stored::New { is_ack_due };
        assert_eq!(store(&mut reassembly, &message, &[0]), due(false));
        assert_eq!(store(&mut reassembly, &message, &[1]), due(true));
        let mut bitmap = [0; BITMAP_MAX];
        assert_eq!(reassembly.acknowledge(64, &mut bitmap).cum, 2);
        assert_eq!(store(&mut reassembly, &message, &[4]), due(true), "a gap");
        let mut bitmap = [0; BITMAP_MAX];
        let ack = reassembly.acknowledge(64, &mut bitmap);
        assert_eq!((ack.cum, ack.nbits, ack.bitmap), (2, 3, &[0b100][..]));
        assert_eq!(
            store(&mut reassembly, &message, &[2]),
            due(true),
            "a hole filled"
        );
    }

    /// H16: the first fragment fixes the geometry.
    #[test]
    fn h16_fragments_that_contradict_the_first_are_refused() {
        let message = message(3);
        let mut reassembly = reassembly(&message);
        store(&mut reassembly, &message, &[0]);
        let right = reassembly.geometry();
        let wrong = [
            Geometry { nfrag: 4, ..right },
            Geometry {
                msg_len: right.msg_len - 1,
                ..right
            },
            Geometry {
                msg_crc: right.msg_crc ^ 1,
                ..right
            },
            Geometry {
                size: FragmentSize::Ethernet,
                ..right
            },
        ];
        for geometry in wrong {
            let stored = reassembly.store(&geometry, 1, &message[..FRAGMENT], 64, Instant::now());
            assert_eq!(stored, Stored::Refused);
        }
    }

    /// H16: memory is taken for what has come, not for what is announced.
    #[test]
    fn h16_memory_grows_with_the_bytes_received() {
        let geometry = Geometry {
            size: FragmentSize::Any,
            nfrag: 65_535,
            msg_len: 65_535 * 1136,
            msg_crc: 0,
        };
        let mut reassembly = Reassembly::new(geometry, Instant::now());
        let fragment = [0; FRAGMENT];
        let mut far = |frag| reassembly.store(&geometry, frag, &fragment, 64, Instant::now());
        assert_eq!(far(64), Stored::Refused);
        assert_eq!(far(65_534), Stored::Refused);
        assert_eq!(far(63), Stored::New { is_ack_due: true });
        assert_eq!(reassembly.buffer.len(), 64 * FRAGMENT);
    }

    #[test]
    fn a_message_with_a_wrong_checksum_is_none() {
        let message = message(2);
        let mut damaged = message.clone();
        damaged[7] ^= 1;
        let mut reassembly = reassembly(&message);
        store(&mut reassembly, &damaged, &[0, 1]);
        assert_eq!(reassembly.finish(true), None);
        let geometry = Geometry::of(b"abcd", FragmentSize::Any).unwrap();
        assert_eq!(single(&geometry, b"abce", true), None);
        assert_eq!(single(&geometry, b"abcd", true).unwrap(), b"abcd"[..]);
    }
}
