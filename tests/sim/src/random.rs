//! Chance that a seed decides.

use std::time::Duration;

/// A sequence of numbers that belongs to a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

/// How often something happens, in parts of a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share(u32);

impl Share {
    /// Never.
    pub const NEVER: Self = Self(0);

    /// So many times in a hundred.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self(percent * 10_000)
    }
}

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number below this one, or 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of the product: as even as a remainder, and without a division.
        let product = u128::from(self.number()) * u128::from(end);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// An index below this one.
    pub fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or_default()
    }

    /// Whether something happens that happens this often.
    pub fn hits(&mut self, share: Share) -> bool {
        share.0 > 0 && self.below(1_000_000) < u64::from(share.0)
    }

    /// A time between these two.
    pub fn between(&mut self, (from, to): (Duration, Duration)) -> Duration {
        let span = to.saturating_sub(from);
        from + Duration::from_nanos(self.below(nanos(span) + 1))
    }

    /// A time that is this long on the average.
    pub fn around(&mut self, mean: Duration) -> Duration {
        self.between((Duration::ZERO, 2 * mean))
    }

    /// A sequence of its own, for a part of what this one decides.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }
}

/// A time in nanoseconds, of which 64 bits hold five centuries.
#[must_use]
pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The bits of a number, well mixed; different numbers stay different.
#[must_use]
pub const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
