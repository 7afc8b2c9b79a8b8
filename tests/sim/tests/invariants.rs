//! The invariants of ORD/1, each over a run that would break it. A14 is among the scenarios; those of
//! single packets are in `rpc-runtime/tests/datagram`.

#![forbid(unsafe_code)]

use std::time::Duration;

use sim::{
    ord::Ord,
    plan::{Drain, Faults, Plan},
    random::Share,
    report::Report,
    scenarios::{Scenario, percent},
    simulation::run,
};

/// A scenario with so many calls.
fn plan(name: &str, calls: u64) -> Plan {
    let scenario = Scenario::named(name).expect("a scenario");
    Plan {
        calls,
        ..(scenario.plan)()
    }
}

/// Runs a plan with three seeds; the oracle may find nothing wrong in any of them.
fn faultless(world: &Ord, plan: &Plan) -> Vec<Report> {
    let runs = (1..=3).map(|seed| run(world, plan, seed, false));
    runs.inspect(Report::assert_faultless).collect()
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Everything that goes wrong, and a server that crashes too.
fn everything(calls: u64) -> Plan {
    let plan = plan("F4", calls);
    Plan {
        faults: Faults {
            server_crash: Some(s(5)),
            client_crash: Some(s(2)),
            ..plan.faults
        },
        ..plan
    }
}

#[test]
fn a1_no_call_is_executed_twice() {
    let reports = faultless(&Ord::default().forgetful(), &everything(3000));
    assert!(reports.iter().all(|report| report.counts.double == 0));
    assert!(reports.iter().any(|report| report.server_crashes > 0));
    assert!(reports.iter().any(|report| report.client_crashes > 0));
}

#[test]
fn a2_answered_calls_were_executed_once_and_have_their_own_result() {
    for report in faultless(&Ord::default(), &plan("F1", 3000)) {
        assert_eq!((report.counts.ok, report.counts.executions), (3000, 3000));
    }
}

#[test]
fn a3_what_is_called_not_executed_never_is() {
    let mut world = Ord::default();
    world.server.queue = 8;
    for report in faultless(&world, &plan("F6", 3000)) {
        assert!(report.counts.not_executed > 0);
        assert_eq!(report.counts.executions, report.counts.ok);
    }
}

#[test]
fn a4_lost_results_are_of_executed_calls() {
    let mut world = Ord::default();
    world.server.reply_bytes = 100_000;
    for report in faultless(&world, &plan("F7", 3000)) {
        assert!(report.counts.result_lost > 0);
        assert_eq!(report.counts.executions, 3000);
    }
}

/// Addresses change, and partitions are shorter than the patience of the clients.
#[test]
fn a5_nothing_is_unknown_without_a_crash_or_a_long_partition() {
    let mut plan = plan("F1", 3000);
    plan.faults.address_change = Some(s(1));
    plan.faults.partition = Some(s(2));
    plan.faults.partition_len = s(10);
    for report in faultless(&Ord::default(), &plan) {
        assert_eq!(report.counts.ok, 3000, "{report}");
    }
}

#[test]
fn a6_calls_end_once_the_faults_do() {
    for report in faultless(&Ord::default().forgetful(), &everything(1000)) {
        let counts = report.counts;
        let ended = counts.ok + counts.not_executed + counts.unknown + counts.gone;
        assert_eq!(ended, 1000);
    }
}

/// Calls are given up too, so that new ones follow on some that still run.
#[test]
fn a7_each_channel_executes_in_order_and_one_call_at_a_time() {
    let mut world = Ord::default().forgetful();
    world.deadline = Some(s(10));
    for report in faultless(&world, &plan("F4", 3000)) {
        let given_up = report.reasons.iter().any(|(why, _)| *why == "deadline");
        assert!(given_up, "{report}");
    }
}

#[test]
fn a9_budgets_are_kept() {
    let mut world = Ord::default().forgetful();
    world.server.reply_bytes = 50_000;
    world.server.reassembly_bytes = 50_000;
    world.server.records = 60;
    world.server.associations = 6;
    world.server.queue = 8;
    let mut plan = plan("F7", 2000);
    plan.load.arguments = plan.load.results;
    plan.load.workers = 4;
    plan.load.work = (Duration::ZERO, Duration::from_millis(5));
    faultless(&world, &plan);
}

#[test]
fn a11_idle_ends_send_nothing() {
    for report in faultless(&Ord::default(), &plan("F1", 1000)) {
        assert_eq!(report.idle_sent, 0);
    }
}

/// Two datagrams are needed for a call.
#[test]
fn a16_at_most_four_times_the_datagrams_needed() {
    for name in ["F1", "F2"] {
        for report in faultless(&Ord::default(), &plan(name, 3000)) {
            assert!(report.sent <= 8 * 3000, "{report}");
        }
    }
}

/// F17: the server drains at each event of a run, or at some of them.
#[test]
fn a18_what_a_draining_server_has_accepted_it_answers() {
    let world = Ord::default();
    let mut plan = plan("F1", 300);
    plan.load.work = (Duration::ZERO, Duration::from_millis(100));
    let undisturbed = run(&world, &plan, 17, false);
    assert!(undisturbed.events >= DRAINS, "{}", undisturbed.events);
    let some = usize::try_from(100 / percent().clamp(1, 100)).unwrap_or(1);
    for events in (0..DRAINS).step_by(some) {
        let within = world.server.linger + s(1);
        plan.drain = Some(Drain { events, within });
        let report = run(&world, &plan, 17, false);
        report.assert_faultless();
        assert_eq!(report.counts.unknown, 0, "{events}: {report}");
        let others = report.reasons.iter().any(|(why, _)| *why != "draining");
        assert!(!others, "{events}: {report}");
        assert_eq!(report.counts.executions, report.counts.ok);
    }
}

/// Events of one run at each of which a server drains.
const DRAINS: u64 = 2000;

/// F8: 10% of loss costs less than half of the throughput.
#[test]
fn loss_leaves_half_of_the_throughput() {
    let mut plan = plan("F8", 128);
    let lossy = run(&Ord::default(), &plan, 1, false);
    plan.faults.loss = Share::NEVER;
    let quiet = run(&Ord::default(), &plan, 1, false);
    println!("{lossy}\n{quiet}");
    assert!(lossy.virtual_time <= 2 * quiet.virtual_time);
}

/// F9: the server dies in the middle of calls of an hour. They have ended 30 s after the last
/// answer, and questions are ten seconds apart.
#[test]
fn death_of_the_server_is_noticed() {
    let mut plan = plan("F9", 100);
    plan.load.clients = 10;
    plan.kill = Some(s(1800));
    plan.patience = s(41);
    for report in faultless(&Ord::default(), &plan) {
        assert_eq!(report.counts.unknown, 100, "{report}");
    }
}
