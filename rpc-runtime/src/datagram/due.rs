//! What is due at which time.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Instant,
};

/// Entries by the time at which they have to be looked at.
///
/// An entry whose reason is gone stays until its time: whoever takes it out looks whether it still
/// holds. So nothing is ever searched for. An entry that is due after all others, as with delays
/// that are always the same, costs O(1), another one O(log n).
#[derive(Debug)]
pub(super) struct Due<T: Ord> {
    /// Entries in the order of their times.
    row: VecDeque<(Instant, T)>,
    /// Entries that came too late for the row.
    heap: BinaryHeap<Reverse<(Instant, T)>>,
}

impl<T: Ord> Due<T> {
    pub(super) fn new() -> Self {
        Self {
            row: VecDeque::new(),
            heap: BinaryHeap::new(),
        }
    }

    pub(super) fn push(&mut self, at: Instant, entry: T) {
        if self.row.back().is_none_or(|(last, _)| *last <= at) {
            self.row.push_back((at, entry));
        } else {
            self.heap.push(Reverse((at, entry)));
        }
    }

    /// The time of the first entry.
    pub(super) fn first(&self) -> Option<Instant> {
        let row = self.row.front().map(|(at, _)| *at);
        let heap = self.heap.peek().map(|Reverse((at, _))| *at);
        row.into_iter().chain(heap).min()
    }

    /// The first entry, with its time, if that has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        let first = self.first().filter(|first| *first <= now)?;
        if self.row.front().is_some_and(|(at, _)| *at == first) {
            return self.row.pop_front();
        }
        self.heap.pop().map(|Reverse(entry)| entry)
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
        for (seconds, entry) in [(3, 'c'), (1, 'a'), (5, 'e'), (4, 'd'), (2, 'b')] {
            due.push(after(seconds), entry);
        }
        assert_eq!((due.row.len(), due.heap.len()), (2, 3));
        assert_eq!(due.first(), Some(after(1)));
        assert_eq!(due.pop(start), None);
        assert_eq!(due.pop(after(2)), Some((after(1), 'a')));
        assert_eq!(due.pop(after(2)), Some((after(2), 'b')));
        assert_eq!(due.pop(after(2)), None);
        let rest = std::iter::from_fn(|| due.pop(after(9)));
        assert!(rest.map(|(_, entry)| entry).eq(['c', 'd', 'e']));
        assert_eq!(due.first(), None);
    }
}
