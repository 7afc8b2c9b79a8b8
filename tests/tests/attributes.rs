//! What attributes do to calls, over memory, TCP and UDP.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::time::Duration;

use rpc_runtime::{
    AcceptStat, Answer, CallError, CallErrorKind, CallHeader, Client, OpaqueAuth, Outcome,
    Procedure, Server, VersionServer, memory,
};
use tests::{
    attributes_service::Attributes,
    attributes_stubs::{
        Refused, State,
        attributes::{self, v1},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use xdr::{Encoder, ErrorKind};

/// A server, and a client of it over one transport.
struct World {
    server: Server,
    client: v1::Client,
}

impl World {
    async fn over(transport: &str) -> Self {
        let (listener, connector) = memory::channel();
        let server = Server::builder()
            .service(v1::Server::new(Attributes::default()))
            .memory(listener)
            .tcp("127.0.0.1:0")
            .udp("127.0.0.1:0")
            .start()
            .await
            .unwrap();
        let client = match transport {
            "memory" => connector.connect(),
            "tcp" => connect("tcp", server.tcp_addr().unwrap()).await,
            _ => connect("udp", server.udp_addr().unwrap()).await,
        };
        Self {
            server,
            client: v1::Client::new(client),
        }
    }

    async fn end(self) {
        drop(self.client);
        assert!(self.server.shutdown().await.all_answered);
    }
}

async fn connect(transport: &str, address: std::net::SocketAddr) -> Client {
    Client::connect(&format!("{transport}://{address}"))
        .await
        .unwrap()
}

/// The kind of the codec's fault, where the arguments could not be encoded.
fn encode_fault(error: &CallError) -> ErrorKind {
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    match error.kind() {
        CallErrorKind::Encode(fault) => fault.kind(),
        _ => panic!("{error}"),
    }
}

fn assert_system_err(error: &CallError) {
    let kind = error.kind();
    let is_system_err = matches!(kind, CallErrorKind::Accepted(AcceptStat::SystemErr));
    assert!(is_system_err, "{error}");
}

async fn results_and_exceptions(transport: &str) {
    let world = World::over(transport).await;
    let client = &world.client;
    let divided = client.divide(17, 5).await.unwrap().unwrap();
    assert_eq!((divided.result, divided.rest), (3, 2));
    let error = client.divide(17, 0).await.unwrap().unwrap_err();
    let why = "17 by 0".to_owned();
    assert_eq!(error, v1::DivideError::Refused(Refused { why, code: 0 }));
    let said = error.to_string();
    assert_eq!(
        said,
        r#"divide raised refused: Refused { why: "17 by 0", code: 0 }"#
    );
    let error = client.divide(0, 0).await.unwrap().unwrap_err();
    assert_eq!(error, v1::DivideError::State(State::Busy));
    let swapped = client.swap(1, 2).await.unwrap();
    assert_eq!((swapped.a, swapped.b), (2, 1));
    assert_eq!(client.greet("you", None).await.unwrap(), "hello, you");
    assert_eq!(client.greet("you", Some(0)).await.unwrap(), "you");
    world.end().await;
}

async fn counted_arrays_and_ranges(transport: &str) {
    let world = World::over(transport).await;
    let client = &world.client;
    assert_eq!(client.scalar(&[1, 2, 3], &[4, 5, 6]).await.unwrap(), 32);
    let error = client.scalar(&[1, 2], &[3]).await.unwrap_err();
    assert_eq!(
        encode_fault(&error),
        ErrorKind::LengthsDiffer { len: 1, other: 2 }
    );
    let read = client.read(7, 3).await.unwrap();
    assert_eq!((read.result, &*read.data), (7, &[0, 1, 2][..]));
    // The service gives more than was asked for, and that is not sent.
    assert_system_err(&client.read(-1, 3).await.unwrap_err());
    assert_eq!(client.percent(100).await.unwrap(), 100);
    let error = client.percent(101).await.unwrap_err();
    let (value, min, max) = (101, 0, 100);
    assert_eq!(
        encode_fault(&error),
        ErrorKind::OutOfRange { value, min, max }
    );
    assert_system_err(&client.percent(99).await.unwrap_err());
    world.end().await;
}

async fn notes_arrive_without_a_reply(transport: &str) {
    let world = World::over(transport).await;
    for value in [1, 20, 300] {
        world.client.note(value).await.unwrap();
    }
    // Over UDP too: one socket, within one machine, in order.
    assert_eq!(world.client.noted().await.unwrap(), 321);
    world.end().await;
}

macro_rules! over_each_transport {
    ($($name:ident: $transport:literal)*) => {$(
        mod $name {
            #[tokio::test]
            async fn results_and_exceptions() {
                super::results_and_exceptions($transport).await;
            }

            #[tokio::test]
            async fn counted_arrays_and_ranges() {
                super::counted_arrays_and_ranges($transport).await;
            }

            #[tokio::test]
            async fn notes_arrive_without_a_reply() {
                super::notes_arrive_without_a_reply($transport).await;
            }
        }
    )*};
}

over_each_transport! {
    over_memory: "memory"
    over_tcp: "tcp"
    over_udp: "udp"
}

/// A call as a record of its own.
fn record(procedure: &Procedure, xid: u32, arguments: &[u32]) -> Vec<u8> {
    let header = CallHeader::new(rpc_runtime::Xid(xid), procedure, OpaqueAuth::NONE);
    let mut encoder = Encoder::new();
    encoder.encode(&header).unwrap();
    for argument in arguments {
        encoder.encode(argument).unwrap();
    }
    let message = encoder.finish();
    let mark = 0x8000_0000 | u32::try_from(message.len()).unwrap();
    [&mark.to_be_bytes()[..], &message].concat()
}

/// Neither a result nor a refusal: the first reply on the connection is that to the last call.
#[tokio::test]
async fn nothing_is_sent_for_a_note() {
    let world = World::over("tcp").await;
    let mut stream = TcpStream::connect(world.server.tcp_addr().unwrap())
        .await
        .unwrap();
    let mut calls = record(&v1::procedures::NOTE, 1, &[5]);
    calls.extend(record(&v1::procedures::NOTE, 2, &[]));
    calls.extend(record(&v1::procedures::NOTED, 3, &[]));
    stream.write_all(&calls).await.unwrap();
    let mut reply = [0; 32];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply[4..8], 3_u32.to_be_bytes(), "its xid");
    assert_eq!(reply[28..], 5_i32.to_be_bytes(), "its result");
    drop(stream);
    world.end().await;
}

/// A server that knows nothing of attributes: it answers notes, raises what nobody knows, and
/// reads more than it was asked for.
fn foreign() -> VersionServer {
    VersionServer::new(attributes::PROGRAM, 1, (), |_, call| {
        let procedure = call.procedure();
        Answer::future(async move {
            call.reply(|encoder| match procedure {
                1 => encoder.encode(&7_i32),
                4 => {
                    encoder.encode(&0_i32)?;
                    encoder.encode(&bytes::Bytes::from_static(b"four"))
                }
                _ => encoder.encode(&1_i32),
            })
        })
    })
}

#[tokio::test]
async fn replies_of_a_foreign_server() {
    let (listener, connector) = memory::channel();
    let server = Server::builder().service(foreign()).memory(listener);
    let server = server.start().await.unwrap();
    let client = v1::Client::new(connector.connect());
    client.note(5).await.unwrap();
    // The reply to the note is dropped, and hurts nobody.
    assert_eq!(client.noted().await.unwrap(), 1);
    assert_eq!(client.read(0, 4).await.unwrap().data, "four");
    let faults = [
        client.read(0, 3).await.unwrap_err(),
        client.divide(1, 1).await.unwrap_err(),
    ];
    let kinds = faults.map(|error| {
        assert_eq!(error.outcome(), Outcome::ResultLost);
        match error.kind() {
            CallErrorKind::Decode(fault) => fault.kind(),
            _ => panic!("{error}"),
        }
    });
    let too_long = ErrorKind::TooLong { len: 4, max: 3 };
    assert_eq!(kinds, [too_long, ErrorKind::UnknownArm(7)]);
    drop(client);
    server.shutdown().await;
}

/// The clock stands still but for what the test waits for.
#[tokio::test(start_paused = true)]
async fn deadlines_of_procedures_and_clients() {
    let (listener, connector) = memory::channel();
    let server = Server::builder()
        .service(v1::Server::new(Attributes::default()))
        .memory(listener)
        .shutdown_limit(Duration::from_secs(1));
    let server = server.start().await.unwrap();
    let client = connector.connect();
    let patient = client.clone().with_deadline(Duration::from_secs(5));
    for (client, seconds) in [(client, 2), (patient, 5)] {
        let begin = tokio::time::Instant::now();
        let error = v1::Client::new(client).sleep().await.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
        assert_eq!(begin.elapsed().as_secs(), seconds);
    }
    assert!(!server.shutdown().await.all_answered);
}

#[test]
fn descriptors_say_what_the_interface_says() {
    let sleep = v1::procedures::SLEEP;
    assert!(sleep.is_idempotent() && !sleep.is_maybe() && !sleep.is_broadcast());
    assert_eq!(sleep.deadline(), Some(Duration::from_secs(2)));
    assert!(v1::procedures::NOTE.is_maybe());
    assert_eq!(v1::procedures::NOTED.deadline(), None);
}
