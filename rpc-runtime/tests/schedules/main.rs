//! F11: what threads share, in schedules that shuttle chooses: at random, and by PCT, which finds
//! what takes up to three particular preemptions.
//!
//! The files are those of the library, with a `sync` from shuttle in place of the one from `std`: a
//! feature that swaps them would break all other tests of the same build. A condition variable may
//! lose wake-ups here, and the tests have to notice. `SCHEDULES` in the environment sets how many
//! schedules are tried of each test.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "the files that are tested are parts of a library, and not all of them is needed"
)]

mod sync;

mod cancelled;
mod hand_off;
mod observe;
mod parker;
mod pool;

#[path = "../../src/dispatch/cancellation.rs"]
mod cancellation;
#[path = "../../src/net/shared.rs"]
mod shared;
#[path = "../../src/net/state.rs"]
mod state;
#[path = "../../src/net/workers.rs"]
mod workers;

// Where the files look for them.
use rpc_runtime::{CallErrorKind, Peer, Procedure, Xid, datagram, transaction};

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use sync::Fault;

/// Where the files look for the time, which plays no part here.
fn now() -> Instant {
    Instant::now()
}

/// Preemptions that PCT places.
const DEPTH: usize = 3;

/// Schedules of each kind: the number for each merge in release, which takes a minute without
/// optimization.
const SCHEDULES: usize = if cfg!(debug_assertions) { 300 } else { 10_000 };

/// Runs a test in schedules of both kinds.
fn check(test: fn()) {
    let schedules = std::env::var("SCHEDULES").map_or(SCHEDULES, |count| count.parse().unwrap());
    let run = move || {
        sync::reset();
        test();
    };
    shuttle::check_random(run, schedules);
    shuttle::check_pct(run, schedules, DEPTH);
}

/// Checks that the test fails where a condition variable has this fault.
fn check_notices(fault: Fault, test: fn()) {
    check_fails(move || {
        sync::break_with(fault);
        test();
    });
}

/// Checks that something goes wrong in one of a few schedules.
fn check_fails(test: impl Fn() + Send + Sync + 'static) {
    let run = move || {
        sync::reset();
        test();
    };
    let caught = catch_unwind(AssertUnwindSafe(|| shuttle::check_random(run, 1000)));
    assert!(caught.is_err(), "nothing was noticed");
}
