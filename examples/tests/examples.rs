//! Every example runs, and shows what it is there to show.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::process::Command;

/// What an example prints.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

#[test]
fn calc() {
    let text = run(env!("CARGO_BIN_EXE_calc"), &[]);
    assert_eq!(text.matches("client: func2(40, 2) = 42").count(), 3);
}

#[test]
fn blocking() {
    let text = run(env!("CARGO_BIN_EXE_blocking"), &[]);
    for expected in [
        "func2(40, 2) = 42",
        "all of five: [2, 4, 6, 8, 10]",
        "the sum of four results: 20",
        "safe to try again: call of Calc.v1.func1 at tcp://",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let is_first =
        |line: &str| line.contains("the first of two: 200") || line.ends_with("two: 100");
    assert!(text.lines().any(is_first), "{text}");
}

#[test]
fn datagrams() {
    let text = run(env!("CARGO_BIN_EXE_datagrams"), &[]);
    assert!(text.contains("server: received \"hello, world\""));
}

#[test]
fn layers() {
    let text = run(
        env!("CARGO_BIN_EXE_layers"),
        &["--count", "50", "--loss", "0.05"],
    );
    let whole = "50 came, 0 not in their turn, 0 damaged";
    assert_eq!(text.matches(whole).count(), 2, "{text}");
}

#[test]
fn checksums() {
    let svg = std::env::temp_dir().join(format!("checksums-{}.svg", std::process::id()));
    let path = svg.to_str().unwrap();
    let text = run(
        env!("CARGO_BIN_EXE_checksums"),
        &["--count", "2000", "--svg", path],
    );
    let swapped = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .last()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    assert!(
        swapped("additive") > 1800,
        "it sees no words that change places"
    );
    assert_eq!(swapped("CRC-32C"), 0);
    let drawn = std::fs::read_to_string(&svg).unwrap();
    std::fs::remove_file(svg).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.contains("CRC-32C"));
}

#[test]
fn lossy() {
    let text = run(
        env!("CARGO_BIN_EXE_lossy"),
        &["--calls", "100", "--loss", "0.05"],
    );
    for scheme in ["udp", "reliable"] {
        let line = text.lines().find(|line| line.starts_with(scheme)).unwrap();
        let columns: Vec<&str> = line.split_whitespace().collect();
        // Answered, wrong, not run, unknown, executed, twice.
        assert_eq!(columns[1..7], ["100", "0", "0", "0", "100", "0"], "{text}");
    }
    assert!(text.lines().any(|line| line.starts_with("tcp")));
}

#[test]
fn observe() {
    let text = run(env!("CARGO_BIN_EXE_observe"), &[]);
    for expected in [
        "rpc.method=Calc.v1/func1",
        "error.type=\"SYSTEM_ERR\"",
        "twice as much",
        "the call is sent again",
        "rpc_client_retransmissions{network_transport=\"udp\"}",
        "rpc_server_call_duration_count{",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn tower() {
    let text = run(env!("CARGO_BIN_EXE_tower"), &[]);
    assert!(
        text.contains("request timed out (perhaps executed)"),
        "{text}"
    );
    assert_eq!(text.matches("func1(10) = 10").count(), 2 + 2, "{text}");
    let shed = "service overloaded (not executed)";
    assert_eq!(text.matches(shed).count(), 3, "{text}");
    assert_eq!(
        text.matches("the server failed (perhaps executed)").count(),
        3,
        "{text}"
    );
}

#[test]
fn copy() {
    let text = run(env!("CARGO_BIN_EXE_copy"), &[]);
    assert!(text.contains("the server is killed"), "{text}");
    assert!(text.contains("verified"), "{text}");
}

#[test]
fn tls() {
    let text = run(env!("CARGO_BIN_EXE_tls"), &[]);
    for shown in [
        "server: client.example, who claims to be user 1000",
        "server: user 1000 of client.example, who is believed",
        "CertificateRequired",
        "the flavor is not secure enough",
        "the server does not speak TLS, or somebody between has said so",
        "middleman: 0 bytes came after the probe",
    ] {
        assert!(text.contains(shown), "no {shown:?} in\n{text}");
    }
    assert_eq!(text.matches("func1(21) = 42").count(), 2, "{text}");
}
