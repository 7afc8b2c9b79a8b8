//! Records on their way out: the other half of record marking.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
};

use bytes::{Buf, Bytes, BytesMut};

use crate::Message;

/// Bytes from which a part of a message is sent from where it lies; a shorter part is copied
/// behind the others, which costs less than one more slice in the system call.
const COPY_MAX: usize = 4096;

/// Bytes that are taken over for sending before the first of them is sent: what is left behind
/// is known not to be sent should the connection end.
const UNSENT_MAX: usize = 1 << 20;

/// Slices that one system call sends at the most; more gain nothing.
pub(crate) const SLICES_MAX: usize = 32;

/// Bytes of memory for small parts that are kept when everything is sent: the connection may be
/// idle from now on.
const COPIED_KEEP: usize = 64 << 10;

/// Bytes that were taken over and not sent yet, in the order in which they go.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    whole: VecDeque<Bytes>,
    /// Small parts, copied together; they go behind the whole ones.
    copied: BytesMut,
    len: usize,
}

impl Unsent {
    /// Whether everything was sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the next message should wait until more of these bytes are sent.
    pub(crate) fn is_full(&self) -> bool {
        self.len >= UNSENT_MAX
    }

    /// Takes a message over, with its record mark.
    pub(crate) fn push(&mut self, message: &Message) -> io::Result<()> {
        let len = message.len();
        let mark = super::mark(len).ok_or(io::ErrorKind::InvalidInput)?;
        self.copied.extend_from_slice(&mark);
        for part in message.parts() {
            if part.len() < COPY_MAX {
                self.copied.extend_from_slice(part);
            } else {
                self.seal();
                self.whole.push_back(part.clone());
            }
        }
        self.len += mark.len() + len;
        Ok(())
    }

    /// Puts what was copied behind the whole parts, so that another can follow.
    fn seal(&mut self) {
        if !self.copied.is_empty() {
            self.whole.push_back(self.copied.split().freeze());
        }
    }

    /// All bytes to send, where they are small parts, as they are most often.
    #[cfg(feature = "net")]
    pub(crate) fn only_copied(&self) -> Option<&[u8]> {
        self.whole.is_empty().then_some(&self.copied[..])
    }

    /// The next bytes to send.
    pub(crate) fn slices<'a, 'b>(
        &'a self,
        slices: &'b mut [IoSlice<'a>; SLICES_MAX],
    ) -> &'b [IoSlice<'a>] {
        let copied = (!self.copied.is_empty()).then_some(&self.copied[..]);
        let parts = self.whole.iter().map(|part| &part[..]).chain(copied);
        let mut count = 0;
        for (slice, part) in slices.iter_mut().zip(parts) {
            *slice = IoSlice::new(part);
            count += 1;
        }
        slices.get(..count).unwrap_or_default()
    }

    /// Drops bytes that were sent.
    pub(crate) fn advance(&mut self, sent: usize) {
        self.len -= sent;
        let mut left = sent;
        while let Some(part) = self.whole.front_mut() {
            if left < part.len() {
                part.advance(left);
                return;
            }
            left -= part.len();
            self.whole.pop_front();
        }
        self.copied.advance(left);
        if self.is_empty() && self.copied.try_reclaim(COPIED_KEEP + 1) {
            self.copied = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Peer;

    fn message(parts: &[&'static [u8]]) -> Message {
        let mut message = Message::new(Peer::Memory, Bytes::new());
        for part in parts {
            message.push(Bytes::from_static(part));
        }
        message
    }

    /// Takes everything out, a few bytes at a time, as a slow peer would.
    fn drain(unsent: &mut Unsent, step: usize) -> Vec<u8> {
        let mut sent = Vec::new();
        while !unsent.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let next: Vec<u8> = unsent
                .slices(&mut slices)
                .iter()
                .flat_map(|slice| slice.iter().copied())
                .take(step)
                .collect();
            unsent.advance(next.len());
            sent.extend(next);
        }
        sent
    }

    #[test]
    fn small_and_large_parts_in_order_at_every_step() {
        static LARGE: [u8; COPY_MAX] = [9; COPY_MAX];
        for step in [1, 3, 5, COPY_MAX, usize::MAX] {
            let mut unsent = Unsent::default();
            unsent.push(&message(&[b"abcd"])).unwrap();
            unsent.push(&message(&[b"head", &LARGE, b"tail"])).unwrap();
            unsent.push(&message(&[b"end."])).unwrap();
            let expected = [
                &[0x80, 0, 0, 4][..],
                b"abcd",
                &[0x80, 0, 0x10, 8],
                b"head",
                &LARGE,
                b"tail",
                &[0x80, 0, 0, 4],
                b"end.",
            ];
            assert_eq!(drain(&mut unsent, step), expected.concat());
        }
    }

    #[test]
    fn memory_of_many_small_parts_is_given_back() {
        let mut unsent = Unsent::default();
        for (count, is_kept) in [(10, true), (100_000, false), (10, true)] {
            for _ in 0..count {
                unsent.push(&message(&[b"a small part"])).unwrap();
            }
            drain(&mut unsent, usize::MAX);
            assert!(!unsent.copied.try_reclaim(COPIED_KEEP + 1));
            assert_eq!(unsent.copied.try_reclaim(10 * 16), is_kept);
        }
    }
}
