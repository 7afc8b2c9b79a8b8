//! How long a packet and its answer take, and so how long to wait for one.

use std::time::{Duration, Instant};

use super::ACK_DELAY;
use crate::retransmission::{INITIAL_TIMEOUT, RoundTripEstimate};

/// The least that is added to the mean for its variation.
const VARIATION_MIN: Duration = Duration::from_millis(1);

/// The longest time-out on a path with a short round trip. At 30 % loss one call in 20,000 is lost
/// with a cap of four seconds, and with this one none in millions.
const TIMEOUT_CAP: Duration = Duration::from_secs(1);

/// A longer round trip is the echo of a packet that somebody kept, and says nothing of the path.
const SAMPLE_MAX: Duration = Duration::from_secs(10);

/// The round-trip time of a path.
///
/// Samples come from answers that name the packet that they answer, less the time for which they
/// were held back. So they are exact for packets that were sent again too, and Karn's rule is not
/// needed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoundTrip {
    estimate: RoundTripEstimate,
}

impl RoundTrip {
    /// Takes in the answer to a packet, after it was held back so long.
    pub(super) fn sample(&mut self, sent: Instant, now: Instant, hold: Duration) {
        let elapsed = now.saturating_duration_since(sent).saturating_sub(hold);
        if elapsed <= SAMPLE_MAX {
            self.estimate.sample(elapsed);
        }
    }

    /// The smoothed round-trip time, once there was a sample.
    pub(super) fn mean(&self) -> Option<Duration> {
        self.estimate.round_trip()
    }

    /// How long to wait for an answer, after so many that did not come.
    pub(super) fn timeout(&self, tries: u32) -> Duration {
        let (Some(mean), Some(variation)) = (self.mean(), self.estimate.variation()) else {
            return INITIAL_TIMEOUT;
        };
        let spread = variation.saturating_mul(4);
        let first = mean + spread.max(VARIATION_MIN) + ACK_DELAY;
        let cap = TIMEOUT_CAP.max(mean + spread).max(first);
        // Sixteen doublings of any time-out are above every cap.
        first.saturating_mul(1 << tries.min(16)).min(cap)
    }

    /// After this time a packet is lost, if one that was sent later has arrived.
    pub(super) fn loss_delay(&self) -> Duration {
        let mean = self.mean().unwrap_or(INITIAL_TIMEOUT);
        mean + mean / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn time_spent_at_the_peer_is_no_part_of_a_round_trip() {
        let start = Instant::now();
        let mut round_trip = RoundTrip::default();
        assert_eq!(round_trip.timeout(0), INITIAL_TIMEOUT);
        round_trip.sample(start, start + ms(120), ms(110));
        assert_eq!(round_trip.mean(), Some(ms(10)));
        assert_eq!(round_trip.timeout(0), ms(10) + ms(20) + ACK_DELAY);
        assert_eq!(round_trip.loss_delay(), Duration::from_micros(11_250));
    }

    #[test]
    fn timeouts_double_up_to_the_cap() {
        let start = Instant::now();
        let mut round_trip = RoundTrip::default();
        for _ in 0..100 {
            round_trip.sample(start, start + ms(9), Duration::ZERO);
        }
        let timeouts: Vec<u128> = [0, 1, 2, 5, 6, 99]
            .map(|tries| round_trip.timeout(tries).as_millis())
            .into();
        assert_eq!(timeouts, [30, 60, 120, 960, 1000, 1000]);
    }

    #[test]
    fn a_path_may_be_slower_than_the_cap() {
        let start = Instant::now();
        let mut round_trip = RoundTrip::default();
        round_trip.sample(start, start + ms(4000), Duration::ZERO);
        assert_eq!(round_trip.timeout(9), ms(12_000) + ACK_DELAY);
    }

    #[test]
    fn the_echo_of_a_packet_that_was_kept_is_no_sample() {
        let start = Instant::now();
        let mut round_trip = RoundTrip::default();
        round_trip.sample(start, start + ms(400_000), Duration::ZERO);
        assert_eq!(round_trip.mean(), None);
    }
}
