//! Rules of ORD/1 that are broken one at a time: the oracle has to see each.
//!
//! Every one of these runs is free of faults while the rule holds.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what a run showed is for people to read"
)]

use std::time::Duration;

use rpc_runtime::datagram::mutants::Mutant;
use sim::{
    ord::Ord,
    plan::{Faults, Plan},
    random::Share,
    report::Report,
    scenarios::Scenario,
    simulation::run,
};

/// Seeds that are tried until one shows the fault.
const SEEDS: u64 = 20;

/// A part of a scenario, which ends as soon as anything is wrong.
fn plan(name: &str, calls: u64) -> Plan {
    let scenario = Scenario::named(name).expect("a scenario");
    Plan {
        calls,
        ends_at_fault: true,
        ..(scenario.plan)()
    }
}

/// Runs a plan with one seed after the other, until the oracle sees that the rule is broken; the
/// run in which it does shows nothing while the rule holds.
#[track_caller]
fn assert_seen(mutant: Mutant, world: &Ord, plan: &Plan, invariants: &[&str]) {
    let broken = world.clone().without(mutant);
    let is_seen = |report: &Report| {
        let mut faults = report.faults.iter();
        faults.any(|fault| invariants.iter().any(|one| fault.contains(one)))
    };
    for seed in 1..=SEEDS {
        let report = run(&broken, plan, seed, false);
        if is_seen(&report) {
            println!("{mutant:?}: {report}\n{}", report.faults.join("\n"));
            run(world, plan, seed, false).assert_faultless();
            return;
        }
    }
    panic!("{mutant:?} is not seen in {SEEDS} runs");
}

#[test]
fn server_that_takes_packets_of_every_epoch() {
    let plan = plan("F3", 5_000);
    let world = Ord::default();
    assert_seen(Mutant::NoEpochCheck, &world, &plan, &["A1:"]);
}

#[test]
fn client_that_retries_blindly_across_epochs() {
    let world = Ord::default();
    let plan = plan("F3", 5_000);
    assert_seen(Mutant::BlindRetry, &world, &plan, &["A1:"]);
}

#[test]
fn server_that_takes_old_numbers_for_new() {
    let mut plan = plan("F1", 5_000);
    plan.faults.replay = Share::percent(5);
    plan.faults.replay_delay = Duration::from_secs(5);
    let world = Ord::default();
    assert_seen(Mutant::NoSequenceCheck, &world, &plan, &["A1:", "A7:"]);
}

#[test]
fn server_that_takes_calls_however_old_they_are() {
    let mut plan = plan("F4", 10_000);
    plan.faults.client_crash = Some(Duration::from_secs(1));
    let world = Ord::default().forgetful();
    assert_seen(Mutant::NoPinWindow, &world, &plan, &["A1:"]);
}

#[test]
fn client_that_gives_a_new_pin_to_what_it_sent() {
    let plan = plan("F5", 20_000);
    let world = Ord::default()
        .forgetful()
        .patient(Duration::from_secs(1000));
    assert_seen(Mutant::RepinAfterFullSend, &world, &plan, &["A1:"]);
}

#[test]
fn client_that_takes_busy_for_a_proof() {
    let mut plan = plan("F4", 10_000);
    plan.faults = Faults {
        replay: Share::percent(30),
        replay_delay: Duration::from_secs(15),
        client_crash: Some(Duration::from_secs(1)),
        partition: None,
        suspension: None,
        ..plan.faults
    };
    plan.load.long = Share::NEVER;
    // Late copies find the room that a client leaves before new calls do.
    plan.load.pause = Duration::from_millis(500);
    let mut world = Ord::default().forgetful();
    world.server.records = 70;
    assert_seen(Mutant::BusyIsProof, &world, &plan, &["A3:", "NotExecuted"]);
}

#[test]
fn ends_that_look_at_no_checksum() {
    let world = Ord::default();
    let invariants = ["A1:", "A2:", "other arguments", "nobody made"];
    assert_seen(Mutant::NoChecksum, &world, &plan("F1", 5_000), &invariants);
}

#[test]
fn client_that_keeps_its_first_cookie() {
    let mut plan = plan("F1", 1_000);
    plan.datagrams_max = 30;
    plan.faults.address_change = Some(Duration::from_millis(100));
    let world = Ord::default();
    assert_seen(Mutant::StaleCookies, &world, &plan, &["A6:", "A16:"]);
}

/// The rules that let at most one call in a million through are worth more calls, elsewhere; here
/// the plan alone is shown to be hostile enough for all of them.
#[test]
fn nothing_is_wrong_while_all_rules_hold() {
    let mut plan = plan("F4", 5_000);
    plan.faults = Faults {
        server_crash: Some(Duration::from_secs(10)),
        ..plan.faults
    };
    run(&Ord::default().forgetful(), &plan, 1, false).assert_faultless();
}
