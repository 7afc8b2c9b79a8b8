//! Calls between our stubs and those of the C `rpcgen` with libtirpc, both made of `idl/interop.x`.
//!
//! libtirpc cuts a record into fragments of 65,532 bytes, so that each 300 kB argument or result
//! over TCP comes in five of them.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what was seen is shown with `--show-output`"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod blocking;
mod exported;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Instant,
};

use rpc_runtime::{
    AcceptStat, AuthStat, AuthSys, CallErrorKind, Caller, Client, Credential, Outcome, Procedure,
    Program, RejectStat, Server, tls::ClientTls,
};
use tests::{
    interop_service::{Interop, everything, figures, pattern, reversed},
    interop_stubs::interop,
    process::{self, Running},
};
use xdr::{ByteString, Encoder};

/// The C rpcgen with its path: an installed rpcgen of ours may come first on PATH.
const C_RPCGEN: &str = "/usr/bin/rpcgen";

/// Bytes of an argument over TCP, and of one over UDP, where libtirpc takes 8,800 a message.
const TCP_LEN: usize = 300_000;
const UDP_LEN: usize = 8_000;

/// The folder with the C programs, built once for all tests.
fn c_programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let begin = Instant::now();
        let folder = empty_folder("interop");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["idl/interop.x", "c/server.c", "c/client.c"] {
            let source = sources.join(file);
            fs::copy(&source, folder.join(source.file_name().unwrap())).unwrap();
        }
        generate(&folder, "interop");
        link(
            &folder,
            "server",
            &["server.c", "interop_svcm.c", "interop_xdr.c"],
        );
        link(
            &folder,
            "client",
            &["client.c", "interop_clnt.c", "interop_xdr.c"],
        );
        println!("built the C programs in {} ms", begin.elapsed().as_millis());
        folder
    })
}

/// A folder for C programs, with nothing in it.
fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the C rpcgen: several arguments (`-N`), results in memory of the caller (`-M`).
fn generate(folder: &Path, name: &str) {
    let input = format!("{name}.x");
    let outputs = [
        ("-h", ".h"),
        ("-c", "_xdr.c"),
        ("-l", "_clnt.c"),
        ("-m", "_svcm.c"),
    ];
    for (part, suffix) in outputs {
        let output = format!("{name}{suffix}");
        let options = ["-C", "-N", "-M", part, "-o", &output, &input];
        process::run(Command::new(C_RPCGEN).args(options).current_dir(folder));
    }
}

fn link(folder: &Path, program: &str, sources: &[&str]) {
    // Warnings are off for the sake of what the C rpcgen writes.
    let options = ["-O1", "-w", "-I/usr/include/tirpc", "-o", program];
    let mut gcc = Command::new("gcc");
    gcc.args(options).args(sources).current_dir(folder);
    process::run(gcc.arg("-ltirpc"));
}

/// What the C client prints where the server does all that it has to.
fn transcript(len: usize) -> String {
    format!(
        "null: RPC: Success\n\
         add: RPC: Success\n\
         sum 42\n\
         echo: the same\n\
         echo: the same\n\
         echo: the same\n\
         reverse: {len} bytes, 0 wrong\n\
         nothing: RPC: Success\n\
         whoami of nobody: RPC: Authentication error, why 5\n\
         whoami: uid mine, gid mine, machine mine\n\
         add of version 3: RPC: Success\n\
         sum 6\n\
         greet: RPC: Success\n\
         greeting hello, C\n\
         unknown procedure: RPC: Procedure unavailable\n\
         bad arguments: RPC: Server can't decode arguments\n\
         unknown version: RPC: Program/version mismatch, low 1, high 3\n\
         unknown program: RPC: Program unavailable\n"
    )
}

async fn c_client_calls_our_server(transport: &'static str, len: usize) {
    let program = c_programs().join("client");
    let server = Server::builder()
        .service(interop::v1::Server::new(Interop))
        .service(interop::v3::Server::new(Interop))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let address = match transport {
        "tcp" => server.tcp_addr().unwrap(),
        _ => server.udp_addr().unwrap(),
    };
    let begin = Instant::now();
    let printed = tokio::task::spawn_blocking(move || {
        let arguments = [transport, &address.port().to_string(), &len.to_string()];
        process::run(Command::new(program).args(arguments))
    });
    assert_eq!(printed.await.unwrap(), transcript(len));
    println!("15 calls in {} ms", begin.elapsed().as_millis());
    assert!(server.shutdown().await.all_answered);
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn c_client_calls_our_server_over_tcp() {
    c_client_calls_our_server("tcp", TCP_LEN).await;
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn c_client_calls_our_server_over_udp() {
    c_client_calls_our_server("udp", UDP_LEN).await;
}

/// A C server and our client of it.
async fn with_c_server(transport: &str) -> (Running, Client) {
    let mut server = Running::start(&mut Command::new(c_programs().join("server")));
    let tcp = server.line("tcp");
    let udp = server.line("udp");
    let port = if transport == "tcp" { tcp } else { udp };
    let address = format!("{transport}://127.0.0.1:{port}");
    (server, Client::connect(&address).await.unwrap())
}

async fn our_client_calls_c_server(transport: &str, len: usize) {
    let (_server, client) = with_c_server(transport).await;
    let begin = Instant::now();
    let v1 = interop::v1::Client::new(client.clone());
    let v3 = interop::v3::Client::new(client.clone());
    assert_eq!(v1.add(40, 2).await.unwrap(), 42);
    for figure in figures() {
        let mut value = everything(figure);
        // C knows no string that is not zero-terminated.
        value.title = ByteString::from("a title");
        assert_eq!(v1.echo(&value).await.unwrap(), value);
    }
    let argument = pattern(len);
    let result = v1.reverse(argument.clone()).await.unwrap();
    assert_eq!(result, reversed(&argument));
    v1.nothing().await.unwrap();
    assert_eq!(v3.add(1, 2, 3).await.unwrap(), 6);
    assert_eq!(v3.greet("Rust").await.unwrap().as_bytes(), b"hello, Rust");
    let null = Procedure::new(interop::PROGRAM, 1, 0, "NULL");
    let called = client.call(&null, Encoder::void, xdr::Decode::decode);
    let () = called.await.unwrap();
    println!("9 calls in {} ms", begin.elapsed().as_millis());
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn our_client_calls_c_server_over_tcp() {
    our_client_calls_c_server("tcp", TCP_LEN).await;
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn our_client_calls_c_server_over_udp() {
    our_client_calls_c_server("udp", UDP_LEN).await;
}

async fn c_server_knows_our_credential(transport: &str) {
    let (_server, client) = with_c_server(transport).await;
    let nobody = interop::v1::Client::new(client.clone());
    let error = nobody.whoami().await.unwrap_err();
    let CallErrorKind::Denied(stat) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(*stat, RejectStat::AuthError(AuthStat::TooWeak));
    let credential = Credential::Sys(AuthSys {
        machine_name: ByteString::from("marvin"),
        uid: 4711,
        gid: 42,
        gids: vec![1, 2, 3],
        ..AuthSys::default()
    });
    let somebody = client.with_credential(&credential).unwrap();
    let seen = interop::v1::Client::new(somebody).whoami().await.unwrap();
    assert_eq!((seen.uid, seen.gid), (4711, 42));
    assert_eq!(seen.machine.as_bytes(), b"marvin");
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn c_server_knows_our_credential_over_tcp() {
    c_server_knows_our_credential("tcp").await;
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn c_server_knows_our_credential_over_udp() {
    c_server_knows_our_credential("udp").await;
}

async fn c_server_refuses_our_client(transport: &str) {
    let (_server, client) = with_c_server(transport).await;
    let (here, other) = (interop::PROGRAM, Program::new("OTHER", 0x2000_1235));
    let calls = [
        ((here, 1, 99), AcceptStat::ProcUnavail),
        ((here, 3, 7), AcceptStat::GarbageArgs),
        ((here, 2, 0), AcceptStat::ProgMismatch { low: 1, high: 3 }),
        ((other, 1, 0), AcceptStat::ProgUnavail),
    ];
    // The length of a string that is too long for GREET. Arguments that are merely missing are
    // not noticed by libtirpc's UDP server: it reads on in what an earlier datagram left there.
    let arguments = |encoder: &mut Encoder| encoder.encode(&1000_u32);
    for ((program, version, number), expected) in calls {
        let procedure = Procedure::new(program, version, number, "call");
        let call = client.call(&procedure, arguments, xdr::Decode::decode);
        let result: Result<(), _> = call.await;
        let error = result.unwrap_err();
        let CallErrorKind::Accepted(stat) = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(*stat, expected);
        // On a busy machine a call over UDP may be sent twice, and one refusal then says less.
        assert_ne!(error.outcome(), Outcome::ResultLost);
        assert!(transport == "udp" || error.outcome() == Outcome::NotExecuted);
        println!("{error}");
    }
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn c_server_refuses_our_client_over_tcp() {
    c_server_refuses_our_client("tcp").await;
}

#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn c_server_refuses_our_client_over_udp() {
    c_server_refuses_our_client("udp").await;
}

/// libtirpc has not heard of TLS: it refuses the probe, and our client goes no further.
#[tokio::test]
#[ignore = "needs libtirpc: cargo xtask test"]
async fn c_server_refuses_our_probe() {
    let mut server = Running::start(&mut Command::new(c_programs().join("server")));
    let address = format!("127.0.0.1:{}", server.line("tcp"));
    let identity = rcgen::generate_simple_self_signed(["server.example".to_owned()]).unwrap();
    let tls = ClientTls::from_pem(identity.cert.pem().as_bytes()).unwrap();
    let tls = tls.server_name("server.example").unwrap();
    let required = Client::builder().tls(tls.clone());
    let error = required
        .connect(&format!("tls://{address}"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("the server does not speak TLS"),
        "{error}"
    );
    // Only where the user allows it.
    let allowed = Client::builder().tls(tls.allow_cleartext(true));
    let client = allowed.connect(&format!("tls://{address}")).await.unwrap();
    let calls = interop::v1::Client::new(client);
    assert_eq!(calls.add(40, 2).await.unwrap(), 42);
}
