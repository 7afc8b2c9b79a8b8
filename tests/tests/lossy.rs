//! A C client over UDP of which one datagram in ten is lost each way, by the kernel: each call is
//! executed once, and calls by the reliable datagram protocol on the same port get in nobody's way.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what was seen is shown with `--show-output`"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    env, fs,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use rpc_runtime::{Answer, Caller, Client, Procedure, Program, Server, VersionServer};
use tests::process;

const PROGRAM: Program = Program::new("LOSSY", 0x2000_0042);
const NOTE: Procedure = Procedure::new(PROGRAM, 1, 1, "note");

/// Calls of each client.
const CALLS: i32 = 200;

/// The first number of the reliable client: the C client begins at 0.
const RELIABLE_FIRST: i32 = 1_000_000;

/// Says that the test runs in a network of its own.
const INSIDE: &str = "LOSSY_TEST_INSIDE";

#[test]
#[ignore = "needs libtirpc, nftables: cargo xtask test"]
fn calls_over_a_lossy_network_are_executed_once() {
    if env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(inside());
    }
    let script = "ip link set lo up; exec \"$0\" --exact \
                  calls_over_a_lossy_network_are_executed_once --include-ignored --nocapture";
    let mut test = Command::new("unshare");
    test.args(["--net", "sh", "-ec", script]);
    test.arg(env::current_exe().unwrap()).env(INSIDE, "1");
    println!("{}", process::run(&mut test));
}

async fn inside() {
    let executed: Arc<Mutex<Vec<i32>>> = Arc::default();
    let ledger = Arc::clone(&executed);
    let service = VersionServer::new(PROGRAM, 1, ledger, |ledger, call| {
        Answer::future(async move {
            let number: i32 = call.arguments(xdr::Decode::decode)?;
            ledger.lock().unwrap().push(number);
            call.reply(|encoder| encoder.encode(&number))
        })
    });
    let server = Server::builder().service(service.describes(&[NOTE]));
    let server = server.udp("127.0.0.1:0").start().await.unwrap();
    let address = server.udp_addr().unwrap();
    lose(address.port());

    let program = c_client();
    let arguments = [address.port().to_string(), CALLS.to_string()];
    let plain =
        tokio::task::spawn_blocking(move || process::run(Command::new(program).args(arguments)));
    let reliable = Client::connect(&format!("reliable://{address}"))
        .await
        .unwrap();
    for number in RELIABLE_FIRST..RELIABLE_FIRST + CALLS {
        let encode = |encoder: &mut xdr::Encoder| encoder.encode(&number);
        let echo: i32 = reliable
            .call(&NOTE, encode, xdr::Decode::decode)
            .await
            .unwrap();
        assert_eq!(echo, number);
    }
    assert_eq!(plain.await.unwrap(), format!("answered {CALLS}\n"));

    let mut executed = executed.lock().unwrap().clone();
    executed.sort_unstable();
    let expected = (0..CALLS).chain(RELIABLE_FIRST..RELIABLE_FIRST + CALLS);
    assert_eq!(executed, expected.collect::<Vec<_>>(), "each number once");
    let rules = process::run(Command::new("nft").args(["list", "ruleset"]));
    println!("{rules}");
    let lost = rules.matches("counter packets 0 ").count();
    assert_eq!(lost, 0, "each rule has dropped something");
}

/// Loses every tenth datagram to this port and from it.
fn lose(port: u16) {
    let rules = [
        "add table inet lossy".to_owned(),
        "add chain inet lossy in { type filter hook input priority 0; }".to_owned(),
        format!("add rule inet lossy in udp dport {port} numgen inc mod 10 == 3 counter drop"),
        format!("add rule inet lossy in udp sport {port} numgen inc mod 10 == 7 counter drop"),
    ];
    for rule in rules {
        process::run(Command::new("nft").arg(rule));
    }
}

/// Builds the C client.
fn c_client() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lossy");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("lossy");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/lossy.c");
    let mut gcc = Command::new("gcc");
    gcc.args(["-O1", "-Wall", "-I/usr/include/tirpc", "-o"]);
    process::run(gcc.arg(&program).arg(source).arg("-ltirpc"));
    program
}
