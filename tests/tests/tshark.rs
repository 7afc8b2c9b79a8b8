//! What tshark, which nobody here wrote, makes of the messages of our client and our server.
//!
//! The messages pass through a link that writes them down; `text2pcap` makes a capture of them.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "what was seen is shown with `--show-output`"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use rpc_runtime::{
    AuthSys, CallError, Caller, Client, Credential, Procedure, Program, Server, ServerBuilder,
    record::LAST_FRAGMENT,
    tls::{
        ClientTls, ServerTls,
        rustls::{
            ClientConfig, KeyLog, RootCertStore, crypto::ring, pki_types::CertificateDer,
            version::TLS13,
        },
    },
};
use tests::{
    behaviour,
    behaviour_service::Behaviour,
    interop_service::{Interop, everything, figures, pattern},
    interop_stubs::interop,
    process,
    tee::{From, Pieces, Tee},
};
use tokio::net::UdpSocket;

/// What is read from each message; a field that a message does not have is empty.
const FIELDS: [&str; 12] = [
    "rpc.msgtyp",
    "rpc.xid",
    "rpc.program",
    "rpc.programversion",
    "rpc.procedure",
    "rpc.replystat",
    "rpc.state_accept",
    "rpc.state_reject",
    "rpc.state_auth",
    "rpc.programversion.min",
    "rpc.programversion.max",
    "rpc.auth.flavor",
];

fn builder() -> ServerBuilder {
    Server::builder()
        .service(behaviour::v1::Server::new(Behaviour::default()))
        .service(interop::v1::Server::new(Interop))
        .service(interop::v3::Server::new(Interop))
}

async fn server() -> Server {
    let builder = builder().tcp("127.0.0.1:0").udp("127.0.0.1:0");
    builder.start().await.unwrap()
}

/// A call that was made, and the fields of its reply from `rpc.replystat` on as tshark shows them.
struct Made {
    procedure: Procedure,
    flavor: u32,
    reply: &'static str,
}

/// Calls something of each kind: successes, and every refusal that a call of ours can get.
async fn calls(client: &Client) -> Vec<Made> {
    let mut made = Vec::new();
    let mut note = |procedure, flavor, reply| {
        let call = Made {
            procedure,
            flavor,
            reply,
        };
        made.push(call);
    };
    let success = "0,0,,,,";
    let v1 = interop::v1::Client::new(client.clone());
    v1.add(40, 2).await.unwrap();
    note(interop::v1::procedures::ADD, 0, success);
    for figure in figures() {
        v1.echo(&everything(figure)).await.unwrap();
        note(interop::v1::procedures::ECHO, 0, success);
    }
    v1.nothing().await.unwrap();
    note(interop::v1::procedures::NOTHING, 0, success);
    let credential = Credential::Sys(AuthSys::default());
    let known = client.clone().with_credential(&credential).unwrap();
    let known = interop::v1::Client::new(known);
    known.whoami().await.unwrap();
    note(interop::v1::procedures::WHOAMI, 1, success);
    v1.whoami().await.unwrap_err();
    note(interop::v1::procedures::WHOAMI, 0, "1,,1,5,,");
    let behaviour = behaviour::v1::Client::new(client.clone());
    behaviour.fail().await.unwrap_err();
    note(behaviour::v1::procedures::FAIL, 0, "0,5,,,,");
    let (here, other) = (interop::PROGRAM, Program::new("OTHER", 0x2000_1235));
    let refused = [
        ((other, 1, 0), "0,1,,,,"),
        ((here, 2, 0), "0,2,,,1,3"),
        ((here, 1, 99), "0,3,,,,"),
        ((here, 1, 1), "0,4,,,,"),
    ];
    for ((program, version, number), reply) in refused {
        let procedure = Procedure::new(program, version, number, "call");
        let call = client.call(&procedure, xdr::Encoder::void, xdr::Decode::decode);
        let result: Result<(), CallError> = call.await;
        result.unwrap_err();
        note(procedure, 0, reply);
    }
    made
}

/// What tshark has to print for these calls, one after the other, and their replies.
fn expected(made: &[Made], xids: &[u32]) -> String {
    let mut lines = String::new();
    assert_eq!(made.len(), xids.len(), "each call was sent once");
    for (call, xid) in made.iter().zip(xids) {
        let (version, number) = (call.procedure.version(), call.procedure.number());
        let names = format!("{},{version},{number}", call.procedure.program().number());
        // The flavor of a call is that of its credential; a reply has a verifier unless denied.
        let verifier = if call.reply.starts_with('1') { "" } else { "0" };
        writeln!(lines, "0,{xid:#010x},{names},,,,,,,{}", call.flavor).unwrap();
        writeln!(lines, "1,{xid:#010x},{names},{},{verifier}", call.reply).unwrap();
    }
    lines
}

/// The first word of each message from the client.
fn xids(pieces: &Pieces, transport: &str) -> Vec<u32> {
    let calls = pieces.iter().filter(|(from, _)| *from == From::Client);
    let calls = calls.map(|(_, piece)| piece.as_slice());
    if transport == "udp" {
        return calls.map(first_word).collect();
    }
    let stream: Vec<u8> = calls.flatten().copied().collect();
    let (mut xids, mut at) = (Vec::new(), 0);
    while at < stream.len() {
        // A record mark, with the bit of the last fragment, then the record.
        let len = first_word(&stream[at..]) ^ LAST_FRAGMENT;
        xids.push(first_word(&stream[at + 4..]));
        at += 4 + len as usize;
    }
    xids
}

fn first_word(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// The pieces without what a busy machine made the client send, and the server answer, again.
fn without_copies(pieces: Pieces) -> Pieces {
    let mut once = Pieces::new();
    for piece in pieces {
        if !once.contains(&piece) {
            once.push(piece);
        }
    }
    once
}

/// The folder of the captures.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tshark");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Makes a capture of the pieces, a packet each, and a tshark that reads it.
fn tshark(pieces: &Pieces, transport: &str, name: &str) -> Command {
    let folder = folder();
    let (text, capture) = (
        folder.join(format!("{name}.txt")),
        folder.join(format!("{name}.pcapng")),
    );
    fs::write(&text, hex_dump(pieces)).unwrap();
    let ports = if transport == "tcp" { "-T" } else { "-u" };
    let mut text2pcap = Command::new("text2pcap");
    text2pcap.args(["-q", "-D", "-4", "127.0.0.1,127.0.0.2", ports, "20111,1000"]);
    process::run(text2pcap.args([&text, &capture]));
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(&capture);
    tshark
}

/// Lets tshark print these fields of the messages in the pieces.
fn dissect(pieces: &Pieces, transport: &str, name: &str, fields: &[&str]) -> String {
    let mut tshark = tshark(pieces, transport, name);
    // Without this a program that tshark does not know has no fields at all.
    tshark.args(["-o", "rpc.dissect_unknown_programs:TRUE"]);
    tshark.args(["-d", &format!("{transport}.port==20111,rpc")]);
    assert_eq!(process::run(tshark.args(["-Y", "_ws.malformed"])), "");
    tshark.args(["-Y", "rpc", "-T", "fields"]);
    tshark.args(["-E", "separator=,", "-E", "occurrence=f"]);
    for field in fields {
        tshark.args(["-e", field]);
    }
    process::run(&mut tshark)
}

/// The pieces as `text2pcap` reads them: `I` before what the client received, `O` before the rest.
fn hex_dump(pieces: &Pieces) -> String {
    let mut text = String::new();
    for (from, piece) in pieces {
        text.push_str(match from {
            From::Client => "I\n",
            From::Server => "O\n",
        });
        for (row, bytes) in piece.chunks(16).enumerate() {
            write!(text, "{:06x}", row * 16).unwrap();
            for byte in bytes {
                write!(text, " {byte:02x}").unwrap();
            }
            text.push('\n');
        }
    }
    text
}

async fn every_kind_of_message(transport: &str) {
    let server = server().await;
    let tee = match transport {
        "tcp" => Tee::tcp(server.tcp_addr().unwrap()).await.unwrap(),
        _ => Tee::udp(server.udp_addr().unwrap()).await.unwrap(),
    };
    let address = format!("{transport}://{}", tee.address());
    let client = Client::connect(&address).await.unwrap();
    let made = calls(&client).await;
    let pieces = match transport {
        "tcp" => tee.end(),
        _ => without_copies(tee.end()),
    };
    let shown = dissect(&pieces, transport, transport, &FIELDS);
    println!("{}\n{shown}", FIELDS.join(","));
    assert_eq!(shown, expected(&made, &xids(&pieces, transport)));
}

#[tokio::test]
#[ignore = "needs tshark: cargo xtask test"]
async fn every_kind_of_message_over_tcp() {
    every_kind_of_message("tcp").await;
}

#[tokio::test]
#[ignore = "needs tshark: cargo xtask test"]
async fn every_kind_of_message_over_udp() {
    every_kind_of_message("udp").await;
}

/// No client of ours speaks RPC version 3, so the call is written by hand.
#[tokio::test]
#[ignore = "needs tshark: cargo xtask test"]
async fn unknown_rpc_version() {
    let server = server().await;
    let tee = Tee::udp(server.udp_addr().unwrap()).await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let words = [
        0xfeed_0001_u32,
        0,
        3,
        interop::PROGRAM.number(),
        1,
        0,
        0,
        0,
        0,
        0,
    ];
    let call = words.map(u32::to_be_bytes).concat();
    socket.send_to(&call, tee.address()).await.unwrap();
    socket.recv(&mut [0; 100]).await.unwrap();
    let mut fields = FIELDS;
    fields[9..11].copy_from_slice(&["rpc.version.min", "rpc.version.max"]);
    let mut pieces = tee.end();
    // tshark knows a reply by its call, and takes this for none: the capture says version 2.
    pieces[0].1[11] = 2;
    let shown = dissect(&pieces, "udp", "version", &fields);
    println!("{shown}");
    assert_eq!(
        shown.lines().last(),
        Some("1,0xfeed0001,536875572,1,0,1,,0,,2,2,")
    );
}

#[tokio::test]
#[ignore = "needs tshark: cargo xtask test"]
async fn large_record_in_many_segments() {
    let server = server().await;
    let tee = Tee::tcp(server.tcp_addr().unwrap()).await.unwrap();
    let client = Client::connect(&format!("tcp://{}", tee.address())).await;
    let v1 = interop::v1::Client::new(client.unwrap());
    v1.reverse(pattern(300_000)).await.unwrap();
    let pieces = tee.end();
    let fields = ["rpc.msgtyp", "rpc.lastfrag", "rpc.fraglen"];
    let shown = dissect(&pieces, "tcp", "large", &fields);
    println!("{} segments\n{shown}", pieces.len());
    // Headers of 40 and 24 bytes, and the length of the opaque data.
    assert_eq!(shown, "0,1,300044\n1,1,300028\n");
}

/// Writes the secrets of connections down in the form that tshark reads.
#[derive(Debug, Default)]
struct Keys(Mutex<String>);

impl KeyLog for Keys {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").unwrap();
                text
            })
        };
        let (random, secret) = (hex(client_random), hex(secret));
        writeln!(self.0.lock().unwrap(), "{label} {random} {secret}").unwrap();
    }
}

/// What was sent within TLS, as tshark makes it out with the keys.
fn decrypt(pieces: &Pieces, keys: &Keys) -> Pieces {
    let file = folder().join("tls.keys");
    fs::write(&file, keys.0.lock().unwrap().as_str()).unwrap();
    let mut tshark = tshark(pieces, "tcp", "tls");
    tshark.args(["-o", &format!("tls.keylog_file:{}", file.display())]);
    tshark.args(["-d", "tcp.port==20111,tls", "-d", "tls.port==20111,data"]);
    tshark.args(["-Y", "data", "-T", "fields", "-E", "separator=;"]);
    let shown = process::run(tshark.args(["-e", "tcp.srcport", "-e", "data.data"]));
    let piece = |line: &str| {
        let (port, data) = line.split_once(';').unwrap();
        let from = match port {
            "20111" => From::Client,
            _ => From::Server,
        };
        // Several records of TLS in one packet stand side by side.
        let hex = data.replace(',', "");
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (from, (0..hex.len()).step_by(2).map(byte).collect())
    };
    shown.lines().map(piece).collect()
}

/// A client that trusts this certificate and lets the keys be known.
fn tls_client(certificate: CertificateDer<'static>, keys: &Arc<Keys>) -> ClientTls {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[&TLS13]).unwrap();
    let config = config.with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.key_log = Arc::clone(keys) as _;
    let tls = ClientTls::from_config(config);
    tls.server_name("server.example").unwrap()
}

/// The probe is seen by all; with the keys of the connection tshark finds in it what goes over TCP
/// otherwise.
#[tokio::test]
#[ignore = "needs tshark: cargo xtask test"]
async fn every_kind_of_message_within_tls() {
    let identity = rcgen::generate_simple_self_signed(["server.example".to_owned()]).unwrap();
    let key = identity.signing_key.serialize_pem();
    let tls = ServerTls::from_pem(identity.cert.pem().as_bytes(), key.as_bytes()).unwrap();
    let server = builder().tls("127.0.0.1:0", tls).start().await.unwrap();
    let tee = Tee::tcp(server.tls_addr().unwrap()).await.unwrap();
    let keys = Arc::default();
    let tls = tls_client(identity.cert.der().clone(), &keys);
    let client = Client::builder().tls(tls);
    let client = client.connect(&format!("tls://{}", tee.address())).await;
    let made = calls(&client.unwrap()).await;
    let mut pieces = tee.end();
    let handshake = pieces.split_off(2);
    let decrypted = decrypt(&handshake, &keys);

    let probe = dissect(
        &pieces,
        "tcp",
        "probe",
        &["rpc.msgtyp", "rpc.procedure", "rpc.auth.flavor"],
    );
    assert_eq!(probe, "0,0,7\n1,0,0\n", "the first of its flavors");
    let shown = dissect(&decrypted, "tcp", "decrypted", &FIELDS);
    assert_eq!(shown, expected(&made, &xids(&decrypted, "tcp")));
}
