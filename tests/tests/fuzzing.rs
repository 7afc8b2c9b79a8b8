//! What the fuzz targets look for, on the inputs in which they once found it.

#![forbid(unsafe_code)]

use std::fs;

use tests::{fuzzed, fuzzed_datagrams, fuzzing, repository};

/// Inputs that were handled wrongly, or well might be, each named after what it is about.
const REGRESSIONS: &str = "tests/fuzz/regressions";

/// Messages that the fuzz targets of the codec begin with, and those in which they found something: a
/// folder for each target.
const SEEDS: &str = "tests/fuzz/seeds";

#[test]
fn seeds_of_the_codec_and_of_datagrams() {
    for (target, check) in fuzzed::TARGETS.into_iter().chain(fuzzed_datagrams::TARGETS) {
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

/// Random bytes are good enough a beginning that they found what is in the seeds.
#[test]
fn random_packets_and_events() {
    for (target, check) in fuzzed_datagrams::TARGETS {
        for seed in 0..1000 {
            println!("{target} {seed}");
            let mut random = fastrand::Rng::with_seed(seed);
            let len = random.usize(..600);
            let input: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
            check(&input);
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
