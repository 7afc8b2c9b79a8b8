//! ORD/1: the matrix of `docs/protocol.md`.

use std::time::Duration;

use super::{LOAD, PLAN, Scenario, lossy, ms, s, unless};
use crate::{
    ord::Ord,
    plan::{Faults, Load, Plan, Sizes},
    random::Share,
    report::Report,
    simulation::run,
};

/// What F1 allows: three round trips of 5 ms on the average.
const P50_MAX: Duration = ms(15);

/// And the thousandth of the calls that takes longest.
const P999_MAX: Duration = s(6);

pub(super) const F1: Scenario = Scenario {
    name: "F1",
    about: "30% lost, 10% twice, 1% damaged, all reordered",
    seeds: 1,
    plan: || Plan {
        name: F1.name,
        calls: 1_000_000,
        faults: lossy(),
        ..PLAN
    },
    run: |plan, seed, is_shown| run(&Ord::default(), plan, seed, is_shown),
    check: |report| {
        let (p50, p999) = (report.latency(500), report.latency(999));
        let wrong = [
            all_answered(report),
            unless(p50 < P50_MAX, || format!("p50 is {p50:?}")),
            unless(p999 < P999_MAX, || format!("p99.9 is {p999:?}")),
            no_storm(report),
        ];
        wrong.into_iter().flatten().collect()
    },
};

pub(super) const F1_LONG: Scenario = Scenario {
    name: "F1-long",
    about: "F1 with calls and replies of five fragments, 32 in flight from each client",
    seeds: 1,
    plan: || Plan {
        name: F1_LONG.name,
        calls: 30_000,
        load: Load {
            in_flight: 32,
            arguments: Sizes::range(5000, 5000),
            results: Sizes::range(5000, 5000),
            ..LOAD
        },
        faults: lossy(),
        ..PLAN
    },
    run: F1.run,
    check: |report| all_answered(report).into_iter().collect(),
};

pub(super) const F2: Scenario = Scenario {
    name: "F2",
    about: "half of the datagrams lost",
    seeds: 1,
    plan: || Plan {
        name: F2.name,
        calls: 300_000,
        faults: Faults {
            loss: Share::percent(50),
            ..lossy()
        },
        ..PLAN
    },
    run: F1.run,
    check: |report| {
        let few = report.counts.unknown * 10_000 <= report.calls;
        let wrong = [
            unless(few, || "more than 1 in 10,000 calls are unknown".into()),
            no_storm(report),
        ];
        wrong.into_iter().flatten().collect()
    },
};

pub(super) const F3: Scenario = Scenario {
    name: "F3",
    about: "F1, and a server that crashes every half second with 80 calls in flight",
    seeds: 1,
    plan: || Plan {
        name: F3.name,
        calls: 1_000_000,
        load: Load {
            work: (ms(0), ms(50)),
            ..LOAD
        },
        faults: Faults {
            server_crash: Some(ms(500)),
            ..lossy()
        },
        ..PLAN
    },
    run: F1.run,
    check: |report| {
        let crashes = report.server_crashes;
        let in_flight = LOAD.clients * LOAD.in_flight;
        let wrong = [
            unless(crashes * 400 >= report.calls, || "too few crashes".into()),
            unless(report.counts.unknown <= crashes * in_flight as u64, || {
                "more calls are unknown than were in flight at crashes".into()
            }),
        ];
        wrong.into_iter().flatten().collect()
    },
};

pub(super) const F4: Scenario = Scenario {
    name: "F4",
    about: "F1, copies up to 400 s late, addresses that change, clients that crash and sleep, clocks \
            that drift, partitions up to 200 s, calls of up to two minutes, a short queue",
    seeds: 3,
    plan: || Plan {
        name: F4.name,
        calls: 1_000_000,
        load: Load {
            long: Share::percent(1),
            long_work: (s(5), s(120)),
            work: (ms(0), ms(10)),
            workers: 40,
            ..LOAD
        },
        faults: Faults {
            replay: Share::percent(5),
            replay_delay: s(400),
            truncation: Share::percent(1),
            address_change: Some(s(1)),
            client_crash: Some(s(5)),
            partition: Some(s(20)),
            partition_len: s(200),
            suspension: Some(s(20)),
            suspension_len: s(60),
            drift: true,
            ..lossy()
        },
        // The clock of a client may take twice as long for its 30 s, and the service its time.
        patience: s(250),
        ..PLAN
    },
    run: |plan, seed, is_shown| {
        let mut world = Ord::default().forgetful();
        world.server.queue = 40;
        run(&world, plan, seed, is_shown)
    },
    check: |_| Vec::new(),
};

pub(super) const F5: Scenario = Scenario {
    name: "F5",
    about: "clients that wait 1000 s, and partitions longer than the server remembers",
    seeds: 1,
    plan: || Plan {
        name: F5.name,
        calls: 300_000,
        load: Load {
            work: (ms(0), ms(10)),
            ..LOAD
        },
        faults: Faults {
            replay: Share::percent(5),
            replay_delay: s(400),
            partition: Some(s(4)),
            partition_len: s(100),
            ..lossy()
        },
        patience: s(1001),
        ..PLAN
    },
    run: |plan, seed, is_shown| {
        let world = Ord::default().forgetful().patient(s(1000));
        run(&world, plan, seed, is_shown)
    },
    check: |report| {
        let others = report.reasons.iter().filter(|(why, _)| *why != "stale pin");
        others
            .map(|(why, times)| format!("{times} × {why}"))
            .collect()
    },
};

/// Calls that the service of F6 works on at once.
const WORKERS: usize = 16;

pub(super) const F6: Scenario = Scenario {
    name: "F6",
    about: "ten times as many calls as 16 workers can do, and a queue of 8",
    seeds: 1,
    plan: || Plan {
        name: F6.name,
        calls: 300_000,
        load: Load {
            clients: 20,
            in_flight: 8,
            pause: ms(5),
            work: (ms(5), ms(15)),
            workers: WORKERS,
            ..LOAD
        },
        ..PLAN
    },
    run: |plan, seed, is_shown| {
        let mut world = Ord::default();
        world.server.queue = 8;
        run(&world, plan, seed, is_shown)
    },
    check: |report| {
        let load = (F6.plan)().load;
        let mean = (load.work.0 + load.work.1) / 2;
        let answered = u32::try_from(report.counts.ok).unwrap_or(u32::MAX);
        let worked = mean * answered / u32::try_from(WORKERS).unwrap_or(1);
        let goodput = worked.as_secs_f64() / report.virtual_time.as_secs_f64();
        // The first calls find idle workers, and the last leave them.
        let is_long = report.virtual_time > s(2);
        let enough = unless(goodput >= 0.9 || !is_long, || {
            format!("{:.1}% of the capacity went to answers", goodput * 100.0)
        });
        let known = unless(report.counts.unknown == 0, || "calls are unknown".into());
        enough.into_iter().chain(known).collect()
    },
};

pub(super) const F7: Scenario = Scenario {
    name: "F7",
    about: "replies of up to 20 KB, and room for 100 KB of them",
    seeds: 1,
    plan: || Plan {
        name: F7.name,
        calls: 300_000,
        load: Load {
            results: Sizes {
                usual: (16, 64),
                large: Share::percent(20),
                large_range: (2_000, 20_000),
            },
            ..LOAD
        },
        faults: Faults {
            loss: Share::percent(10),
            ..lossy()
        },
        ..PLAN
    },
    run: |plan, seed, is_shown| {
        let mut world = Ord::default();
        world.server.reply_bytes = 100_000;
        run(&world, plan, seed, is_shown)
    },
    check: |report| {
        let lost = report.counts.result_lost;
        let wrong = [
            unless(report.counts.unknown == 0, || "calls are unknown".into()),
            unless(lost > 0 && lost < report.calls / 2, || {
                format!("{lost} results lost")
            }),
        ];
        wrong.into_iter().flatten().collect()
    },
};

/// Bytes of the arguments and results of F8.
const MEBIBYTE: usize = 1 << 20;

pub(super) const F8: Scenario = Scenario {
    name: "F8",
    about: "1 MiB of arguments and results, 10% lost, 64 clients",
    seeds: 1,
    plan: || Plan {
        name: F8.name,
        calls: 2_000,
        load: Load {
            clients: 64,
            in_flight: 1,
            arguments: Sizes::range(MEBIBYTE, MEBIBYTE),
            results: Sizes::range(MEBIBYTE, MEBIBYTE),
            ..LOAD
        },
        faults: Faults {
            loss: Share::percent(10),
            ..PLAN.faults
        },
        datagrams_max: 20_000,
        ..PLAN
    },
    run: F1.run,
    check: |report| {
        let fragments = (MEBIBYTE.div_ceil(1136)) as u64;
        let needed = report.calls * 2 * (MEBIBYTE as u64 + 64 * fragments);
        let wrong = [
            all_answered(report),
            unless(report.sent_bytes * 100 <= needed * 135, || {
                let percent = report.sent_bytes * 100 / needed;
                format!("{percent}% of the bytes needed were sent")
            }),
        ];
        wrong.into_iter().flatten().collect()
    },
};

pub(super) const F9: Scenario = Scenario {
    name: "F9",
    about: "calls that take an hour",
    seeds: 1,
    plan: || Plan {
        name: F9.name,
        calls: 1_000,
        load: Load {
            clients: 100,
            in_flight: 10,
            work: (s(3600), s(3600)),
            ..LOAD
        },
        patience: s(3700),
        datagrams_max: 2_000,
        ..PLAN
    },
    run: F1.run,
    check: |report| {
        let pings = report.pings / report.calls;
        let wrong = [
            all_answered(report),
            unless(pings <= 400, || format!("{pings} PINGs for each call")),
        ];
        wrong.into_iter().flatten().collect()
    },
};

fn all_answered(report: &Report) -> Option<String> {
    unless(report.counts.ok == report.calls, || {
        format!(
            "{} calls were not answered",
            report.calls - report.counts.ok
        )
    })
}

/// A16: a call takes two datagrams, and up to four times as many where up to half are lost.
fn no_storm(report: &Report) -> Option<String> {
    unless(report.sent <= 8 * report.calls, || {
        format!("A16: {:.1} datagrams for each call", report.sent_per_call())
    })
}
