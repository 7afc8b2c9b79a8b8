//! What the fuzz targets look for, on the inputs in which they once found it.

#![forbid(unsafe_code)]

use std::fs;

use tests::{fuzzed, fuzzing, repository};

/// Inputs that were handled wrongly, or well might be, each named after what it is about.
const REGRESSIONS: &str = "tests/fuzz/regressions";

/// Messages that the fuzz targets of the codec begin with, and those in which they found something: a
/// folder for each target.
const SEEDS: &str = "tests/fuzz/seeds";

/// Inputs made up for each target of the codec.
const INPUTS: u64 = 3000;

#[test]
fn seeds_of_the_codec() {
    for (target, check) in fuzzed::TARGETS {
        let folder = repository::root().join(SEEDS).join(target);
        let mut seeds = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            check(&fs::read(&path).unwrap());
            seeds += 1;
        }
        assert_ne!(seeds, 0, "{target}");
    }
}

/// What the fuzz targets do for minutes, for a moment: messages of random words, most of them small
/// numbers, and values that random bytes choose.
#[test]
fn random_messages_and_values_of_generated_types() {
    for (target, check) in fuzzed::TARGETS {
        println!("{target}: {INPUTS} inputs");
        for seed in 0..INPUTS {
            let mut random = fastrand::Rng::with_seed(seed);
            let words = random.usize(..60);
            let word = |random: &mut fastrand::Rng| match random.u8(..8) {
                0 => random.u32(..),
                1 => random.u32(..64),
                _ => random.u32(..3),
            };
            let message = (0..words).flat_map(|_| word(&mut random).to_be_bytes());
            check(&message.collect::<Vec<u8>>());
            let len = random.usize(..400);
            let bytes = (0..len).map(|_| random.u8(..));
            check(&bytes.collect::<Vec<u8>>());
        }
    }
}

#[test]
fn nothing_of_what_fuzzing_found_happens_again() {
    let mut inputs = 0;
    for entry in fs::read_dir(repository::root().join(REGRESSIONS)).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        let input = fs::read(&path).unwrap();
        fuzzing::preprocess(&input);
        fuzzing::analyse(&input);
        fuzzing::compile(&input);
        fuzzing::format(&input);
        inputs += 1;
    }
    assert_ne!(inputs, 0);
}
