//! Connections that end in the middle of a call: what the caller learns, and what the server did.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use rpc_runtime::{
    CacheLimits, CallError, CallErrorKind, Caller, Outcome, Procedure, Server,
    blocking::Client,
    fault::{TcpFaults, TcpRelay},
};
use tokio::runtime::Runtime;

use crate::common::{
    cuts::{Mode, fault},
    ledger::{ENTER, Ledger, percent_of},
};

fn enter(client: &Client, procedure: &Procedure, token: u64) -> Result<(), CallError> {
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&token);
    let result: u64 = client.call(procedure, arguments, xdr::Decode::decode)?;
    assert_eq!(result, token, "the reply to another call");
    Ok(())
}

/// Three calls over a connection that is cut somewhere; the next is not. The calls come one after the
/// other, or from a thread each.
fn exchange(
    runtime: &Runtime,
    server: SocketAddr,
    number: u64,
    mode: Mode,
    has_threads: bool,
) -> Vec<Option<Outcome>> {
    let first = fault(number, mode);
    let relay = TcpRelay::start(server, move |connection| match (connection, mode) {
        (0, _) => first,
        (_, Mode::Replay) => TcpFaults::none().mirror_port(),
        _ => TcpFaults::none(),
    });
    let relay = runtime.block_on(relay).unwrap();
    let client = Client::builder().replay_after_reconnect(mode == Mode::Replay);
    let client = client.connect(&format!("tcp://{}", relay.local_addr()));
    let client = client.unwrap();
    let procedure = match mode {
        Mode::Idempotent => ENTER.idempotent(),
        Mode::Plain | Mode::Replay => ENTER,
    };
    let call = |call: u64| {
        let result = enter(&client, &procedure, 3 * number + call);
        result.err().map(|error| {
            let is_lost = matches!(error.kind(), CallErrorKind::ConnectionLost(_));
            assert!(is_lost, "{error}");
            error.outcome()
        })
    };
    if has_threads {
        thread::scope(|threads| {
            let call = &call;
            let calls: Vec<_> = (0..3)
                .map(|number| threads.spawn(move || call(number)))
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        })
    } else {
        (0..3).map(call).collect()
    }
}

/// Cuts connections at so many places, and compares what callers were told with the ledger.
fn cut(mode: Mode, cuts: u64, has_threads: bool) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build().unwrap();
    let ledger = Ledger::default();
    let server = Server::builder()
        .service(ledger.service())
        .tcp("127.0.0.1:0")
        .duplicate_request_cache_for_tcp((mode == Mode::Replay).then_some(CacheLimits::TCP));
    let server = runtime.block_on(server.start()).unwrap();
    let address = server.tcp_addr().unwrap();
    let told: Vec<_> = (0..cuts)
        .flat_map(|number| exchange(&runtime, address, number, mode, has_threads))
        .collect();
    runtime.block_on(server.shutdown());
    let mut unknown = 0;
    for (token, outcome) in (0..).zip(told) {
        let count = ledger.executions(token);
        match outcome {
            None if mode == Mode::Idempotent => assert!(count >= 1),
            None => assert_eq!(count, 1, "token {token}: it was answered"),
            Some(Outcome::NotExecuted) => assert_eq!(count, 0, "token {token}"),
            Some(Outcome::ResultLost) => panic!("token {token}: nobody said so"),
            Some(Outcome::Unknown) => {
                unknown += 1;
                assert!(count <= 1, "token {token}");
            }
        }
    }
    eprintln!("{mode:?}: {cuts} cuts, {unknown} calls unknown");
    match mode {
        Mode::Plain => assert!(unknown > 0 && (has_threads || unknown <= cuts)),
        Mode::Idempotent => assert_eq!(unknown, 0),
        // Somebody else may take a port in the moment in which it is free.
        Mode::Replay => assert!(unknown <= 2 + cuts / 100, "{unknown}"),
    }
}

/// One after the other: each would take the ports that another has just freed.
#[test]
fn f14_cut_at_every_byte() {
    let cuts = percent_of(10_000).div_ceil(6);
    for has_threads in [false, true] {
        cut(Mode::Plain, cuts, has_threads);
        cut(Mode::Idempotent, cuts, has_threads);
        cut(Mode::Replay, cuts, has_threads);
    }
}

/// A listener that a client is connected to.
fn listener() -> (TcpListener, Client, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let client = Client::connect(&address).unwrap();
    let (stream, _) = listener.accept().unwrap();
    (listener, client, stream)
}

fn reply(record: &[u8; 52]) -> Vec<u8> {
    let mut reply = vec![0x80, 0, 0, 32];
    reply.extend_from_slice(&record[4..8]);
    reply.extend_from_slice(&[0, 0, 0, 1]);
    reply.extend_from_slice(&[0; 16]);
    reply.extend_from_slice(&record[44..]);
    reply
}

#[test]
fn the_next_call_connects_again() {
    let (listener, client, mut stream) = listener();
    for token in 0..3_u64 {
        thread::scope(|threads| {
            let call = threads.spawn(|| enter(&client, &ENTER, token));
            if token > 0 {
                (stream, _) = listener.accept().unwrap();
            }
            let mut record = [0; 52];
            stream.read_exact(&mut record).unwrap();
            assert_eq!(
                record[44..],
                token.to_be_bytes(),
                "the last is not sent again"
            );
            stream.shutdown(Shutdown::Both).unwrap();
            let error = call.join().unwrap().unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown);
        });
    }
}

#[test]
fn copies_over_another_connection_are_the_same_bytes() {
    let (listener, client, mut stream) = listener();
    let call = thread::spawn(move || enter(&client, &ENTER.idempotent(), 7));
    let mut first = [0; 52];
    stream.read_exact(&mut first).unwrap();
    drop(stream);
    let (mut stream, _) = listener.accept().unwrap();
    let mut second = [0; 52];
    stream.read_exact(&mut second).unwrap();
    assert_eq!(first, second);
    stream.write_all(&reply(&second)).unwrap();
    call.join().unwrap().unwrap();
}

/// Replies that had come before the connection ended count.
#[test]
fn a_server_that_answers_and_ends_has_answered() {
    let (_listener, client, mut stream) = listener();
    let call = thread::spawn(move || enter(&client, &ENTER, 7));
    let mut record = [0; 52];
    stream.read_exact(&mut record).unwrap();
    stream.write_all(&reply(&record)).unwrap();
    drop(stream);
    call.join().unwrap().unwrap();
}

#[test]
fn a_server_that_dies_of_each_call_is_tried_with_back_off() {
    let (listener, client, stream) = listener();
    let client = client.with_deadline(Duration::from_millis(300));
    drop(stream);
    let tries = thread::spawn(move || {
        for _ in 0..5 {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 52]).unwrap();
        }
    });
    let error = enter(&client, &ENTER.idempotent(), 1).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(
        !tries.is_finished(),
        "at 0, 50, 150 and 350 ms at the earliest"
    );
}

#[test]
fn a_call_waits_for_a_server_until_its_deadline_and_says_why() {
    let (listener, client, stream) = listener();
    drop((listener, stream));
    let client = client.with_deadline(Duration::from_millis(100));
    // The first call may meet the end of the connection itself.
    let _ = enter(&client, &ENTER, 1);
    let error = enter(&client, &ENTER, 2).unwrap_err();
    let CallErrorKind::ConnectionLost(fault) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(fault.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

/// A server that takes nothing for a while: the deadline comes in the middle of a record, and the next
/// call goes behind its end.
#[test]
fn a_record_that_was_begun_is_ended_before_the_next() {
    let (_listener, client, mut stream) = listener();
    let bytes = bytes::Bytes::from(vec![7; 16 << 20]);
    let hasty = client.clone().with_deadline(Duration::from_millis(50));
    let error = crate::echo(&hasty, &bytes).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    let call = thread::spawn(move || enter(&client, &ENTER, 7));
    let mut first = vec![0; 4 + 40 + 4 + bytes.len()];
    stream.read_exact(&mut first).unwrap();
    let mut record = [0; 52];
    stream.read_exact(&mut record).unwrap();
    stream.write_all(&reply(&record)).unwrap();
    call.join().unwrap().unwrap();
}
