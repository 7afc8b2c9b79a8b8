//! The deterministic simulator: clients, a server and a hostile network in one event loop.
//!
//! One seed decides everything that happens, on a clock of its own, so that a run that fails is seen
//! again. Every call has a token, which the simulated service writes into a ledger that no crash
//! reaches. What the callers are told is compared with it.
//!
//! - [`plan`]: who calls what, and what goes wrong
//! - [`world`]: what a simulation needs of a protocol; [`ord`] and [`plain`] have it
//! - [`simulation`]: the event loop, on a [`queue`] of events and a [`network`]
//! - [`ledger`]: the oracle
//! - [`report`]: what a run showed
#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    reason = "a simulator that panics has found a fault, its own or another's"
)]

pub mod clock;
pub mod ledger;
pub mod network;
pub mod ord;
pub mod payload;
pub mod plain;
pub mod plan;
pub mod queue;
pub mod random;
pub mod report;
pub mod scenarios;
pub mod simulation;
pub mod trace;
pub mod world;
