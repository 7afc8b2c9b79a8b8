use std::collections::VecDeque;

use bytes::Bytes;

use super::{WINDOW_MAX, packet::Packet};

/// Messages that wait for their reader; more are not taken, and so sent again later.
const READY_MAX: usize = 256;

/// Acknowledgements that wait to be sent; a peer that sends more at once repeats itself.
const ACKNOWLEDGEMENTS_MAX: usize = 1024;

/// The receiving half of an end: brings messages into their order, each once.
#[derive(Debug)]
pub(super) struct Receiver {
    /// The number of the first message that has not come.
    next: u32,
    /// Messages behind that, where they have come: the first place is that of `next`.
    early: VecDeque<Option<Bytes>>,
    ready: VecDeque<Bytes>,
    /// Copies of messages that came and are to be acknowledged.
    acknowledgements: VecDeque<(u32, u8)>,
}

impl Receiver {
    pub(super) fn new(first: u32) -> Self {
        Self {
            next: first,
            early: VecDeque::new(),
            ready: VecDeque::new(),
            acknowledgements: VecDeque::new(),
        }
    }

    /// Takes a message; says whether it is new.
    pub(super) fn receive(&mut self, sequence: u32, copy: u8, message: Bytes) -> bool {
        let ahead = sequence.wrapping_sub(self.next);
        let is_new = if ahead < WINDOW_MAX {
            if self.ready.len() >= READY_MAX {
                return false;
            }
            self.keep(ahead, message)
        } else if ahead.wrapping_neg() <= WINDOW_MAX {
            // It came before: the acknowledgement was lost.
            false
        } else {
            return false;
        };
        if self.acknowledgements.len() < ACKNOWLEDGEMENTS_MAX {
            self.acknowledgements.push_back((sequence, copy));
        }
        is_new
    }

    /// Keeps a message in its place, and moves those whose turn has come.
    fn keep(&mut self, ahead: u32, message: Bytes) -> bool {
        let place = usize::try_from(ahead).unwrap_or(usize::MAX);
        while self.early.len() <= place {
            self.early.push_back(None);
        }
        let Some(place @ None) = self.early.get_mut(place) else {
            return false;
        };
        *place = Some(message);
        while let Some(message) = self.early.front_mut().and_then(Option::take) {
            self.early.pop_front();
            self.ready.push_back(message);
            self.next = self.next.wrapping_add(1);
        }
        true
    }

    pub(super) fn next_acknowledgement(&mut self) -> Option<Packet> {
        let (received, copy) = self.acknowledgements.pop_front()?;
        Some(Packet::Acknowledgement {
            received,
            copy,
            next: self.next,
        })
    }

    pub(super) fn next_message(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }
}
