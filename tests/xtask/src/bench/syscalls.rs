//! System calls of a call, at each end.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{
    case::Case,
    measure::{Pin, Running},
    peers::Runnable,
};
use crate::peer;

/// Seconds of two runs: their difference leaves out what a program does to begin and to end.
const SECONDS: [f64; 2] = [0.1, 0.6];

/// System calls of a call.
#[derive(Debug, Clone)]
pub(super) struct Syscalls {
    pub(super) case: Case,
    pub(super) peer: &'static str,
    pub(super) client: f64,
    pub(super) server: f64,
}

/// Counts them by strace, which makes everything slow; so this is no part of other runs.
pub(super) fn count(cases: &[Case], peers: &[Runnable], folder: &Path) -> Vec<Syscalls> {
    if let Err(fault) = peer::install("strace", &["strace"]) {
        println!("xtask: system calls are not counted: {fault}");
        return Vec::new();
    }
    let mut counted = Vec::new();
    for case in cases {
        for runnable in peers.iter().filter(|one| one.peer.has(case)) {
            match count_one(case, runnable, folder) {
                Ok(syscalls) => counted.push(syscalls),
                Err(fault) => println!("xtask: {} {case}: {fault}", runnable.peer.name),
            }
        }
    }
    counted
}

fn count_one(case: &Case, runnable: &Runnable, folder: &Path) -> Result<Syscalls, String> {
    let [short, long] = SECONDS;
    let (few, more) = (
        run(case, runnable, folder, short)?,
        run(case, runnable, folder, long)?,
    );
    let calls = more.calls - few.calls;
    if calls < 100.0 {
        return Err("too few calls while system calls are counted".to_owned());
    }
    Ok(Syscalls {
        case: case.clone(),
        peer: runnable.peer.name,
        client: (more.client - few.client) / calls,
        server: (more.server - few.server) / calls,
    })
}

/// Numbers of one run.
struct Counts {
    calls: f64,
    client: f64,
    server: f64,
}

fn run(case: &Case, runnable: &Runnable, folder: &Path, seconds: f64) -> Result<Counts, String> {
    let (client, server) = (
        Tracer::new(folder, "client")?,
        Tracer::new(folder, "server")?,
    );
    let running = Running::start(runnable, Pin::Same, &server.words())?;
    let sample = running.call(runnable, case, seconds, Pin::Same, &client.words())?;
    drop(running);
    Ok(Counts {
        calls: sample.calls,
        client: client.total()?,
        server: server.total()?,
    })
}

/// strace, which writes its counts into a file when the program has ended.
struct Tracer(PathBuf);

impl Tracer {
    fn new(folder: &Path, name: &str) -> Result<Self, String> {
        let file = folder.join(format!("{name}.strace"));
        fs::write(&file, "").map_err(|error| error.to_string())?;
        Ok(Self(file))
    }

    /// `-D`: the program stays our child, and strace is the one that is detached.
    fn words(&self) -> Vec<&str> {
        let file = self.0.to_str().unwrap_or_default();
        vec!["strace", "-D", "-f", "-c", "-o", file]
    }

    /// The number of system calls, once it is written.
    fn total(&self) -> Result<f64, String> {
        for _ in 0..100 {
            let text = fs::read_to_string(&self.0).unwrap_or_default();
            if let Some(total) = total(&text) {
                return Ok(total);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("strace counts nothing".to_owned())
    }
}

/// The fourth column of the last line: `100.00  0.01  5  1234  67 total`.
fn total(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_of_a_summary() {
        let text = "% time     seconds  usecs/call     calls    errors syscall\n\
            ------ ----------- ----------- --------- --------- ------------------\n \
            54.64    0.014825          16       925           writev\n\
            ------ ----------- ----------- --------- --------- ------------------\n\
            100.00    0.027133           9      2860        26 total\n";
        assert_eq!(total(text), Some(2860.0));
        assert_eq!(total(""), None);
    }
}
