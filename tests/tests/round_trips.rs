//! Random values and messages of every construct, in generated types: what is decoded is what was
//! encoded, and what is accepted is encoded to the same bytes again.

#![forbid(unsafe_code)]

use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest},
};
use tests::fuzzed;

/// A message of words most of which are small: lengths, flags, enumerators, discriminants.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        8 => 0..3_u32,
        2 => 0..64_u32,
        1 => any::<u32>(),
        1 => (-7..0_i32).prop_map(i32::cast_unsigned),
    ];
    vec(word, 0..80).prop_map(|words| words.into_iter().flat_map(u32::to_be_bytes).collect())
}

/// A message, or the choices that make up a value.
fn input() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![message(), vec(any::<u8>(), 0..600)]
}

fn check_all(input: &[u8]) {
    for (_, check) in fuzzed::TARGETS {
        check(input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn values_and_messages_of_generated_types(input in input()) {
        check_all(&input);
    }
}
