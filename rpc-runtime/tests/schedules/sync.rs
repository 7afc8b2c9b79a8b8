//! What the files that are tested take for the locks and threads of the standard library.

use std::cell::Cell;

pub(crate) use shuttle::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
pub(crate) use std::sync::{LockResult, PoisonError};

/// What a condition variable may do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It wakes nobody if it is to wake one.
    LosesOne,
    /// It wakes one if it is to wake all.
    WakesOneOfAll,
}

thread_local! {
    /// Shuttle runs all threads of a schedule in one of the system.
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Makes all condition variables of this schedule faulty.
pub(crate) fn break_with(fault: Fault) {
    FAULT.set(Some(fault));
}

/// Ends that.
pub(crate) fn reset() {
    FAULT.set(None);
}

/// A condition variable that can be told to be faulty.
#[derive(Debug, Default)]
pub(crate) struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(guard)
    }

    pub(crate) fn notify_one(&self) {
        if FAULT.get() != Some(Fault::LosesOne) {
            self.0.notify_one();
        }
    }

    pub(crate) fn notify_all(&self) {
        if FAULT.get() == Some(Fault::WakesOneOfAll) {
            self.0.notify_one();
        } else {
            self.0.notify_all();
        }
    }
}
