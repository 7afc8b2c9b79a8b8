//! `cargo xtask bench`: calls of ours beside those of other runtimes, as a table and a picture.
//!
//! All programs do the same work under the same command line (`tests/bench/contract`). They run one
//! after the other, round by round, and a ratio is one within a round: the machine may be busy.

mod case;
mod goals;
mod idle;
mod measure;
mod peers;
mod picture;
mod report;
mod syscalls;

use std::{fs, path::Path, time::Instant};

use self::{
    case::Case,
    idle::Idle,
    measure::{Pin, Sample, measure},
    peers::{PEERS, Runnable},
    syscalls::Syscalls,
};

const USAGE: &str = "usage: cargo xtask bench [full] [rounds=N] [secs=S] [only=PEER,..] \
    [cases=CASE,..] [pin=same|split|none] [idle=CONNECTIONS]\n\
    a case is OPERATION[/SIZE]:MODE[/WIDTH]: null:seq, echo/1024:pipe/64, null:conns/64";

/// What the goals are about.
const CASES: &str = "null:seq,null:pipe/64,echo/1024:pipe/64,null:conns/64,\
    echo/65536:seq,echo/1048576:seq";

/// These and more.
const CASES_FULL: &str = "null:seq,add:seq,echo/1024:seq,echo/65536:seq,echo/1048576:seq,\
    null:pipe/64,echo/1024:pipe/64,echo/65536:pipe/16,echo/1048576:pipe/4,\
    null:conns/64,echo/1024:conns/64";

/// Cases whose system calls are counted.
const SYSCALL_CASES: &str = "null:seq,null:pipe/64";

/// Connections without calls on one server.
const IDLE: usize = 10_000;

/// What was asked for.
struct Options {
    rounds: usize,
    seconds: f64,
    /// Only these peers, or all.
    only: Option<Vec<String>>,
    cases: Vec<Case>,
    pin: Pin,
    idle: usize,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut words = arguments;
        let is_full = words.first().is_some_and(|word| word == "full");
        let mut options = if is_full {
            words = words.get(1..).unwrap_or_default();
            Self::new(9, 0.5, Case::list(CASES_FULL)?)
        } else {
            Self::new(3, 0.2, Case::list(CASES)?)
        };
        for word in words {
            options.set(word).ok_or(USAGE)?;
        }
        Ok(options)
    }

    fn new(rounds: usize, seconds: f64, cases: Vec<Case>) -> Self {
        Self {
            rounds,
            seconds,
            only: None,
            cases,
            pin: Pin::Same,
            idle: IDLE,
        }
    }

    fn set(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=')?;
        match name {
            "rounds" => self.rounds = value.parse().ok()?,
            "secs" => self.seconds = value.parse().ok()?,
            "only" => self.only = Some(value.split(',').map(str::to_owned).collect()),
            "cases" => self.cases = Case::list(value).ok()?,
            "pin" => self.pin = Pin::parse(value)?,
            "idle" => self.idle = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }

    fn wants(&self, peer: &str) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.iter().any(|name| name == peer))
    }
}

/// What was measured.
struct Results {
    samples: Vec<Sample>,
    syscalls: Vec<Syscalls>,
    idle: Vec<Idle>,
}

/// Builds what is wanted, measures it, prints tables, and writes them and a picture below the target
/// folder.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let options = Options::parse(arguments)?;
    let folder = crate::target()?.join("bench");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let peers = peers::build(&folder, |peer| options.wants(peer))?;
    let begin = Instant::now();
    let results = Results {
        samples: rounds(&options, &peers)?,
        syscalls: syscalls::count(&Case::list(SYSCALL_CASES)?, &peers, &folder),
        idle: idle::measure(&options, &peers)?,
    };
    println!("xtask: measured in {} s", begin.elapsed().as_secs());
    let report = report::markdown(&options, &results);
    println!("\n{report}");
    write(&folder.join("report.md"), &report)?;
    write(&folder.join("calls.svg"), &picture::svg(&results.samples))
}

/// Measures each case with each peer that has it, as often as there are rounds.
fn rounds(options: &Options, peers: &[Runnable]) -> Result<Vec<Sample>, String> {
    let mut samples = Vec::new();
    for round in 0..options.rounds {
        for case in &options.cases {
            for runnable in peers.iter().filter(|one| one.peer.has(case)) {
                match measure(runnable, case, options.seconds, options.pin) {
                    Ok(sample) => samples.push(Sample { round, ..sample }),
                    Err(fault) => println!("xtask: {} {case}: {fault}", runnable.peer.name),
                }
            }
        }
        println!("xtask: round {} of {} is done", round + 1, options.rounds);
    }
    if samples.is_empty() && options.rounds > 0 {
        let names: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
        return Err(format!("nothing to measure; peers: {}", names.join(", ")));
    }
    Ok(samples)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("xtask: wrote {}", path.display());
    Ok(())
}
