//! The fault-test matrix: a hundredth of its calls, or as many as `SIM_PERCENT` says.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what a run showed is for people to read"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{env, thread, time::Instant};

use sim::scenarios::{ALL, Scenario};

fn percent() -> u64 {
    let percent = env::var("SIM_PERCENT").ok();
    percent.map_or(1, |percent| percent.parse().unwrap())
}

/// Runs a scenario with each of its seeds, says what it showed, and fails if something is wrong.
fn check(name: &str) {
    let scenario = Scenario::named(name).unwrap();
    for seed in 1..=scenario.seeds {
        let begin = Instant::now();
        let report = scenario.checked(seed, percent());
        println!("{report}; took {:.1?}", begin.elapsed());
        report.assert_faultless();
    }
}

macro_rules! scenarios {
    ($($test:ident = $name:literal;)*) => {
        $(#[test]
        fn $test() {
            check($name);
        })*

        #[test]
        fn each_scenario_is_a_test() {
            let names: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
            assert_eq!(names, [$($name),*]);
        }
    };
}

scenarios! {
    plain_f1_loss_duplication_and_late_copies = "plain-F1";
    plain_f2_half_of_the_datagrams_lost = "plain-F2";
    plain_f4_slow_services_partitions_crashes_and_drift = "plain-F4";
}

/// F19, A14: a seed decides everything, whatever else the process does.
#[test]
fn a14_same_seed_same_trace() {
    for scenario in ALL {
        let hash = |seed| scenario.checked(seed, 1).hash;
        for seed in 1..=3 {
            let other = thread::spawn(move || scenario.checked(seed, 1).hash);
            assert_eq!(hash(seed), other.join().unwrap(), "{}", scenario.name);
        }
        assert_ne!(hash(1), hash(2), "{}", scenario.name);
    }
}
