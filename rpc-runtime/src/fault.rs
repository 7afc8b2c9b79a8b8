//! Links that do what networks do, for tests and demonstrations: lose, duplicate, reorder, corrupt
//! and delay, by chance, and the same for the same seed.
//!
//! [`LossyLink`] is the core, on any clock: datagrams go in, and come out or not. `UdpRelay` puts
//! two of them between real sockets, whatever protocol is spoken there, and `TcpRelay` cuts,
//! resets, dribbles and splits connections (feature `net`).
//!
//! ```
//! use rpc_runtime::fault::{Faults, LossyLink};
//! use std::time::{Duration, Instant};
//!
//! let faults = Faults::none().loss(0.5).delay(Duration::from_millis(3));
//! let mut link = LossyLink::new(faults, 42);
//! let now = Instant::now();
//! for number in 0..100 {
//!     link.send(now, "the other end", vec![number].into());
//! }
//! let arrival = link.next_delivery().unwrap();
//! assert_eq!(arrival, now + Duration::from_millis(3));
//! while let Some((to, datagram)) = link.deliver(arrival) {
//!     assert_eq!((to, datagram.len()), ("the other end", 1));
//! }
//! let counters = link.counters();
//! assert_eq!(counters.lost + counters.delivered, 100);
//! ```

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::random::Random;

#[cfg(feature = "net")]
pub use crate::net::fault::{TcpEnding, TcpFaults, TcpRelay, UdpRelay};

/// Datagrams that are on a link at once; more are lost, as in the queue of a router.
const IN_FLIGHT_MAX: usize = 65_536;

/// How long a datagram is held back so that later ones overtake it, beyond the delay of all.
const HELD_BACK: Duration = Duration::from_millis(4);

/// What a link does to datagrams, each fault with the probability that a datagram suffers it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Faults {
    loss: f64,
    duplication: f64,
    reordering: f64,
    corruption: f64,
    delay: Duration,
}

impl Faults {
    /// No faults at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets how many datagrams are lost.
    #[must_use]
    pub fn loss(mut self, probability: f64) -> Self {
        self.loss = probability;
        self
    }

    /// Sets how many datagrams come twice.
    #[must_use]
    pub fn duplication(mut self, probability: f64) -> Self {
        self.duplication = probability;
        self
    }

    /// Sets how many datagrams are held back by up to 4 ms, so that later ones overtake them.
    #[must_use]
    pub fn reordering(mut self, probability: f64) -> Self {
        self.reordering = probability;
        self
    }

    /// Sets in how many datagrams one bit is flipped.
    #[must_use]
    pub fn corruption(mut self, probability: f64) -> Self {
        self.corruption = probability;
        self
    }

    /// Sets how long each datagram is on the way at least.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// What a link has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkCounters {
    /// Datagrams that were sent into the link.
    pub sent: u64,
    /// Datagrams that came out, second copies among them.
    pub delivered: u64,
    /// Datagrams that were lost.
    pub lost: u64,
    /// Datagrams that came, or will come, twice.
    pub duplicated: u64,
    /// Copies that were held back.
    pub reordered: u64,
    /// Copies in which a bit was flipped.
    pub corrupted: u64,
}

/// One direction of a link that treats datagrams as [`Faults`] say.
///
/// `T` says where a datagram goes, as far as that matters to the user of the link.
#[derive(Debug)]
pub struct LossyLink<T> {
    faults: Faults,
    random: Random,
    /// By the time of delivery, then in the order of sending.
    in_flight: BTreeMap<(Instant, u64), (T, Bytes)>,
    copies: u64,
    counters: LinkCounters,
}

impl<T: Clone> LossyLink<T> {
    /// A link with these faults; the seed decides which datagrams suffer them.
    #[must_use]
    pub fn new(faults: Faults, seed: u64) -> Self {
        Self {
            faults,
            random: Random::new(seed),
            in_flight: BTreeMap::new(),
            copies: 0,
            counters: LinkCounters::default(),
        }
    }

    /// Changes the faults, for datagrams that are sent from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// What the link has done so far.
    #[must_use]
    pub fn counters(&self) -> LinkCounters {
        self.counters
    }

    /// Sends a datagram into the link.
    pub fn send(&mut self, now: Instant, to: T, datagram: Bytes) {
        self.counters.sent += 1;
        if self.random.chance(self.faults.loss) || self.in_flight.len() >= IN_FLIGHT_MAX {
            self.counters.lost += 1;
            return;
        }
        if self.random.chance(self.faults.duplication) {
            self.counters.duplicated += 1;
            self.put(now, to.clone(), datagram.clone());
        }
        self.put(now, to, datagram);
    }

    /// When the next datagram comes out.
    #[must_use]
    pub fn next_delivery(&self) -> Option<Instant> {
        self.in_flight.keys().next().map(|(at, _)| *at)
    }

    /// The next datagram that has come out by now.
    pub fn deliver(&mut self, now: Instant) -> Option<(T, Bytes)> {
        let next = self.in_flight.first_entry()?;
        if next.key().0 > now {
            return None;
        }
        self.counters.delivered += 1;
        Some(next.remove())
    }

    /// Puts one copy on its way.
    fn put(&mut self, now: Instant, to: T, datagram: Bytes) {
        let mut at = now + self.faults.delay;
        if self.random.chance(self.faults.reordering) {
            self.counters.reordered += 1;
            at += HELD_BACK * self.random_part() / 256;
        }
        let is_corrupted = self.random.chance(self.faults.corruption) && !datagram.is_empty();
        let datagram = if is_corrupted {
            self.corrupt(&datagram)
        } else {
            datagram
        };
        self.copies += 1;
        self.in_flight.insert((at, self.copies), (to, datagram));
    }

    /// A number from 1 to 256.
    fn random_part(&mut self) -> u32 {
        1 + u32::from(self.random.next().to_be_bytes()[0])
    }

    /// The datagram with one bit flipped.
    fn corrupt(&mut self, datagram: &Bytes) -> Bytes {
        self.counters.corrupted += 1;
        let random = self.random.next();
        let mut corrupted = datagram.to_vec();
        let place = usize::try_from(random >> 8).unwrap_or_default() % corrupted.len().max(1);
        if let Some(byte) = corrupted.get_mut(place) {
            *byte ^= 1 << (random % 8);
        }
        corrupted.into()
    }
}

#[cfg(test)]
#[path = "fault/tests.rs"]
mod tests;
