//! What threads share and wait with.
//!
//! The files that name these things through here are tested twice: as they are, and under shuttle,
//! which takes them with a `sync` of its own (`tests/schedules`).

pub(crate) use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};
#[cfg(feature = "net")]
pub(crate) use std::{sync::Condvar, thread};
