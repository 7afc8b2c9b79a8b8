//! What happened in a run, as one number, and as text where somebody wants to read it.

use std::time::Duration;

use crate::random::{mixed, nanos};

/// Bytes of a datagram that the hash takes in: headers hold a checksum of the rest.
const HASHED: usize = 72;

/// What happened so far.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    is_shown: bool,
}

impl Trace {
    /// A trace of nothing, which is printed while it grows if somebody wants to read it.
    #[must_use]
    pub fn new(is_shown: bool) -> Self {
        Self { hash: 0, is_shown }
    }

    /// Something happens, which these numbers tell from anything else.
    pub fn add(&mut self, time: Duration, what: &'static str, number: u64) {
        let kind = what.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte));
        self.hash = mixed(self.hash ^ mixed(nanos(time) ^ mixed(kind ^ mixed(number))));
    }

    /// A datagram is sent or received.
    pub fn datagram(&mut self, time: Duration, what: &'static str, peer: u64, bytes: &[u8]) {
        let head = bytes.get(..HASHED).unwrap_or(bytes);
        let words = head.chunks(8).fold(bytes.len() as u64, |sum, word| {
            let mut padded = [0; 8];
            padded[..word.len()].copy_from_slice(word);
            mixed(sum ^ u64::from_be_bytes(padded))
        });
        self.add(time, what, mixed(peer) ^ words);
    }

    /// Says what happens, to somebody who reads.
    #[expect(clippy::print_stdout, reason = "that is what it is for")]
    pub fn say(&self, time: Duration, text: impl FnOnce() -> String) {
        if self.is_shown {
            println!("{time:>16.6?} {}", text());
        }
    }

    /// The number that two runs have in common if the same happened in them.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }
}
