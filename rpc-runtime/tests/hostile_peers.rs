//! Hostile input from peers (H8 to H15 of the list that the project keeps), seen from sockets: a server
//! answers what can be answered, ends what cannot, and goes on with the others; a client is not
//! misled. Slow and greedy peers are in the unit tests of the limits, on a clock that the tests move,
//! and descriptors that run out in `descriptors.rs`.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use common::{
    ADD, Calc, CalcClient, ECHO, LARGE, PROGRAM, server,
    wire::{add, fragment, header, receive_end, receive_record, sum},
};
use rpc_runtime::{
    AcceptStat, AuthFlavor, AuthStat, CallErrorKind, Client, OpaqueAuth, Procedure, Program,
    RejectStat, ReplyBody, ReplyHeader, Server, ServerBuilder, Xid, record::RECORD_MAX,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, UdpSocket},
};

fn builder() -> ServerBuilder {
    Server::builder().service(server(Calc::default()))
}

/// A server, and a client of it that wants to be served all the time.
async fn served() -> (Server, CalcClient) {
    let server = builder().tcp("127.0.0.1:0").start().await.unwrap();
    let address = format!("tcp://{}", server.tcp_addr().unwrap());
    let client = CalcClient(Client::connect(&address).await.unwrap());
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    (server, client)
}

async fn stream(server: &Server) -> TcpStream {
    TcpStream::connect(server.tcp_addr().unwrap())
        .await
        .unwrap()
}

/// Sends a message as a record and gives the reply.
async fn answer(stream: &mut TcpStream, message: &[u8]) -> Vec<u8> {
    stream.write_all(&fragment(true, message)).await.unwrap();
    receive_record(stream).await
}

/// The header of a reply, which is all of it.
fn whole_header(reply: Vec<u8>) -> ReplyHeader {
    let reply = Bytes::from(reply);
    let mut decoder = xdr::Decoder::new(&reply);
    let header = decoder.decode().unwrap();
    decoder.finish().unwrap();
    header
}

#[tokio::test]
async fn h8_million_empty_fragments() {
    let (server, client) = served().await;
    let mut stream = stream(&server).await;
    // The server ends the connection at the 65th, so that the others may not find it there.
    let _ = stream
        .write_all(&fragment(false, b"").repeat(1_000_000))
        .await;
    receive_end(&mut stream).await;
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

#[tokio::test]
async fn h8_million_fragments_of_a_byte() {
    let (server, client) = served().await;
    let mut stream = stream(&server).await;
    let body = vec![7; 1_000_000];
    let arguments = [&1_000_000_u32.to_be_bytes()[..], &body].concat();
    let call = [header(1, &ECHO, OpaqueAuth::NONE), arguments].concat();
    let fragments: Vec<u8> = call
        .iter()
        .flat_map(|byte| fragment(false, &[*byte]))
        .collect();
    stream.write_all(&fragments).await.unwrap();
    stream.write_all(&fragment(true, b"")).await.unwrap();
    assert!(receive_record(&mut stream).await.ends_with(&body));
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

#[tokio::test]
async fn h8_records_that_are_too_long() {
    let (server, client) = served().await;
    let record_max = u32::try_from(RECORD_MAX).unwrap();
    let inputs = [
        0x7fff_ffff_u32.to_be_bytes().to_vec(),
        0xffff_ffff_u32.to_be_bytes().to_vec(),
        (record_max + 1).to_be_bytes().to_vec(),
        [fragment(false, &vec![0; RECORD_MAX]), fragment(true, b"x")].concat(),
    ];
    for input in inputs {
        let mut stream = stream(&server).await;
        // The server may have ended the connection before all of it is written.
        let _ = stream.write_all(&input).await;
        receive_end(&mut stream).await;
    }
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

#[tokio::test]
async fn h9_garbage_behind_a_message_takes_nothing_from_the_reply() {
    let (server, _) = served().await;
    let mut stream = stream(&server).await;
    let len = 1_000_000_u32;
    let call = [
        header(1, &LARGE, OpaqueAuth::NONE),
        len.to_be_bytes().to_vec(),
    ]
    .concat();
    for garbage in [4, 1000, RECORD_MAX - call.len()] {
        let longer = [&call[..], &vec![0xee; garbage]].concat();
        let refused = whole_header(answer(&mut stream, &longer).await);
        assert_eq!(
            refused,
            ReplyHeader::accepted(Xid(1), AcceptStat::GarbageArgs)
        );
        let reply = answer(&mut stream, &call).await;
        assert_eq!(reply.len(), 24 + 4 + len as usize, "the whole result");
        // NULL has no arguments to look at.
        let null = Procedure::new(PROGRAM, 1, 0, "NULL");
        let null = [header(2, &null, OpaqueAuth::NONE), vec![0xee; garbage]].concat();
        assert_eq!(answer(&mut stream, &null).await.len(), 24);
    }
    server.shutdown().await;
}

/// The body of an `AUTH_SYS` credential, right or wrong.
fn auth_sys(name_len: u32, gids: u32, more: usize) -> Vec<u8> {
    let name = vec![b'n'; name_len.next_multiple_of(4) as usize];
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let groups: Vec<u32> = (0..gids).collect();
    let parts: [Vec<u8>; 5] = [
        words(&[7, name_len]),
        name,
        words(&[1000, 100, gids]),
        words(&groups),
        vec![0; more],
    ];
    parts.concat()
}

#[tokio::test]
async fn h10_bodies_of_auth_sys() {
    let (server, _) = served().await;
    let mut stream = stream(&server).await;
    let whole = auth_sys(8, 2, 0);
    let mut bodies = vec![
        auth_sys(256, 0, 0),
        auth_sys(0, 17, 0),
        auth_sys(8, 2, 4),
        [0, 0, 0, 7, 0xff, 0xff, 0xff, 0xfc].to_vec(),
        [&whole[..whole.len() - 12], &[0xff; 12]].concat(),
        vec![0; 401],
        vec![0xff; 65_536],
    ];
    bodies.extend((0..whole.len()).map(|len| whole[..len].to_vec()));
    for body in bodies {
        // By hand: the encoder would refuse what is too long.
        let mut call = header(3, &ADD, OpaqueAuth::NONE);
        call.truncate(24);
        call.extend(1_u32.to_be_bytes());
        call.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        let padded = body.len().next_multiple_of(4) - body.len();
        call.extend([&body[..], &[0; 3][..padded], &[0; 16]].concat());
        let denied = RejectStat::AuthError(AuthStat::BadCred);
        let reply = whole_header(answer(&mut stream, &call).await);
        assert_eq!(
            reply,
            ReplyHeader::denied(Xid(3), denied),
            "{} bytes",
            body.len()
        );
    }
    assert_eq!(answer(&mut stream, &add(4, 1, 2)).await, sum(4, 3));
    server.shutdown().await;
}

/// Where a call fails before there is a status, the reply is whole all the same.
#[tokio::test]
async fn h11_malformed_rpcsec_gss_on_every_path() {
    let (server, _) = served().await;
    let mut stream = stream(&server).await;
    let unknown = Program::new("Unknown", 99);
    let procedures = [
        ADD,
        Procedure::new(PROGRAM, 1, 0, "NULL"),
        Procedure::new(PROGRAM, 1, 99, "unknown"),
        Procedure::new(PROGRAM, 9, 1, "other version"),
        Procedure::new(unknown, 1, 1, "other program"),
    ];
    // Version, control procedure, sequence number, service and context handle, cut off anywhere.
    let gss = [
        0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 200,
    ];
    let bodies = (0..=gss.len()).map(|len| Bytes::copy_from_slice(&gss[..len]));
    for body in bodies.chain([vec![0xff; 400].into()]) {
        for procedure in &procedures {
            let credential = OpaqueAuth {
                flavor: AuthFlavor::RPCSEC_GSS,
                body: body.clone(),
            };
            let call = header(5, procedure, credential);
            let reply = whole_header(answer(&mut stream, &call).await);
            assert_eq!(reply.xid, Xid(5));
            match reply.body {
                ReplyBody::Denied(RejectStat::AuthError(AuthStat::RejectedCred)) => {}
                other => panic!("{other:?}"),
            }
            let mut other_rpc = call;
            other_rpc[11] = 3;
            let reply = whole_header(answer(&mut stream, &other_rpc).await);
            let stat = RejectStat::RpcMismatch { low: 2, high: 2 };
            assert_eq!(reply, ReplyHeader::denied(Xid(5), stat));
        }
    }
    server.shutdown().await;
}

/// The deadlines themselves are tested on a clock that the tests move; here the operating system has
/// to let go of what it holds for a peer that does not read.
#[tokio::test]
async fn h13_peer_that_never_reads_is_cut_off() {
    let deadline = Duration::from_millis(50);
    let builder = builder().tcp("127.0.0.1:0").write_deadline(deadline);
    let server = builder.start().await.unwrap();
    let mut stream = stream(&server).await;
    let call = [
        header(1, &LARGE, OpaqueAuth::NONE),
        (1_u32 << 20).to_be_bytes().to_vec(),
    ]
    .concat();
    let error = loop {
        if let Err(error) = stream.write_all(&fragment(true, &call)).await {
            break error;
        }
    };
    assert!(
        matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe
        ),
        "{error}"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn h14_flood_of_calls_with_long_replies() {
    let builder = builder().udp("127.0.0.1:0").limits_loopback(true);
    let server = builder.udp_amplification_max(0).start().await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.udp_addr().unwrap()).await.unwrap();
    let mut came = 0;
    for xid in 0..100 {
        let len = 60_000_u32.to_be_bytes().to_vec();
        let call = [header(xid, &LARGE, OpaqueAuth::NONE), len].concat();
        came += socket.send(&call).await.unwrap();
    }
    // A short reply is sent all the same.
    socket.send(&add(1000, 1, 2)).await.unwrap();
    let mut reply = vec![0; 65_536];
    socket.readable().await.unwrap();
    // All are answered then, and no datagram is under way on this machine.
    assert!(server.shutdown().await.all_answered);
    let (mut went, mut short) = (0, 0);
    while let Ok(len) = socket.try_recv(&mut reply) {
        if reply[..len] == sum(1000, 3) {
            short += 1;
        } else {
            went += len;
        }
    }
    println!("{came} bytes of calls, {went} of long replies");
    assert_eq!(short, 1);
    assert!(went > 0 && went <= 131_072 + came, "{went} bytes");
}

/// A client over UDP whose server is the test.
async fn udp_client() -> (UdpSocket, CalcClient) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = format!("udp://{}", socket.local_addr().unwrap());
    let client = CalcClient(Client::connect(&address).await.unwrap());
    (socket, client)
}

async fn receive_call(socket: &UdpSocket) -> (u32, SocketAddr) {
    let mut call = [0; 100];
    let (_, from) = socket.recv_from(&mut call).await.unwrap();
    (u32::from_be_bytes(*call.first_chunk().unwrap()), from)
}

#[tokio::test]
async fn h15_replies_from_others_and_to_other_calls() {
    let (socket, client) = udp_client().await;
    let call = tokio::spawn(async move { client.add(1, 2).await });
    let (xid, from) = receive_call(&socket).await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..100 {
        stranger.send_to(&sum(xid, 666), from).await.unwrap();
    }
    for other in [xid.wrapping_add(1), xid.wrapping_sub(1), !xid, 0] {
        socket.send_to(&sum(other, 666), from).await.unwrap();
    }
    for garbage in [&b""[..], b"x", &sum(xid, 3)[..7], &[0xff; 3000]] {
        socket.send_to(garbage, from).await.unwrap();
    }
    socket.send_to(&sum(xid, 3), from).await.unwrap();
    assert_eq!(call.await.unwrap().unwrap(), 3);
}

/// A range of versions is told to the caller, and nobody goes through it.
#[tokio::test]
async fn h15_range_of_all_versions() {
    let (socket, client) = udp_client().await;
    let call = tokio::spawn(async move { client.add(1, 2).await });
    let (xid, from) = receive_call(&socket).await;
    let (low, high) = (0, u32::MAX);
    let stat = AcceptStat::ProgMismatch { low, high };
    let mut encoder = xdr::Encoder::new();
    encoder
        .encode(&ReplyHeader::accepted(Xid(xid), stat))
        .unwrap();
    socket.send_to(&encoder.finish(), from).await.unwrap();
    let error = call.await.unwrap().unwrap_err();
    let CallErrorKind::Accepted(told) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(*told, stat);
    assert!(socket.try_recv(&mut [0]).is_err(), "no other call came");
}

/// Errors that anybody can forge end no call: the server may be there in a moment.
#[tokio::test]
async fn h15_icmp_errors_end_no_call() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let mut calls = Vec::new();
    for scheme in ["udp", "reliable"] {
        let client = Client::connect(&format!("{scheme}://{address}"))
            .await
            .unwrap();
        let client = CalcClient(client);
        calls.push(tokio::spawn(async move { client.add(1, 2).await }));
    }
    // The port is closed: each datagram is answered by an error.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let server = builder().udp(address.to_string()).start().await.unwrap();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 3);
    }
    server.shutdown().await;
}
