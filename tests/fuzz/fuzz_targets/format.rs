//! The formatter: what is formatted stays as it is.

#![no_main]

#[path = "../../src/fuzzing.rs"]
#[allow(dead_code, reason = "other targets use the rest")]
mod fuzzing;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::format(input));
