//! What calls may cost: each goal with the measure that decides it.

use super::{Results, Sample, report::median};

/// One thing to reach.
#[derive(Debug)]
pub(super) struct Goal {
    pub(super) about: &'static str,
    pub(super) measure: Measure,
    /// What no release may fall behind.
    pub(super) must: f64,
    /// What is aimed at.
    pub(super) aim: f64,
}

/// How a goal is measured: in a case, of one peer, against another.
#[derive(Debug)]
pub(super) enum Measure {
    /// The processor time of both ends, as a ratio: less is better.
    Cpu(&'static str, &'static str, &'static str),
    /// The calls in a second, as a ratio: more is better.
    Rate(&'static str, &'static str, &'static str),
    /// The system calls of a call, of the end that needs more.
    Syscalls(&'static str, &'static str),
    /// KiB of the server for a connection without calls.
    Idle(&'static str),
}

use Measure::{Cpu, Idle, Rate, Syscalls};

const fn goal(about: &'static str, measure: Measure, must: f64, aim: f64) -> Goal {
    Goal {
        about,
        measure,
        must,
        aim,
    }
}

/// All of them.
pub(super) const GOALS: [Goal; 15] = [
    goal(
        "TCP, null, one at a time",
        Cpu("null:seq", "ours-tcp", "raw-tokio"),
        1.15,
        1.05,
    ),
    goal(
        "UDP, null, one at a time",
        Cpu("null:seq", "ours-udp", "raw-udp-tokio"),
        1.10,
        0.95,
    ),
    goal(
        "Unix socket, null, one at a time",
        Cpu("null:seq", "ours-unix", "raw-unix"),
        1.15,
        1.05,
    ),
    goal(
        "blocking client, TCP, null",
        Cpu("null:seq", "ours-blocking-tcp", "raw-std"),
        1.25,
        1.10,
    ),
    goal(
        "blocking client, UDP, null",
        Cpu("null:seq", "ours-blocking-udp", "raw-udp-std"),
        1.25,
        1.10,
    ),
    goal(
        "system calls, one at a time",
        Syscalls("null:seq", "ours-tcp"),
        3.05,
        3.05,
    ),
    goal(
        "null, 64 at a time, calls/s",
        Rate("null:pipe/64", "ours-tcp", "raw-tokio"),
        4.5,
        7.5,
    ),
    goal(
        "the same beside tarpc",
        Rate("null:pipe/64", "ours-tcp", "tarpc"),
        3.7,
        6.2,
    ),
    goal(
        "system calls, 64 at a time",
        Syscalls("null:pipe/64", "ours-tcp"),
        0.15,
        0.07,
    ),
    goal(
        "1 KiB, 64 at a time, calls/s",
        Rate("echo/1024:pipe/64", "ours-tcp", "raw-tokio"),
        2.9,
        4.2,
    ),
    goal(
        "64 connections, null",
        Cpu("null:conns/64", "ours-tcp", "raw-tokio"),
        1.15,
        1.05,
    ),
    goal(
        "64 KiB, one at a time",
        Cpu("echo/65536:seq", "ours-tcp", "raw-tokio"),
        1.20,
        1.05,
    ),
    goal(
        "1 MiB, one at a time",
        Cpu("echo/1048576:seq", "ours-tcp", "raw-tokio"),
        1.20,
        1.05,
    ),
    goal(
        "reliable datagrams, null, 64 at a time",
        Cpu("null:pipe/64", "ours-reliable", "raw-udp-tokio"),
        1.3,
        0.4,
    ),
    goal(
        "KiB of a connection without calls",
        Idle("ours-tcp"),
        6.0,
        3.0,
    ),
];

impl Goal {
    /// Whether more is better.
    pub(super) fn is_floor(&self) -> bool {
        matches!(self.measure, Rate(..))
    }

    /// What was reached, if it was measured.
    pub(super) fn reached(&self, results: &Results) -> Option<f64> {
        match self.measure {
            Cpu(case, ours, base) => results.ratio(case, ours, base, Sample::cpu_us),
            Rate(case, ours, base) => {
                results.ratio(case, ours, base, |sample| sample.calls_per_second)
            }
            Syscalls(case, ours) => {
                let mut counted = results.syscalls.iter();
                let one = counted.find(|one| one.peer == ours && one.case.to_string() == case)?;
                Some(one.client.max(one.server))
            }
            Idle(ours) => {
                let one = results.idle.iter().find(|one| one.peer == ours)?;
                Some(one.kib)
            }
        }
    }

    /// What that means.
    pub(super) fn verdict(&self, reached: f64) -> &'static str {
        let is_within = |limit: f64| {
            if self.is_floor() {
                reached >= limit
            } else {
                reached <= limit
            }
        };
        if is_within(self.aim) {
            "reached, the aim too"
        } else if is_within(self.must) {
            "reached"
        } else {
            "not reached"
        }
    }

    /// What it is measured against.
    pub(super) fn base(&self) -> &'static str {
        match self.measure {
            Cpu(_, _, base) | Rate(_, _, base) => base,
            Syscalls(..) | Idle(_) => "",
        }
    }
}

impl Results {
    /// The median of the ratios of both peers within a round.
    fn ratio(
        &self,
        case: &str,
        ours: &str,
        base: &str,
        value: impl Fn(&Sample) -> f64,
    ) -> Option<f64> {
        let of = |peer: &str| {
            let samples = self
                .samples
                .iter()
                .filter(move |sample| sample.peer == peer && sample.case.to_string() == case);
            samples.collect::<Vec<_>>()
        };
        let bases = of(base);
        let mut ratios = Vec::new();
        for sample in of(ours) {
            let same_round = bases.iter().find(|base| base.round == sample.round);
            ratios.extend(same_round.map(|base| value(sample) / value(base)));
        }
        (!ratios.is_empty()).then(|| median(ratios))
    }
}
