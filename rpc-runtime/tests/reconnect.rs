//! Connections that end in the middle of a call: what the caller learns, and what the server did.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{net::SocketAddr, time::Duration};

use common::{
    Calc, CalcClient,
    cuts::{Mode, fault},
    ledger::{ENTER, Ledger, enter, percent_of},
};
use rpc_runtime::{
    CacheLimits, CallErrorKind, Client, Outcome, Server,
    fault::{TcpFaults, TcpRelay},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Three calls, one after the other, over a connection that is cut somewhere; the next is not.
async fn exchange(server: SocketAddr, number: u64, mode: Mode) -> Vec<Option<Outcome>> {
    let first = fault(number, mode);
    let relay = TcpRelay::start(server, move |connection| match (connection, mode) {
        (0, _) => first,
        (_, Mode::Replay) => TcpFaults::none().mirror_port(),
        _ => TcpFaults::none(),
    });
    let relay = relay.await.unwrap();
    let address = format!("tcp://{}", relay.local_addr());
    let client = Client::builder().replay_after_reconnect(mode == Mode::Replay);
    let client = client.connect(&address).await.unwrap();
    let procedure = match mode {
        Mode::Idempotent => ENTER.idempotent(),
        Mode::Plain | Mode::Replay => ENTER,
    };
    let mut outcomes = Vec::new();
    for call in 0..3 {
        let result = enter(&client, &procedure, 3 * number + call).await;
        outcomes.push(result.err().map(|error| {
            assert!(
                matches!(error.kind(), CallErrorKind::ConnectionLost(_)),
                "{error}"
            );
            error.outcome()
        }));
    }
    outcomes
}

/// Cuts connections at so many places, and compares what callers were told with the ledger.
async fn cut(mode: Mode, cuts: u64) {
    let ledger = Ledger::default();
    let server = Server::builder()
        .service(ledger.service())
        .tcp("127.0.0.1:0");
    let server =
        server.duplicate_request_cache_for_tcp((mode == Mode::Replay).then_some(CacheLimits::TCP));
    let server = server.start().await.unwrap();
    let mut told = Vec::new();
    for number in 0..cuts {
        told.extend(exchange(server.tcp_addr().unwrap(), number, mode).await);
    }
    server.shutdown().await;
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
        Mode::Plain => assert!(unknown > 0 && unknown <= cuts, "one call a cut at the most"),
        Mode::Idempotent => assert_eq!(unknown, 0),
        // Somebody else may take a port in the moment in which it is free.
        Mode::Replay => assert!(unknown <= 2 + cuts / 100, "{unknown}"),
    }
}

/// One after the other: each would take the ports that another has just freed.
#[tokio::test]
async fn f14_cut_at_every_byte() {
    let cuts = percent_of(10_000).div_ceil(3);
    cut(Mode::Plain, cuts).await;
    cut(Mode::Idempotent, cuts).await;
    if cfg!(target_os = "linux") {
        cut(Mode::Replay, cuts).await;
    }
}

/// A listener that a client is connected to.
async fn listener() -> (TcpListener, Client, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let client = Client::connect(&address).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    (listener, client, stream)
}

#[tokio::test]
async fn the_next_call_connects_again() {
    let (listener, client, mut stream) = listener().await;
    for token in 0..3_u64 {
        let call = tokio::spawn({
            let client = client.clone();
            async move { enter(&client, &ENTER, token).await }
        });
        if token > 0 {
            (stream, _) = listener.accept().await.unwrap();
        }
        let mut record = [0; 52];
        stream.read_exact(&mut record).await.unwrap();
        assert_eq!(
            record[44..],
            token.to_be_bytes(),
            "the last is not sent again"
        );
        stream.shutdown().await.unwrap();
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
    }
}

#[tokio::test]
async fn copies_over_another_connection_are_the_same_bytes() {
    let (listener, client, mut stream) = listener().await;
    let call = tokio::spawn(async move { enter(&client, &ENTER.idempotent(), 7).await });
    let mut first = [0; 52];
    stream.read_exact(&mut first).await.unwrap();
    drop(stream);
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut second = [0; 52];
    stream.read_exact(&mut second).await.unwrap();
    assert_eq!(first, second);
    let mut reply = vec![0x80, 0, 0, 32];
    reply.extend_from_slice(&second[4..8]);
    reply.extend_from_slice(&[0, 0, 0, 1]);
    reply.extend_from_slice(&[0; 16]);
    reply.extend_from_slice(&7_u64.to_be_bytes());
    stream.write_all(&reply).await.unwrap();
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_dies_of_each_call_is_tried_with_back_off() {
    let (listener, client, stream) = listener().await;
    let client = client.with_deadline(Duration::from_millis(300));
    drop(stream);
    let tries = tokio::spawn(async move {
        let mut tries = 0;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tries += 1;
            stream.read_exact(&mut [0; 52]).await.unwrap();
            if tries == 5 {
                return;
            }
        }
    });
    let error = enter(&client, &ENTER.idempotent(), 1).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(
        !tries.is_finished(),
        "at 0, 50, 150 and 350 ms at the earliest"
    );
}

#[tokio::test]
async fn a_call_waits_for_a_server_until_its_deadline_and_says_why() {
    let (listener, client, stream) = listener().await;
    drop((listener, stream));
    let client = client.with_deadline(Duration::from_millis(100));
    // The first call may meet the end of the connection itself.
    let _ = enter(&client, &ENTER, 1).await;
    let error = enter(&client, &ENTER, 2).await.unwrap_err();
    let CallErrorKind::ConnectionLost(fault) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(fault.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

#[tokio::test]
async fn a_server_that_is_restarted_is_found_again() {
    let start = |address: String| {
        Server::builder()
            .service(common::server(Calc::default()))
            .tcp(address)
            .start()
    };
    let server = start("127.0.0.1:0".into()).await.unwrap();
    let address = server.tcp_addr().unwrap();
    let client = Client::connect(&format!("tcp://{address}")).await.unwrap();
    let client = CalcClient(client);
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.add(3, 4).await }
    });
    tokio::task::yield_now().await;
    let server = start(address.to_string()).await.unwrap();
    match waiting.await.unwrap() {
        Ok(sum) => assert_eq!(sum, 7),
        Err(error) => assert_ne!(error.outcome(), Outcome::ResultLost, "{error}"),
    }
    assert_eq!(client.add(5, 6).await.unwrap(), 11);
    server.shutdown().await;
}
