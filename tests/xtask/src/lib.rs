//! What the tasks of this repository share with its tests.
//!
//! It has no dependencies, so that it starts fast on a machine that has only Rust.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "these are parts of a command")]

pub mod corpus;
