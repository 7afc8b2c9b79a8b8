//! Work that two threads share. Syntax cannot go from one thread to another, so each of them builds
//! its part and prints it.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Shares below which a second thread does not pay.
const SHARES_MIN: usize = 64;

/// Does all shares, and gives what comes of them in their order; each thread makes a worker.
pub(super) fn all<S, T, W>(shares: &[S], worker: impl Fn() -> W + Sync) -> Vec<T>
where
    S: Sync,
    T: Send,
    W: Fn(&S) -> T,
{
    // From the end: large shares are there, and best begun early.
    let left = AtomicUsize::new(shares.len());
    let take = || {
        let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        let index = before.ok()?.checked_sub(1)?;
        Some((index, shares.get(index)?))
    };
    let work = || -> Vec<(usize, T)> {
        let worker = worker();
        let taken = std::iter::from_fn(take);
        taken.map(|(index, share)| (index, worker(share))).collect()
    };
    let mut done = thread::scope(|scope| {
        let is_worth_it = shares.len() >= SHARES_MIN;
        // Where no thread can be had, this one does all.
        let spawned = is_worth_it.then(|| thread::Builder::new().spawn_scoped(scope, work));
        let mut done = work();
        if let Some(Ok(other)) = spawned {
            done.extend(
                other
                    .join()
                    .unwrap_or_else(|fault| panic::resume_unwind(fault)),
            );
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn what_comes_of_shares_is_in_their_order() {
        for count in [0, 1, 63, 64, 1000] {
            let shares: Vec<u32> = (0..count).collect();
            let doubled = all(&shares, || |share: &u32| share * 2);
            assert!(doubled.into_iter().eq((0..count).map(|share| share * 2)));
        }
    }
}
