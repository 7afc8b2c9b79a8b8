//! TLS (RFC 9289), ours with ours, and ours with peers that do what they must not.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod certificates;
mod connection;
mod identity;
mod raw;
mod stripped;
