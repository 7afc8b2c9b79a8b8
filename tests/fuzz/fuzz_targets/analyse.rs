//! Everything up to the model: what is wrong with a file can be shown.

#![no_main]

#[path = "../../src/fuzzing.rs"]
#[allow(dead_code, reason = "other targets use the rest")]
mod fuzzing;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::analyse(input));
