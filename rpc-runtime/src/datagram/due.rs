//! What is due at which time.

use std::{cmp::Reverse, collections::BinaryHeap, time::Instant};

/// Entries by the time at which they have to be looked at.
///
/// An entry whose reason is gone stays until its time: whoever takes it out looks whether it still
/// holds. So nothing is ever searched for, and each event costs O(log n) at the most.
#[derive(Debug)]
pub(super) struct Due<T: Ord> {
    entries: BinaryHeap<Reverse<(Instant, T)>>,
}

impl<T: Ord> Due<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: BinaryHeap::new(),
        }
    }

    pub(super) fn push(&mut self, at: Instant, entry: T) {
        self.entries.push(Reverse((at, entry)));
    }

    /// The time of the first entry.
    pub(super) fn first(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse((at, _))| *at)
    }

    /// The first entry, if its time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<T> {
        if self.first()? > now {
            return None;
        }
        self.entries.pop().map(|Reverse((_, entry))| entry)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn entries_come_in_the_order_of_their_times() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut due = Due::new();
        due.push(after(3), 'c');
        due.push(after(1), 'a');
        due.push(after(2), 'b');
        assert_eq!(due.first(), Some(after(1)));
        assert_eq!(due.pop(start), None);
        assert_eq!(due.pop(after(2)), Some('a'));
        assert_eq!(due.pop(after(2)), Some('b'));
        assert_eq!(due.pop(after(2)), None);
        assert_eq!(due.pop(after(3)), Some('c'));
        assert_eq!(due.first(), None);
    }
}
