//! The whole compiler: what it generates is Rust.

#![no_main]

#[path = "../../src/fuzzing.rs"]
#[allow(dead_code, reason = "other targets use the rest")]
mod fuzzing;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::compile(input));
