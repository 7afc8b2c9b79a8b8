//! ORD/1. Packets to a client.

#![no_main]

#[path = "../../src/fuzzed_datagrams.rs"]
#[allow(dead_code, reason = "other targets use the rest")]
mod fuzzed_datagrams;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzed_datagrams::to_client(input));
