//! The network between the clients and the server, which does what a plan says.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::{plan::Faults, random::Random};

/// A way that a datagram takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From a client to the server.
    Up,
    /// From the server to a client.
    Down,
}

/// The network, with a path for each client.
#[derive(Debug)]
pub struct Network {
    faults: Faults,
    random: Random,
    hears_damaged: bool,
    /// Until when each path is closed, up and down.
    closed: Vec<(Duration, Duration)>,
}

impl Network {
    /// A network with so many paths.
    #[must_use]
    pub fn new(faults: Faults, random: Random, paths: usize, hears_damaged: bool) -> Self {
        Self {
            faults,
            random,
            hears_damaged,
            closed: vec![(Duration::ZERO, Duration::ZERO); paths],
        }
    }

    /// Closes a path until a time: up, down or both.
    pub fn close(&mut self, path: usize, until: Duration) {
        let ways = self.random.below(4);
        let (up, down) = &mut self.closed[path];
        if ways != 0 {
            *up = until.max(*up);
        }
        if ways != 1 {
            *down = until.max(*down);
        }
    }

    /// Has nothing go wrong any more, but what is under way.
    pub fn heal(&mut self) {
        self.faults = Faults {
            delay: self.faults.delay,
            ..Faults::default()
        };
        self.closed.fill((Duration::ZERO, Duration::ZERO));
    }

    /// Carries a datagram: each copy that will arrive, and after what time.
    pub fn carry(
        &mut self,
        time: Duration,
        (path, way): (usize, Way),
        datagram: &Bytes,
        mut arrive: impl FnMut(Duration, Bytes),
    ) {
        let (faults, random) = (&self.faults, &mut self.random);
        let (up, down) = self.closed[path];
        if way == Way::Up && random.hits(faults.replay) {
            let later = random.between((Duration::ZERO, faults.replay_delay));
            arrive(later, datagram.clone());
        }
        if time < if way == Way::Up { up } else { down } {
            return;
        }
        let copies = 1 + usize::from(random.hits(faults.duplication));
        for _ in 0..copies {
            if random.hits(faults.loss) {
                continue;
            }
            let is_damaged = random.hits(faults.corruption);
            let is_cut = random.hits(faults.truncation);
            let mut copy = datagram.clone();
            if (is_damaged || is_cut) && !self.hears_damaged {
                continue;
            }
            if is_damaged {
                copy = damaged(random, &copy);
            }
            if is_cut {
                copy.truncate(random.index(copy.len()));
            }
            arrive(random.between(faults.delay), copy);
        }
    }
}

/// The datagram with a few bits that are not what was sent, or a run of bytes.
fn damaged(random: &mut Random, datagram: &[u8]) -> Bytes {
    let mut bytes = BytesMut::from(datagram);
    if bytes.is_empty() {
        return bytes.freeze();
    }
    if random.below(4) == 0 {
        let from = random.index(bytes.len());
        let to = (from + 1 + random.index(32)).min(bytes.len());
        for byte in &mut bytes[from..to] {
            *byte = random.number().to_be_bytes()[0];
        }
    } else {
        for _ in 0..=random.below(4) {
            let at = random.index(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
    }
    bytes.freeze()
}
