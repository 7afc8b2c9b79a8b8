//! Plain ONC RPC over UDP, with the duplicate request cache.

use super::{LOAD, PLAN, Scenario, lossy, ms, s, unless};
use crate::{
    plain::Plain,
    plan::{Faults, Load, Plan},
    random::Share,
    report::Report,
    simulation::run,
};

pub(super) const LOSS: Scenario = Scenario {
    name: "plain-F1",
    about: "plain ONC RPC: 30% of the datagrams lost, 10% twice, copies up to 85 s late",
    seeds: 1,
    plan: || Plan {
        name: LOSS.name,
        calls: 300_000,
        faults: Faults {
            replay: Share::percent(5),
            // With the 30 s for which a call is sent again, less than the cache remembers.
            replay_delay: s(85),
            ..lossy()
        },
        ..PLAN
    },
    run: |plan, seed, is_shown| run(&Plain::default(), plan, seed, is_shown),
    check: |report| {
        // 30% of the calls are lost, and 30% of the replies: a try in two succeeds.
        let few = report.counts.unknown * 200 <= report.calls;
        Vec::from_iter(unless(few, || {
            "more than 1 in 200 calls are unknown".into()
        }))
    },
};

pub(super) const HALF: Scenario = Scenario {
    name: "plain-F2",
    about: "plain ONC RPC: half of the datagrams lost",
    seeds: 1,
    plan: || Plan {
        name: HALF.name,
        calls: 100_000,
        faults: Faults {
            loss: Share::percent(50),
            ..lossy()
        },
        ..(LOSS.plan)()
    },
    run: LOSS.run,
    check: no_more,
};

pub(super) const SLOW: Scenario = Scenario {
    name: "plain-F4",
    about: "plain ONC RPC: slow services, partitions, clients that crash, clocks that drift",
    seeds: 1,
    plan: || Plan {
        name: SLOW.name,
        calls: 100_000,
        load: Load {
            work: (ms(1), ms(400)),
            long: Share::percent(1),
            long_work: (s(1), s(60)),
            ..LOAD
        },
        faults: Faults {
            // The slowest clock goes on for a minute, and sleeps for 20 s.
            replay_delay: s(35),
            client_crash: Some(s(5)),
            partition: Some(s(10)),
            partition_len: s(20),
            suspension: Some(s(10)),
            suspension_len: s(20),
            drift: true,
            ..((LOSS.plan)().faults)
        },
        patience: s(125),
        ..(LOSS.plan)()
    },
    run: LOSS.run,
    check: no_more,
};

/// Nothing but what the oracle asks for.
fn no_more(_: &Report) -> Vec<String> {
    Vec::new()
}
