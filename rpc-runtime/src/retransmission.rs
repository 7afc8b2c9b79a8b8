//! When to send a call again: round-trip estimate, back-off, jitter.
//!
//! The estimate is that of RFC 6298 with Karn's rule: a reply to a call that was sent more than
//! once says nothing about the round trip, and until one comes that does, the time-out that was
//! backed off to stays in force for new calls too.

use std::time::Duration;

use crate::random::Random;

/// The first time-out towards a peer of which nothing is known yet (RFC 6298 §2).
pub const INITIAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The shortest time-out: a plain ONC reply takes as long as the procedure does, and each
/// needless retransmission may execute it again.
pub const TIMEOUT_MIN: Duration = Duration::from_millis(200);

/// The longest time-out: at 30 % loss each way, one call in 400 gets no answer within 30 seconds;
/// with a cap of 8 seconds it would be one in 60.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(4);

/// The part of a time-out that jitter adds at the most is one in this many.
const JITTER_PART: u32 = 8;

/// The round-trip time to one peer, as replies show it (RFC 6298).
#[derive(Debug, Clone, Copy)]
pub struct RoundTripEstimate {
    smoothed: Option<Smoothed>,
    backed_off: Option<Duration>,
    timeout_min: Duration,
}

impl Default for RoundTripEstimate {
    fn default() -> Self {
        Self::at_least(TIMEOUT_MIN)
    }
}

/// SRTT and RTTVAR of RFC 6298.
#[derive(Debug, Clone, Copy)]
struct Smoothed {
    mean: Duration,
    variation: Duration,
}

impl RoundTripEstimate {
    /// An estimate that gives no shorter time-out than this, where a peer answers at once.
    #[must_use]
    pub fn at_least(timeout_min: Duration) -> Self {
        Self {
            smoothed: None,
            backed_off: None,
            timeout_min,
        }
    }

    /// The smoothed round-trip time, once there was a sample.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed.mean)
    }

    /// The mean deviation of the round-trip times, once there was a sample.
    #[must_use]
    pub fn variation(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed.variation)
    }

    /// How long to wait for the reply to a new call before it is sent again.
    #[must_use]
    pub fn retransmission_timeout(&self) -> Duration {
        let estimated = match self.smoothed {
            None => INITIAL_TIMEOUT,
            Some(Smoothed { mean, variation }) => mean.saturating_add(variation.saturating_mul(4)),
        };
        let backed_off = self.backed_off.unwrap_or_default();
        estimated
            .max(backed_off)
            .max(self.timeout_min)
            .min(TIMEOUT_MAX)
    }

    /// Takes in the time between a call that was sent once and its reply.
    pub fn sample(&mut self, round_trip: Duration) {
        self.backed_off = None;
        self.smoothed = Some(match self.smoothed {
            None => Smoothed {
                mean: round_trip,
                variation: round_trip / 2,
            },
            Some(Smoothed { mean, variation }) => {
                let error = mean.abs_diff(round_trip);
                Smoothed {
                    mean: (mean.saturating_mul(7)).saturating_add(round_trip) / 8,
                    variation: (variation.saturating_mul(3)).saturating_add(error) / 4,
                }
            }
        });
    }

    /// Takes note that a call was not answered within its time-out, and gives the next one.
    pub fn back_off(&mut self, timeout: Duration) -> Duration {
        let next = timeout.saturating_mul(2).min(TIMEOUT_MAX);
        self.backed_off = self.backed_off.max(Some(next));
        next
    }
}

/// Spreads time-outs, so that callers that lost a packet together do not send again together.
#[derive(Debug, Clone)]
pub struct Jitter(Random);

impl Jitter {
    /// The sequence that belongs to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// The time-out, up to an eighth longer.
    pub fn spread(&mut self, timeout: Duration) -> Duration {
        let [byte, ..] = self.0.next().to_be_bytes();
        timeout.saturating_add(timeout / JITTER_PART * u32::from(byte) / 256)
    }
}

/// The time before the second attempt to connect again; the first is made at once.
pub const RECONNECT_MIN: Duration = Duration::from_millis(50);

/// The longest time between two attempts to connect again.
pub const RECONNECT_MAX: Duration = Duration::from_secs(2);

/// When to connect again to a server whose connection was lost.
#[derive(Debug, Clone)]
pub struct ReconnectDelay {
    next: Duration,
    jitter: Jitter,
}

impl ReconnectDelay {
    /// The delays that belong to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            next: Duration::ZERO,
            jitter: Jitter::new(seed),
        }
    }

    /// How long to wait before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.jitter.spread(self.next);
        self.next = (2 * self.next).clamp(RECONNECT_MIN, RECONNECT_MAX);
        delay
    }

    /// Takes note that the server has answered: that a connection was made does not do, for a
    /// server may end it as soon as it has read the call.
    pub fn answered(&mut self) {
        self.next = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn unknown_peer() {
        let estimate = RoundTripEstimate::default();
        assert_eq!(estimate.retransmission_timeout(), INITIAL_TIMEOUT);
        assert_eq!(estimate.round_trip(), None);
    }

    #[test]
    fn follows_rfc_6298() {
        let mut estimate = RoundTripEstimate::default();
        estimate.sample(ms(400));
        // SRTT 400, RTTVAR 200.
        assert_eq!(estimate.retransmission_timeout(), ms(1200));
        estimate.sample(ms(800));
        // RTTVAR 3/4 · 200 + 1/4 · 400 = 250, SRTT 7/8 · 400 + 1/8 · 800 = 450.
        assert_eq!(estimate.round_trip(), Some(ms(450)));
        assert_eq!(estimate.retransmission_timeout(), ms(1450));
    }

    #[test]
    fn stays_within_its_bounds() {
        let mut estimate = RoundTripEstimate::default();
        for _ in 0..50 {
            estimate.sample(ms(1));
        }
        assert_eq!(estimate.retransmission_timeout(), TIMEOUT_MIN);
        for _ in 0..50 {
            estimate.sample(Duration::MAX);
        }
        assert_eq!(estimate.retransmission_timeout(), TIMEOUT_MAX);
        let mut estimate = RoundTripEstimate::at_least(ms(20));
        estimate.sample(ms(1));
        assert_eq!(estimate.retransmission_timeout(), ms(20));
    }

    #[test]
    fn backs_off_until_a_sample_comes() {
        let mut estimate = RoundTripEstimate::default();
        estimate.sample(ms(100));
        let first = estimate.retransmission_timeout();
        assert_eq!(first, ms(300));
        let mut timeout = first;
        let mut schedule = Vec::new();
        for _ in 0..5 {
            timeout = estimate.back_off(timeout);
            schedule.push(timeout);
        }
        let doubled = [ms(600), ms(1200), ms(2400), TIMEOUT_MAX, TIMEOUT_MAX];
        assert_eq!(schedule, doubled);
        assert_eq!(estimate.retransmission_timeout(), TIMEOUT_MAX);
        estimate.sample(ms(100));
        assert!(estimate.retransmission_timeout() < first);
    }

    #[test]
    fn jitter_adds_at_most_an_eighth() {
        let spread: Vec<Duration> = {
            let mut jitter = Jitter::new(42);
            (0..1000).map(|_| jitter.spread(ms(800))).collect()
        };
        assert!(spread.iter().all(|&wait| ms(800) <= wait && wait < ms(900)));
        assert!(spread.iter().any(|&wait| wait < ms(810)));
        assert!(spread.iter().any(|&wait| wait > ms(890)));
        let mut again = Jitter::new(42);
        assert!(spread.iter().all(|&wait| wait == again.spread(ms(800))));
    }

    #[test]
    fn connects_again_at_once_and_then_with_back_off() {
        let mut delay = ReconnectDelay::new(7);
        assert_eq!(delay.next_delay(), Duration::ZERO);
        for least in [50, 100, 200, 400, 800, 1600, 2000, 2000].map(ms) {
            let delay = delay.next_delay();
            assert!(least <= delay && delay < least * 9 / 8, "{delay:?}");
        }
        delay.answered();
        assert_eq!(delay.next_delay(), Duration::ZERO);
    }
}
