//! F20: numbers that come to their end.

#![forbid(unsafe_code)]

use std::time::Duration;

use sim::{
    ord::Ord,
    plain::Plain,
    plan::{Plan, Sizes},
    report::Report,
    scenarios::Scenario,
    simulation::run,
    world::World,
};

fn plan(calls: u64) -> Plan {
    let scenario = Scenario::named("F1").expect("a scenario");
    Plan {
        calls,
        ..(scenario.plan)()
    }
}

#[track_caller]
fn all_answered(world: &impl World, plan: &Plan) -> Report {
    let report = run(world, plan, 1, false);
    report.assert_faultless();
    assert_eq!(report.counts.ok, plan.calls, "{report}");
    report
}

#[test]
fn numbers_of_calls_come_to_their_end() {
    let mut world = Ord::default();
    world.client.first_seq = u32::MAX - 10;
    all_answered(&world, &plan(3000));
}

#[test]
fn numbers_of_packets_come_to_their_end() {
    let mut world = Ord::default();
    world.client.first_pn = u32::MAX - 200;
    all_answered(&world, &plan(3000));
}

/// A server that has no more numbers for a client has it come as another.
#[test]
fn numbers_of_a_servers_packets_come_to_their_end() {
    let mut world = Ord::default();
    world.server.first_pn = u32::MAX - 200;
    let report = run(&world, &plan(3000), 1, false);
    report.assert_faultless();
    assert_eq!(report.counts.ok, report.counts.executions, "{report}");
    assert!(
        report.counts.ok > 0 && report.counts.unknown == 0,
        "{report}"
    );
}

#[test]
fn xids_begin_again() {
    let world = Plain {
        first_xid: Some(u32::MAX - 100),
        deadline: Duration::from_secs(300),
        ..Plain::default()
    };
    all_answered(&world, &plan(3000));
}

/// The longest message that settings may allow: 14,769 fragments.
#[test]
fn longest_messages() {
    let len = 16 << 20;
    let mut world = Ord::default();
    world.client.message_max = 16 << 20;
    world.server.message_max = 16 << 20;
    world.server.client_reassembly_bytes = 32 << 20;
    world.server.client_reply_bytes = 32 << 20;
    let mut plan = plan(2);
    let quiet = Scenario::named("F9").expect("a scenario");
    plan.faults = (quiet.plan)().faults;
    plan.load.arguments = Sizes::range(len, len);
    plan.load.results = Sizes::range(len, len);
    plan.datagrams_max = 100_000;
    plan.patience = Duration::from_secs(600);
    all_answered(&world, &plan);
}

/// Slots of cookies are of four seconds, and their low 16 bits stand in the cookie.
#[test]
fn server_that_is_up_for_three_days() {
    let mut plan = plan(500);
    plan.start = Duration::from_secs(4 * 65_536 - 20);
    plan.load.pause = Duration::from_secs(5);
    let report = all_answered(&Ord::default(), &plan);
    assert!(report.virtual_time > Duration::from_secs(4 * 65_536));
}
