//! What a server keeps for connections without calls.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// Connections without calls.
const CONNECTIONS: u32 = 2000;

/// Connections before anything is measured: what a server needs once is there then.
const CONNECTIONS_BEFORE: u32 = 200;

/// KiB that each may take; see `docs/performance.md`.
const KIB_MAX: f64 = 6.0;

/// A program that ends with the test.
struct Running(Child);

impl Running {
    /// Starts the peer over TCP; gives the first line that it prints, too.
    fn start(arguments: &[&str]) -> (Self, String) {
        let mut peer = Command::new(env!("CARGO_BIN_EXE_peer"));
        peer.arg("tcp").args(arguments);
        peer.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = peer.spawn().unwrap();
        let mut line = String::new();
        let output = BufReader::new(child.stdout.take().unwrap());
        { output }.read_line(&mut line).unwrap();
        (Self(child), line.trim().to_owned())
    }

    /// Makes connections to this server, and one call on each.
    fn idle(address: &str, connections: u32) -> Self {
        let connections = connections.to_string();
        let words = ["client", address, "null", "0", "idle", &connections, "0"];
        let (client, line) = Self::start(&words);
        assert_eq!(line, "IDLE", "are descriptors limited?");
        client
    }

    /// The memory that it has.
    fn kib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().trim().split(' ').next().unwrap();
        number.parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn connections_without_calls_take_little_memory() {
    let (server, line) = Running::start(&["server"]);
    let address = line.strip_prefix("LISTEN ").unwrap();
    let _some = Running::idle(address, CONNECTIONS_BEFORE);
    let before = server.kib();
    let _idle = Running::idle(address, CONNECTIONS);
    let each = (server.kib() - before) / f64::from(CONNECTIONS);
    println!("{each:.1} KiB each");
    assert!(each <= KIB_MAX, "{each:.1} KiB each");
}
