//! ORD/1. What happens to calls on their way.

#![no_main]

#[path = "../../src/fuzzed_datagrams.rs"]
#[allow(dead_code, reason = "other targets use the rest")]
mod fuzzed_datagrams;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzed_datagrams::events(input));
