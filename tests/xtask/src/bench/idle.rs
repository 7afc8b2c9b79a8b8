//! Connections without calls: what a server keeps for them, and what they cost those with calls.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    Options,
    case::Case,
    measure::{Pin, Running, Sample, first_line},
    peers::Runnable,
};

/// The load of the connections with calls.
const BUSY: &str = "null:conns/64";

/// How often it is measured with and without the others.
const RUNS: usize = 5;

/// Descriptors of a process that are no connections.
const OTHER_DESCRIPTORS: usize = 200;

/// How long a server gets to calm down before its memory is looked at.
const CALM: Duration = Duration::from_millis(300);

/// What was measured with one peer.
#[derive(Debug, Clone)]
pub(super) struct Idle {
    pub(super) peer: &'static str,
    pub(super) connections: usize,
    /// Memory of the server for each.
    pub(super) kib: f64,
    /// Median and 99th percentile of a call on the connections with calls.
    pub(super) without_us: (f64, f64),
    pub(super) with_us: (f64, f64),
}

pub(super) fn measure(options: &Options, peers: &[Runnable]) -> Result<Vec<Idle>, String> {
    let connections = options
        .idle
        .min(descriptors().saturating_sub(OTHER_DESCRIPTORS));
    if connections < options.idle {
        println!("xtask: descriptors are limited, so there are {connections} connections");
    }
    let busy = Case::list(BUSY)?.pop().ok_or("no load")?;
    let mut measured = Vec::new();
    if connections == 0 {
        return Ok(measured);
    }
    for runnable in peers.iter().filter(|runnable| runnable.peer.idles) {
        match measure_one(options, runnable, &busy, connections) {
            Ok(idle) => measured.push(idle),
            Err(fault) => println!("xtask: {} idle: {fault}", runnable.peer.name),
        }
    }
    Ok(measured)
}

/// Descriptors that a process may have at the most.
fn descriptors() -> usize {
    let limit = Command::new("sh").args(["-c", "ulimit -Hn"]).output();
    let limit = limit.map(|output| output.stdout).unwrap_or_default();
    // Where there is no number, there is no limit.
    String::from_utf8_lossy(&limit)
        .trim()
        .parse()
        .unwrap_or(usize::MAX)
}

fn measure_one(
    options: &Options,
    runnable: &Runnable,
    busy: &Case,
    connections: usize,
) -> Result<Idle, String> {
    let server = Running::start(runnable, options.pin, &[])?;
    let run = || server.call(runnable, busy, options.seconds, options.pin, &[]);
    let without = (0..RUNS)
        .map(|_| run())
        .collect::<Result<Vec<Sample>, String>>()?;
    thread::sleep(CALM);
    let before = server.memory_kib();
    let idle = Case {
        mode: "idle".to_owned(),
        width: connections,
        ..busy.clone()
    };
    let mut client = server.client(runnable, &idle, 0.0, Pin::None, &[]);
    client.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut client = client.spawn().map_err(|error| error.to_string())?;
    let line = first_line(&mut client)?;
    thread::sleep(CALM);
    let memory = server.memory_kib() - before;
    let with = (0..RUNS)
        .map(|_| run())
        .collect::<Result<Vec<Sample>, String>>();
    // The end of its input ends it.
    drop(client.stdin.take());
    let ended = client.wait().map_err(|error| error.to_string())?;
    if line.trim() != "IDLE" || !ended.success() {
        return Err(format!("the client with the connections ends with {ended}"));
    }
    let connections_float = u32::try_from(connections).map_or(f64::MAX, f64::from);
    Ok(Idle {
        peer: runnable.peer.name,
        connections,
        kib: memory / connections_float,
        without_us: percentiles(&without),
        with_us: percentiles(&with?),
    })
}

/// The medians of both percentiles.
fn percentiles(samples: &[Sample]) -> (f64, f64) {
    let median = |of: fn(&Sample) -> f64| super::report::median(samples.iter().map(of).collect());
    (
        median(|sample| sample.p50_us),
        median(|sample| sample.p99_us),
    )
}
