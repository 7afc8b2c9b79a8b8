//! The clocks of machines, none of which is right.

use std::time::{Duration, Instant};

use crate::random::nanos;

/// A million is the rate of a clock that is right.
const RIGHT: u32 = 1_000_000;

/// The clock of one machine: it may run fast or slow, and stand still for a while.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    /// Microseconds that it shows in a second.
    rate: u32,
    /// When it was last set, in true time and in what it showed then.
    set: Duration,
    shown: Duration,
}

impl Clock {
    /// A clock that is right.
    #[must_use]
    pub fn right(origin: Instant) -> Self {
        Self::new(origin, RIGHT)
    }

    /// A clock that shows so many microseconds in a second.
    #[must_use]
    pub fn new(origin: Instant, rate: u32) -> Self {
        Self {
            origin,
            rate,
            set: Duration::ZERO,
            shown: Duration::ZERO,
        }
    }

    /// What the clock shows at a time.
    #[must_use]
    pub fn now(&self, time: Duration) -> Instant {
        self.origin + self.shown_at(time)
    }

    /// The time at which the clock shows this, or more.
    #[must_use]
    pub fn when(&self, shown: Instant) -> Duration {
        let shown = shown.saturating_duration_since(self.origin + self.shown);
        let passed = shown.as_nanos() * u128::from(RIGHT);
        let passed = passed.div_ceil(u128::from(self.rate));
        self.set + Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX / 2))
    }

    /// Has the clock stand still between two times, as `CLOCK_MONOTONIC` does in suspension.
    pub fn stop(&mut self, from: Duration, to: Duration) {
        self.shown = self.shown_at(from);
        self.set = to;
    }

    fn shown_at(&self, time: Duration) -> Duration {
        let passed = u128::from(nanos(time.saturating_sub(self.set))) * u128::from(self.rate);
        let passed = u64::try_from(passed / u128::from(RIGHT)).unwrap_or(u64::MAX);
        self.shown + Duration::from_nanos(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let origin = Instant::now();
        for rate in [500_000, 999_999, RIGHT, 1_500_000] {
            let mut clock = Clock::new(origin, rate);
            clock.stop(Duration::from_secs(3), Duration::from_secs(10));
            for time in [10_000_000_000, 10_000_000_001, 12_345_678_901] {
                let time = Duration::from_nanos(time);
                let shown = clock.now(time);
                let when = clock.when(shown);
                assert!(when <= time && clock.now(when) >= shown, "{rate}");
            }
        }
    }
}
