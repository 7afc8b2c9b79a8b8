//! The scenarios of the fault-test matrix, and what each has to show.

mod ord;
mod plain;

use crate::{
    plan::{Faults, Load, Plan, Sizes},
    random::Share,
    report::Report,
};
use std::{env, time::Duration};

/// A scenario: what happens, and what it has to show.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The name in the fault-test matrix.
    pub name: &'static str,
    /// What is there to be seen.
    pub about: &'static str,
    /// Seeds that are run before each change is merged.
    pub seeds: u64,
    /// What happens, with the number of calls before each change is merged.
    pub plan: fn() -> Plan,
    /// Runs it with a seed; shows everything that happens if that is wanted.
    pub run: fn(&Plan, u64, bool) -> Report,
    /// What is wrong beside the faults of the report.
    pub check: fn(&Report) -> Vec<String>,
}

/// All scenarios.
pub const ALL: &[Scenario] = &[
    plain::LOSS,
    plain::HALF,
    plain::SLOW,
    ord::F1,
    ord::F1_LONG,
    ord::F2,
    ord::F3,
    ord::F4,
    ord::F5,
    ord::F6,
    ord::F7,
    ord::F8,
    ord::F9,
];

impl Scenario {
    /// The scenario with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    /// Runs a part of the scenario and looks at what it shows.
    #[must_use]
    pub fn checked(&self, seed: u64, percent: u64) -> Report {
        let plan = (self.plan)().percent(percent);
        let mut report = (self.run)(&plan, seed, false);
        let wrong = (self.check)(&report);
        report.faults.extend(wrong);
        report
    }
}

/// The part of the numbers for each merge that tests are to reach, in percent: what `FAULT_PERCENT`
/// says, or all in a release build and a hundredth in others.
#[must_use]
pub fn percent() -> u64 {
    let percent = env::var("FAULT_PERCENT").ok();
    let default = if cfg!(debug_assertions) { 1 } else { 100 };
    percent
        .and_then(|percent| percent.parse().ok())
        .unwrap_or(default)
}

/// So many milliseconds.
const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many seconds.
const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A text where something does not hold.
fn unless(holds: bool, text: impl FnOnce() -> String) -> Option<String> {
    (!holds).then(text)
}

/// Small calls that take no time, eight in flight from each of ten clients.
const LOAD: Load = Load {
    clients: 10,
    in_flight: 8,
    pause: ms(5),
    arguments: Sizes::range(16, 64),
    results: Sizes::range(16, 64),
    work: (Duration::ZERO, Duration::ZERO),
    long: Share::NEVER,
    long_work: (Duration::ZERO, Duration::ZERO),
    workers: 1000,
};

/// Calls that nothing happens to.
const PLAN: Plan = Plan {
    name: "",
    calls: 0,
    load: LOAD,
    faults: Faults {
        delay: (Duration::from_micros(500), Duration::from_micros(4500)),
        loss: Share::NEVER,
        duplication: Share::NEVER,
        corruption: Share::NEVER,
        truncation: Share::NEVER,
        replay: Share::NEVER,
        replay_delay: Duration::ZERO,
        address_change: None,
        client_crash: None,
        server_crash: None,
        server_restart: (Duration::ZERO, ms(100)),
        partition: None,
        partition_len: Duration::ZERO,
        suspension: None,
        suspension_len: Duration::ZERO,
        drift: false,
    },
    patience: s(31),
    start: Duration::ZERO,
    drain: None,
    kill: None,
    datagrams_max: 100,
    ends_at_fault: false,
};

/// What F1 says: 30% lost, 10% twice, 1% damaged, and all reordered.
fn lossy() -> Faults {
    Faults {
        loss: Share::percent(30),
        duplication: Share::percent(10),
        corruption: Share::percent(1),
        ..PLAN.faults
    }
}
