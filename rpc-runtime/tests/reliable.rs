//! Calls by the reliable datagram protocol, over real sockets of this machine.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use common::{Calc, CalcClient, PROGRAM, server};
use rpc_runtime::{
    Answer, CallErrorKind, Caller, Client, Outcome, Procedure, Server, VersionServer,
    datagram::Reason,
};
use tokio::task::JoinSet;

/// Longer than any of these tests takes where nothing is wrong.
const LONG: Duration = Duration::from_secs(60);

async fn serve(calc: Calc) -> (Server, SocketAddr) {
    let server = Server::builder().service(server(calc)).udp("127.0.0.1:0");
    let server = server.start().await.unwrap();
    let address = server.udp_addr().unwrap();
    (server, address)
}

async fn connect(address: SocketAddr) -> CalcClient {
    let client = Client::connect(&format!("reliable://{address}")).await;
    CalcClient(client.unwrap().with_deadline(LONG))
}

#[tokio::test]
async fn calls_are_answered() {
    let (server, address) = serve(Calc::default()).await;
    let client = connect(address).await;
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    assert_eq!(client.add(3, 4).await.unwrap(), 7);
    let refused = client.add(i32::MAX, 1).await.unwrap_err();
    assert_eq!(refused.outcome(), Outcome::Unknown, "{refused}");
    assert!(
        refused
            .to_string()
            .contains(&format!("reliable://{address}"))
    );
    assert!(server.shutdown().await.all_answered);
}

#[tokio::test]
async fn plain_calls_come_on_the_same_port() {
    let (_server, address) = serve(Calc::default()).await;
    let reliable = connect(address).await;
    let plain = Client::connect(&format!("udp://{address}")).await.unwrap();
    let plain = CalcClient(plain);
    for number in 0..100 {
        assert_eq!(reliable.add(number, 1).await.unwrap(), number + 1);
        assert_eq!(plain.add(number, 2).await.unwrap(), number + 2);
    }
}

/// A socket that serves both protocols sends plain replies of any length.
#[tokio::test]
async fn plain_replies_may_be_long() {
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let server = Server::builder().service(server(Calc::default())).udp(host);
        let server = server.start().await.unwrap();
        let address = server.udp_addr().unwrap();
        let plain = Client::connect(&format!("udp://{address}")).await.unwrap();
        let body = vec![7; 60_000];
        assert_eq!(CalcClient(plain).echo(body.clone()).await.unwrap(), body);
        assert_eq!(
            connect(address).await.echo(body.clone()).await.unwrap(),
            body
        );
    }
}

/// More than there are activities: the others wait for their turn.
#[tokio::test]
async fn any_number_of_calls_can_be_in_flight() {
    let (_server, address) = serve(Calc::default()).await;
    let client = connect(address).await;
    let mut calls = JoinSet::new();
    for number in 0..1000 {
        let client = client.clone();
        calls.spawn(async move { client.add(number, 1).await.unwrap() });
    }
    let mut sums = calls.join_all().await;
    sums.sort_unstable();
    assert_eq!(sums, (1..=1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn large_messages_go_in_fragments() {
    let (_server, address) = serve(Calc::default()).await;
    let client = connect(address).await;
    for len in [1, 1000, 1136, 1200, 65_536, 1 << 20] {
        let body: Bytes = (0..=250).cycle().take(len).collect();
        assert_eq!(client.echo(body.clone()).await.unwrap(), body);
    }
}

#[tokio::test]
async fn message_that_is_too_long_is_not_sent() {
    let (_server, address) = serve(Calc::default()).await;
    let client = connect(address).await;
    let error = client.echo(vec![0; 3 << 20]).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::TooLarge { .. }));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

/// A service that waits is told of the client that is still there, and the client of the service.
#[tokio::test]
async fn slow_call_is_awaited() {
    let calc = Calc::default();
    let (_server, address) = serve(calc.clone()).await;
    let client = connect(address).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.wait(5).await }
    });
    calc.gate.wait_for(1).await;
    assert_eq!(client.add(1, 1).await.unwrap(), 2);
    calc.gate.open();
    assert_eq!(waiting.await.unwrap().unwrap(), 5);
}

/// What is said of it is true, whether the call had come to the service in time or not.
#[tokio::test]
async fn deadline_of_a_call_tells_whether_it_was_executed() {
    let calc = Calc::default();
    let (_server, address) = serve(calc.clone()).await;
    let client = connect(address).await;
    assert_eq!(client.add(1, 1).await.unwrap(), 2);
    let hasty = CalcClient(client.0.clone().with_deadline(Duration::from_millis(200)));
    let error = hasty.wait(5).await.unwrap_err();
    let has_begun = calc.gate.begun.available_permits() > 0;
    match error.outcome() {
        Outcome::Unknown => {}
        Outcome::NotExecuted => assert!(!has_begun, "{error}"),
        Outcome::ResultLost => panic!("{error}"),
    }
    calc.gate.open();
    assert_eq!(client.add(2, 2).await.unwrap(), 4);
}

/// Nothing answers at the port: nothing was sent but a greeting.
#[tokio::test]
async fn server_that_is_not_there_has_executed_nothing() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = connect(socket.local_addr().unwrap()).await;
    let client = CalcClient(client.0.with_deadline(Duration::from_millis(50)));
    let error = client.add(1, 1).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
}

#[tokio::test]
async fn server_that_was_started_again_leaves_the_call_unknown() {
    let calc = Calc::default();
    let (server, address) = serve(calc.clone()).await;
    let client = connect(address).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.wait(5).await }
    });
    calc.gate.wait_for(1).await;
    drop(server);
    // The port is free once the tasks of the first server have ended.
    let _again = loop {
        let again = Server::builder().service(common::server(Calc::default()));
        match again.udp(address.to_string()).start().await {
            Ok(server) => break server,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    let CallErrorKind::Failed(failure) = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(failure.reason(), Reason::ServerRestarted);
    assert_eq!(
        client.add(2, 2).await.unwrap(),
        4,
        "a new call finds the new server"
    );
}

#[tokio::test]
async fn call_without_a_reply_ends_when_it_is_sent() {
    const NOTE: Procedure = Procedure::new(PROGRAM, 2, 1, "note").maybe();
    let (sender, mut notes) = tokio::sync::mpsc::unbounded_channel();
    let service = VersionServer::new(PROGRAM, 2, sender, |sender, call| {
        let note: Result<i32, _> = call.arguments(xdr::Decode::decode);
        Answer::future(async move {
            let token = call.context().call_token();
            sender.send((note?, token)).ok();
            call.reply(xdr::Encoder::void)
        })
    });
    let server = Server::builder().service(service.describes(&[NOTE]));
    let server = server.udp("127.0.0.1:0").start().await.unwrap();
    let client = connect(server.udp_addr().unwrap()).await.0;
    for number in 0..3 {
        let encode = |encoder: &mut xdr::Encoder| encoder.encode(&number);
        let decode: fn(&mut xdr::Decoder<'_>) -> xdr::Result<()> = xdr::Decode::decode;
        client.call(&NOTE, encode, decode).await.unwrap();
        let (note, token) = notes.recv().await.unwrap();
        assert_eq!(note, number);
        assert!(token.is_some(), "a service can store it");
    }
}
