//! ORD/1 with two endpoints and a clock that the tests move: no sockets, no waiting.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod calls;
mod hostile;
mod limits;
mod outcomes;
mod pair;
mod path;
mod stubborn;
