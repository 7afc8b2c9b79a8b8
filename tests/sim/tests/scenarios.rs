//! The fault-test matrix: a hundredth of its calls, or as many as `FAULT_PERCENT` says.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what a run showed is for people to read"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{thread, time::Instant};

use sim::scenarios::{ALL, Scenario, percent};

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
    f1_loss_duplication_reordering_and_damage = "F1";
    f1_long_calls_of_several_fragments = "F1-long";
    f2_half_of_the_datagrams_lost = "F2";
    f3_server_that_crashes_twice_a_second = "F3";
    f4_everything_that_goes_wrong = "F4";
    f5_patient_clients_and_long_partitions = "F5";
    f6_overload = "F6";
    f7_little_room_for_replies = "F7";
    f8_mebibytes = "F8";
    f9_calls_of_an_hour = "F9";
}

/// F19, A14: a seed decides everything, whatever else the process does.
#[test]
fn a14_same_seed_same_trace() {
    for scenario in ALL {
        let hash = |seed| {
            let mut plan = (scenario.plan)();
            plan.calls = (plan.calls / 1000).clamp(2, 300);
            (scenario.run)(&plan, seed, false).hash
        };
        for seed in [1, 2] {
            let other = thread::spawn(move || hash(seed));
            assert_eq!(hash(seed), other.join().unwrap(), "{}", scenario.name);
        }
        assert_ne!(hash(1), hash(2), "{}", scenario.name);
    }
}
