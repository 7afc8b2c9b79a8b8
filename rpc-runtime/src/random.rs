/// A small generator (splitmix64): the core takes no randomness from outside but its seed. It is
/// no source of secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence that belongs to a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        let [a, b, c, d, ..] = self.next().to_be_bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) < probability * (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_sequence() {
        let sequence = |seed| {
            let mut random = Random::new(seed);
            [random.next(), random.next(), random.next()]
        };
        assert_eq!(sequence(7), sequence(7));
        assert_ne!(sequence(7), sequence(8));
        // The first output of the reference implementation for seed 0.
        assert_eq!(sequence(0)[0], 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn chances_are_as_good_as_they_say() {
        let mut random = Random::new(1);
        let mut count = |probability| (0..10_000).filter(|_| random.chance(probability)).count();
        assert_eq!(count(0.0), 0);
        assert!((2800..3200).contains(&count(0.3)));
        assert_eq!(count(1.0), 10_000);
    }
}
