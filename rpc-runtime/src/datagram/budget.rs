//! Memory that is lent out up to a limit.

/// Units of something, of which no more than a limit are lent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    used: usize,
    limit: usize,
}

impl Budget {
    pub(super) const fn new(limit: usize) -> Self {
        Self { used: 0, limit }
    }

    /// Whether so many more may be lent.
    pub(super) fn has_room(&self, units: usize) -> bool {
        self.used
            .checked_add(units)
            .is_some_and(|used| used <= self.limit)
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Lends; the caller has asked whether there is room.
    pub(super) fn lend(&mut self, units: usize) {
        self.used = self.used.saturating_add(units);
        debug_assert!(self.used <= self.limit, "A9: more is lent than there is");
    }

    /// Takes back.
    pub(super) fn give_back(&mut self, units: usize) {
        debug_assert!(units <= self.used, "A9: more comes back than was lent");
        self.used = self.used.saturating_sub(units);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_no_more_is_lent_than_there_is() {
        let mut budget = Budget::new(10);
        assert!(budget.has_room(10) && !budget.has_room(11) && !budget.has_room(usize::MAX));
        budget.lend(7);
        assert!(budget.has_room(3) && !budget.has_room(4));
        budget.give_back(5);
        assert_eq!((budget.used(), budget.limit()), (2, 10));
    }
}
