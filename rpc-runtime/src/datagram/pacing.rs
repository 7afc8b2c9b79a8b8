//! How many packets may be under way, and how fast they leave.
//!
//! This is for messages of several fragments. A message of one is the only packet of its call, and
//! sent again only after a time-out that doubles: the activities bound how many of them there are.

use std::time::{Duration, Instant};

/// Packets that are sent to a peer of which nothing is known (RFC 6928).
const WINDOW_INITIAL: u32 = 10;

/// Packets that may always be under way, so that an acknowledgement comes back.
const WINDOW_MIN: u32 = 2;

/// Packets that may leave at once.
pub(super) const BURST_MAX: u32 = 10;

/// Packets under way to a peer.
#[derive(Debug, Clone)]
pub(super) struct Congestion {
    window: u32,
    /// From this window on it grows by one packet a round trip.
    threshold: u32,
    /// Packets that arrived since the window last grew.
    arrived: u32,
    in_flight: u32,
    /// Losses until then belong to those that were reacted to.
    recovers: Option<Instant>,
}

impl Default for Congestion {
    fn default() -> Self {
        Self {
            window: WINDOW_INITIAL,
            threshold: u32::MAX,
            arrived: 0,
            in_flight: 0,
            recovers: None,
        }
    }
}

impl Congestion {
    /// Packets that may be sent now.
    pub(super) fn room(&self) -> u32 {
        self.window.saturating_sub(self.in_flight)
    }

    pub(super) fn window(&self) -> u32 {
        self.window
    }

    pub(super) fn sent(&mut self) {
        self.in_flight += 1;
    }

    /// So many arrived.
    pub(super) fn arrived(&mut self, packets: u32) {
        let was_full = self.in_flight.saturating_mul(2) >= self.window;
        self.forget(packets);
        if !was_full {
            return;
        }
        if self.window < self.threshold {
            self.window = self.window.saturating_add(packets).min(WINDOW_MAX);
            return;
        }
        self.arrived += packets;
        if self.arrived >= self.window {
            self.arrived = 0;
            self.window = (self.window + 1).min(WINDOW_MAX);
        }
    }

    /// So many are lost: halves the window, once in a round trip.
    pub(super) fn lost(&mut self, packets: u32, now: Instant, round_trip: Duration) {
        self.forget(packets);
        if packets == 0 || self.recovers.is_some_and(|recovers| now < recovers) {
            return;
        }
        self.window = (self.window / 2).max(WINDOW_MIN);
        self.threshold = self.window;
        self.arrived = 0;
        self.recovers = Some(now + round_trip);
    }

    /// So many are of no interest any more.
    pub(super) fn forget(&mut self, packets: u32) {
        self.in_flight = self.in_flight.saturating_sub(packets);
    }
}

/// No more packets are under way than the activities of a client and their windows allow.
const WINDOW_MAX: u32 = 8192;

/// Spreads packets over the round trip: 1.25 windows in each.
#[derive(Debug, Clone)]
pub(super) struct Pacer {
    /// When the packets that were sent would have left, had each waited for its time.
    theoretical: Instant,
}

impl Pacer {
    pub(super) fn new(now: Instant) -> Self {
        Self { theoretical: now }
    }

    /// When the next packet may leave.
    pub(super) fn ready(&self, interval: Duration) -> Instant {
        let ahead = interval.saturating_mul(BURST_MAX - 1);
        self.theoretical
            .checked_sub(ahead)
            .unwrap_or(self.theoretical)
    }

    pub(super) fn sent(&mut self, now: Instant, interval: Duration) {
        self.theoretical = self.theoretical.max(now) + interval;
    }
}

/// The time between two packets of a window in a round trip.
pub(super) fn interval(window: u32, round_trip: Option<Duration>) -> Duration {
    let round_trip = round_trip.unwrap_or_default();
    round_trip.saturating_mul(4) / window.max(1).saturating_mul(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(10);

    #[test]
    fn the_window_doubles_until_a_loss_and_then_grows_slowly() {
        let now = Instant::now();
        let mut congestion = Congestion::default();
        let round = |congestion: &mut Congestion, losses| {
            let packets = congestion.room();
            (0..packets).for_each(|_| congestion.sent());
            congestion.lost(losses, now, ROUND_TRIP);
            congestion.arrived(packets - losses);
            congestion.window()
        };
        assert_eq!(round(&mut congestion, 0), 20);
        assert_eq!(round(&mut congestion, 0), 40);
        assert_eq!(
            round(&mut congestion, 1),
            21,
            "halved, and 39 have arrived since"
        );
        assert_eq!(congestion.in_flight, 0);
    }

    #[test]
    fn the_window_is_halved_once_in_a_round_trip() {
        let now = Instant::now();
        let mut congestion = Congestion::default();
        (0..10).for_each(|_| congestion.sent());
        congestion.lost(1, now, ROUND_TRIP);
        congestion.lost(1, now + ROUND_TRIP / 2, ROUND_TRIP);
        assert_eq!(congestion.window(), 5);
        congestion.lost(1, now + ROUND_TRIP, ROUND_TRIP);
        assert_eq!(congestion.window(), 2);
        congestion.lost(1, now + ROUND_TRIP * 2, ROUND_TRIP);
        assert_eq!(congestion.window(), WINDOW_MIN);
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut congestion = Congestion::default();
        congestion.sent();
        congestion.arrived(1);
        assert_eq!(congestion.window(), 10);
    }

    #[test]
    fn ten_packets_leave_at_once_and_the_others_in_their_time() {
        let now = Instant::now();
        let interval = interval(10, Some(ROUND_TRIP));
        assert_eq!(interval, Duration::from_micros(800));
        let mut pacer = Pacer::new(now);
        for _ in 0..BURST_MAX {
            assert!(pacer.ready(interval) <= now);
            pacer.sent(now, interval);
        }
        assert_eq!(pacer.ready(interval), now + interval);
        pacer.sent(now + interval, interval);
        assert_eq!(pacer.ready(interval), now + interval * 2);
    }
}
