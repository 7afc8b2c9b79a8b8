//! Copies of one call, sent over sockets to a server that counts what it executes.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use bytes::Bytes;
use rpc_runtime::{
    Answer, AuthSys, CacheLimits, Call, CallHeader, Credential, Procedure, Program, Refusal,
    Server, ServerBuilder, VersionServer, Xid,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream, UdpSocket},
    sync::Semaphore,
};

const PROGRAM: Program = Program::new("Counter", 0x2000_0008);
const COUNT: Procedure = PROGRAM.procedure(1, 1, "count");
const COUNT_FREELY: Procedure = PROGRAM.procedure(1, 2, "count_freely").idempotent();
const WAIT: Procedure = PROGRAM.procedure(1, 3, "wait");
const FAIL: Procedure = PROGRAM.procedure(1, 4, "fail");
const BLOCK: Procedure = PROGRAM.procedure(1, 5, "block");

struct Counter {
    executions: AtomicU32,
    begun: Semaphore,
    gate: Semaphore,
}

impl Counter {
    /// Executions so far, this one among them.
    fn count(&self) -> u32 {
        self.executions.fetch_add(1, SeqCst) + 1
    }
}

fn dispatch(counter: Arc<Counter>, call: Call) -> Answer {
    match call.procedure() {
        1 | 2 => Answer::future(async move { call.reply(|out| out.encode(&counter.count())) }),
        3 => Answer::future(async move {
            let count = counter.count();
            counter.begun.add_permits(1);
            let permit = counter.gate.acquire().await;
            permit.map_err(|_| Refusal::SystemErr)?.forget();
            call.reply(|out| out.encode(&count))
        }),
        4 => Answer::future(async move {
            counter.count();
            panic!("the service panics")
        }),
        5 => Answer::blocking(move || call.reply(|out| out.encode(&counter.count()))),
        _ => Answer::refuse(Refusal::ProcUnavail),
    }
}

fn counter() -> (Arc<Counter>, ServerBuilder) {
    let counter = Arc::new(Counter {
        executions: AtomicU32::new(0),
        begun: Semaphore::new(0),
        gate: Semaphore::new(0),
    });
    let server = VersionServer::new(PROGRAM, 1, Shared(Arc::clone(&counter)), |shared, call| {
        dispatch(Arc::clone(&shared.0), call)
    });
    let server = server.describes(&[COUNT_FREELY]);
    (counter, Server::builder().service(server))
}

/// The counter that the test reads too.
struct Shared(Arc<Counter>);

fn call_by(uid: u32, xid: u32, procedure: &Procedure) -> Bytes {
    let caller = Credential::Sys(AuthSys {
        uid,
        ..AuthSys::default()
    });
    let mut encoder = xdr::Encoder::new();
    let header = CallHeader::new(Xid(xid), procedure, caller.to_opaque().unwrap());
    encoder.encode(&header).unwrap();
    encoder.finish()
}

fn call(xid: u32, procedure: &Procedure) -> Bytes {
    call_by(1000, xid, procedure)
}

fn reply(xid: u32, count: u32) -> Vec<u8> {
    let words = [xid, 1, 0, 0, 0, 0, count];
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

fn system_err(xid: u32) -> Vec<u8> {
    let words = [xid, 1, 0, 0, 0, 5];
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

/// A socket that talks to this server over UDP.
async fn connected(server: &Server) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.udp_addr().unwrap()).await.unwrap();
    socket
}

async fn udp_server() -> (Arc<Counter>, Server, UdpSocket) {
    let (counter, builder) = counter();
    let server = builder.udp("127.0.0.1:0").start().await.unwrap();
    let socket = connected(&server).await;
    (counter, server, socket)
}

async fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(200);
    socket.recv_buf(&mut buffer).await.unwrap();
    buffer
}

async fn ask(socket: &UdpSocket, call: &[u8]) -> Vec<u8> {
    socket.send(call).await.unwrap();
    receive(socket).await
}

#[tokio::test]
async fn same_call_twice_is_executed_once() {
    let (counter, server, socket) = udp_server().await;
    for (xid, procedure) in [(1, COUNT), (2, BLOCK)] {
        for _ in 0..3 {
            assert_eq!(ask(&socket, &call(xid, &procedure)).await, reply(xid, xid));
        }
    }
    assert_eq!(counter.executions.load(SeqCst), 2);
    server.shutdown().await;
}

#[tokio::test]
async fn panic_is_not_repeated() {
    let (counter, server, socket) = udp_server().await;
    for _ in 0..2 {
        assert_eq!(ask(&socket, &call(1, &FAIL)).await, system_err(1));
    }
    assert_eq!(counter.executions.load(SeqCst), 1);
    server.shutdown().await;
}

#[tokio::test]
async fn copy_of_a_call_in_progress_is_dropped() {
    let (counter, server, socket) = udp_server().await;
    for _ in 0..3 {
        socket.send(&call(1, &WAIT)).await.unwrap();
    }
    counter.begun.acquire().await.unwrap().forget();
    // The answer to this one shows that those before it were read.
    assert_eq!(ask(&socket, &call(2, &COUNT)).await, reply(2, 2));
    counter.gate.add_permits(10);
    assert_eq!(receive(&socket).await, reply(1, 1));
    assert_eq!(ask(&socket, &call(3, &COUNT)).await, reply(3, 3), "no more");
    assert_eq!(ask(&socket, &call(1, &WAIT)).await, reply(1, 1));
    server.shutdown().await;
}

#[tokio::test]
async fn result_is_served_to_nobody_else() {
    let (_, server, socket) = udp_server().await;
    assert_eq!(ask(&socket, &call(1, &COUNT)).await, reply(1, 1));
    assert_eq!(ask(&socket, &call_by(0, 1, &COUNT)).await, reply(1, 2));
    let other = connected(&server).await;
    assert_eq!(ask(&other, &call(1, &COUNT)).await, reply(1, 3));
    assert_eq!(ask(&socket, &call(1, &COUNT)).await, reply(1, 1));
    server.shutdown().await;
}

#[tokio::test]
async fn idempotent_procedure_is_executed_twice() {
    let (_, server, socket) = udp_server().await;
    for count in [1, 2] {
        let answer = ask(&socket, &call(1, &COUNT_FREELY)).await;
        assert_eq!(answer, reply(1, count));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn cache_can_be_switched_off() {
    let (_, builder) = counter();
    let builder = builder.udp("127.0.0.1:0").duplicate_request_cache(None);
    let server = builder.start().await.unwrap();
    let socket = connected(&server).await;
    for count in [1, 2] {
        assert_eq!(ask(&socket, &call(1, &COUNT)).await, reply(1, count));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn full_of_calls_in_progress() {
    let (counter, builder) = counter();
    let limits = CacheLimits {
        entries: 1,
        ..CacheLimits::UDP
    };
    let builder = builder.udp("127.0.0.1:0").duplicate_request_cache(limits);
    let server = builder.start().await.unwrap();
    let socket = connected(&server).await;
    socket.send(&call(1, &WAIT)).await.unwrap();
    counter.begun.acquire().await.unwrap().forget();
    assert_eq!(ask(&socket, &call(2, &COUNT)).await, system_err(2));
    assert_eq!(counter.executions.load(SeqCst), 1, "not executed");
    counter.gate.add_permits(1);
    assert_eq!(receive(&socket).await, reply(1, 1));
    assert_eq!(ask(&socket, &call(2, &COUNT)).await, reply(2, 2));
    server.shutdown().await;
}

/// A connection from an address of the caller's choice.
async fn connect_from(local: std::net::SocketAddr, server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // The address may still be held by the connection that is gone.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(local).unwrap();
    socket.connect(server.tcp_addr().unwrap()).await.unwrap()
}

async fn send_record(stream: &mut TcpStream, message: &[u8]) {
    let mark = rpc_runtime::record::LAST_FRAGMENT | u32::try_from(message.len()).unwrap();
    stream.write_u32(mark).await.unwrap();
    stream.write_all(message).await.unwrap();
}

async fn receive_record(stream: &mut TcpStream) -> Vec<u8> {
    let mark = stream.read_u32().await.unwrap();
    let mut record = vec![0; (mark & !rpc_runtime::record::LAST_FRAGMENT) as usize];
    stream.read_exact(&mut record).await.unwrap();
    record
}

/// Ends a connection at once, so that its address is free for the next.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

#[tokio::test]
async fn client_that_comes_back_over_tcp_is_answered_once_the_call_is() {
    let (counter, builder) = counter();
    let builder = builder.duplicate_request_cache_for_tcp(CacheLimits::TCP);
    let server = builder.tcp("127.0.0.1:0").start().await.unwrap();
    let mut first = connect_from(([127, 0, 0, 1], 0).into(), &server).await;
    let local = first.local_addr().unwrap();
    send_record(&mut first, &call(1, &WAIT)).await;
    counter.begun.acquire().await.unwrap().forget();
    reset(first);
    let mut second = connect_from(local, &server).await;
    send_record(&mut second, &call(1, &WAIT)).await;
    send_record(&mut second, &call(2, &COUNT)).await;
    assert_eq!(receive_record(&mut second).await, reply(2, 2));
    counter.gate.add_permits(1);
    assert_eq!(receive_record(&mut second).await, reply(1, 1));
    reset(second);
    let mut third = connect_from(local, &server).await;
    send_record(&mut third, &call(1, &WAIT)).await;
    assert_eq!(receive_record(&mut third).await, reply(1, 1));
    drop(third);
    let mut other = TcpStream::connect(server.tcp_addr().unwrap())
        .await
        .unwrap();
    send_record(&mut other, &call(1, &COUNT)).await;
    assert_eq!(receive_record(&mut other).await, reply(1, 3));
    drop(other);
    server.shutdown().await;
}
