//! What is seen of calls from outside: spans and events by a subscriber, metrics by a recorder.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../common/mod.rs"]
mod common;

mod metrics;
mod traced;
mod traces;
