//! `cargo xtask test`: all tests that can run on this machine.

use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use crate::peer::{self, PEERS, Peer};

/// Something that takes a release build, since it has to do much to prove anything.
struct ReleaseRun {
    about: &'static str,
    /// What cargo is told.
    arguments: &'static [&'static str],
}

/// The fault-test matrix of `docs/protocol.md` with its numbers for each merge. `cargo test` runs a
/// hundredth of them.
const RELEASE_RUNS: [ReleaseRun; 5] = [
    ReleaseRun {
        about: "the simulator, all of it",
        arguments: &["run", "--release", "--package", "sim"],
    },
    ReleaseRun {
        about: "the model of ORD/1 (F10), a server that drains at each of 2,000 events (F17)",
        arguments: &[
            "test",
            "--release",
            "--package=sim",
            "--features=model",
            "--test=model",
            "--test=invariants",
            "--",
            "--nocapture",
        ],
    },
    ReleaseRun {
        about: "10,000 cuts (F14), 10,000 calls through a lossy relay (F15), 10,000,000 forgeries (H19)",
        arguments: &[
            "test",
            "--release",
            "--package=rpc-runtime",
            "--test=reconnect",
            "--test=lossy",
            "--test=datagram",
            "--",
            "--nocapture",
            "f14_",
            "f15_",
            "h19_",
        ],
    },
    ReleaseRun {
        about: "a short soak: all transports, connections killed at random",
        arguments: &["run", "--release", "--package=soak", "--", "20"],
    },
    ReleaseRun {
        about: "10,000 schedules of each kind (F11), a server that shuts down at each of 2,000 events (F17)",
        arguments: &[
            "test",
            "--release",
            "--package=rpc-runtime",
            "--lib",
            "--test=schedules",
            "--",
            "f11_",
            "f17_",
        ],
    },
];

/// Installs the peers where it can, runs all tests that have theirs, and says what was left out.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let begin = Instant::now();
    peer::install_missing();
    if let Err(fault) = xtask::corpus::fetch(&crate::corpus_folder()?) {
        println!("xtask: {fault}; going on with what is here");
    }
    let (here, missing): (Vec<&Peer>, Vec<&Peer>) = PEERS.iter().partition(|peer| peer.is_here());
    let mut total = Total::default();
    if !arguments.is_empty() {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut parts = arguments.splitn(2, |argument| *argument == "--");
        let selection = parts.next().unwrap_or_default();
        let mut options = vec!["--include-ignored"];
        options.extend(parts.next().unwrap_or_default());
        total.test(selection, &options)?;
        return total.finish(begin);
    }
    if missing.is_empty() {
        total.test(&["--workspace"], &["--include-ignored"])?;
    } else {
        total.test(&["--workspace"], &[])?;
        for peer in here {
            let binary = ["--package", "tests", "--test", peer.test_binary];
            total.test(&binary, &["--ignored"])?;
        }
    }
    for release in &RELEASE_RUNS {
        println!("\nxtask: in release: {}", release.about);
        total.run(release.arguments)?;
    }
    println!();
    for peer in missing {
        println!(
            "xtask: left out the tests of `{}`: {} is not here",
            peer.test_binary, peer.name
        );
    }
    total.finish(begin)
}

/// The sum over all test binaries.
#[derive(Debug, Default)]
struct Total {
    passed: u64,
    failed: u64,
    binaries: u64,
    is_faulty: bool,
}

impl Total {
    /// Runs `cargo test`.
    fn test(&mut self, selection: &[&str], options: &[&str]) -> Result<(), String> {
        let test = ["test", "--no-fail-fast"];
        self.run(&[&test[..], selection, &["--"], options].concat())
    }

    /// Runs cargo, shows what it prints and counts its results. What is no test and prints none is
    /// one that has passed or failed.
    fn run(&mut self, arguments: &[&str]) -> Result<(), String> {
        let binaries = self.binaries;
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut child = Command::new(cargo)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                println!("{line}");
                self.count(&line);
            }
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        self.is_faulty |= !status.success();
        if self.binaries == binaries {
            self.binaries += 1;
            self.passed += u64::from(status.success());
            self.failed += u64::from(!status.success());
        }
        Ok(())
    }

    /// Counts a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    fn count(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let (_, counts) = result.split_once(". ").unwrap_or_default();
        self.binaries += 1;
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    fn finish(&self, begin: Instant) -> Result<(), String> {
        let Self {
            passed,
            failed,
            binaries,
            ..
        } = self;
        let seconds = begin.elapsed().as_secs();
        println!("xtask: {passed} passed, {failed} failed in {binaries} runs, {seconds} s");
        if self.is_faulty {
            return Err("some tests failed, or could not be built".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up() {
        let mut total = Total::default();
        total.count("test calls ... ok");
        total.count("test result: ok. 40 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        total.count("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured");
        assert_eq!((total.passed, total.failed, total.binaries), (42, 3, 2));
    }
}
