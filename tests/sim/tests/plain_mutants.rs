//! What becomes of plain ONC RPC where a rule of the duplicate request cache is broken: the oracle
//! has to see it.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what a run showed is for people to read"
)]

use std::time::Duration;

use rpc_runtime::CacheLimits;
use sim::{plain::Plain, plan::Plan, report::Report, scenarios::Scenario, simulation::run};

fn plan(name: &str, calls: u64) -> Plan {
    let scenario = Scenario::named(name).expect("a scenario");
    Plan {
        calls,
        ..(scenario.plan)()
    }
}

fn with_cache(cache: Option<CacheLimits>, plan: &Plan) -> Report {
    let world = Plain {
        cache,
        ..Plain::default()
    };
    let report = run(&world, plan, 1, false);
    println!("{report}");
    report
}

#[track_caller]
fn assert_seen(report: &Report) {
    assert!(report.counts.double > 0, "the oracle sees nothing");
    assert!(report.faults.iter().any(|fault| fault.contains("A1")));
}

#[test]
fn without_a_cache() {
    assert_seen(&with_cache(None, &plan("plain-F1", 3000)));
}

#[test]
fn cache_that_forgets_too_early() {
    let limits = CacheLimits {
        age: Duration::from_secs(10),
        ..CacheLimits::UDP
    };
    assert_seen(&with_cache(Some(limits), &plan("plain-F1", 3000)));
}

#[test]
fn cache_of_too_few_entries() {
    let limits = CacheLimits {
        entries: 100,
        ..CacheLimits::UDP
    };
    assert_seen(&with_cache(Some(limits), &plan("plain-F1", 3000)));
}

/// What takes part in the promise: no copy may come later than the cache remembers.
#[test]
fn copies_that_come_later_than_the_cache_remembers() {
    let mut plan = plan("plain-F1", 20_000);
    plan.faults.replay_delay = Duration::from_secs(400);
    assert_seen(&with_cache(Some(CacheLimits::UDP), &plan));
}

/// Nor does the promise reach over a restart, or over a change of the address: it is made by what
/// the server remembers of an address.
#[test]
fn servers_that_crash_and_addresses_that_change() {
    let mut crashes = plan("plain-F1", 5000);
    crashes.faults.server_crash = Some(Duration::from_secs(5));
    assert_seen(&with_cache(Some(CacheLimits::UDP), &crashes));
    let mut changes = plan("plain-F1", 5000);
    changes.faults.address_change = Some(Duration::from_secs(1));
    assert_seen(&with_cache(Some(CacheLimits::UDP), &changes));
}

/// Where results are dropped for their size, the calls are not executed again.
#[test]
fn results_that_are_dropped() {
    let limits = CacheLimits {
        result_bytes: 100,
        ..CacheLimits::UDP
    };
    let report = with_cache(Some(limits), &plan("plain-F1", 3000));
    report.assert_faultless();
    let lost = report.reasons.iter().any(|(why, _)| *why == "SYSTEM_ERR");
    assert!(lost, "some answers are SYSTEM_ERR");
}
