//! The codec of generated types. The result of READDIRPLUS (RFC 1813): all of it together.

#![no_main]

#[path = "../../src/fuzzed.rs"]
#[allow(dead_code, reason = "other targets use the rest")]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzed::check::<fuzzed::types::Readdirplus3res>(input));
