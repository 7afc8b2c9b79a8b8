//! What a caller is told of a call that brought no result, over each plain transport: a row of the
//! table in the specification for each test.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{future::Future, time::Duration};

use common::{Calc, CalcClient, PROGRAM, server};
use rpc_runtime::{
    CallError, Caller, Client, Outcome, Procedure, Program, Server,
    fault::{Faults, UdpRelay},
    memory,
};
use tokio::net::{TcpListener, UdpSocket};

/// Runs a test over every transport, with a server of its own, which the test may end.
async fn over_all<F: Future<Output = ()>>(test: impl Fn(CalcClient, Calc, Server) -> F) {
    for transport in ["memory", "tcp", "udp"] {
        let calc = Calc::default();
        let (listener, connector) = memory::channel();
        let server = Server::builder()
            .service(server(calc.clone()))
            .tcp("127.0.0.1:0")
            .udp("127.0.0.1:0")
            .memory(listener);
        let server = server.start().await.unwrap();
        let client = match transport {
            "tcp" => Client::connect(&format!("tcp://{}", server.tcp_addr().unwrap())).await,
            "udp" => Client::connect(&format!("udp://{}", server.udp_addr().unwrap())).await,
            _ => Ok(connector.connect()),
        };
        test(CalcClient(client.unwrap()), calc, server).await;
    }
}

/// The same client, which waits a short time for each call.
fn hasty(client: &CalcClient) -> CalcClient {
    CalcClient(client.0.clone().with_deadline(Duration::from_millis(50)))
}

async fn void(client: &CalcClient, procedure: Procedure) -> CallError {
    let call = client.0.call(&procedure, xdr::Encoder::void, |_| Ok(()));
    call.await.unwrap_err()
}

#[tokio::test]
async fn refusals_of_calls_that_were_sent_once() {
    over_all(async |client, _, _server| {
        let missing = PROGRAM.procedure(1, 99, "missing");
        let newer = PROGRAM.procedure(2, 1, "newer");
        let other = Program::new("Other", 9).procedure(1, 1, "other");
        for procedure in [missing, newer, other, common::ADD] {
            let error = void(&client, procedure).await;
            assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
        }
        let error = client.whoami().await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
    })
    .await;
}

#[tokio::test]
async fn services_that_fail_or_panic() {
    over_all(async |client, _, _server| {
        let errors = [
            client.add(i32::MAX, 1).await.unwrap_err(),
            client.panic(1).await.unwrap_err(),
            client.panic(2).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn results_that_do_not_decode() {
    over_all(async |client, _, _server| {
        let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&[1_i32, 2]);
        let result = client.0.call(&common::ADD, arguments, |_| Ok(())).await;
        assert_eq!(result.unwrap_err().outcome(), Outcome::ResultLost);
    })
    .await;
}

#[tokio::test]
async fn calls_that_are_still_executed_at_their_deadline() {
    over_all(async |client, calc, _server| {
        let waiting = tokio::spawn({
            let client = hasty(&client);
            async move { client.wait(1).await }
        });
        calc.gate.wait_for(1).await;
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    })
    .await;
}

#[tokio::test]
async fn servers_that_end_in_the_middle_of_a_call() {
    over_all(async |client, calc, server| {
        let client = CalcClient(client.0.with_deadline(Duration::from_secs(1)));
        let waiting = tokio::spawn(async move { client.wait(1).await });
        calc.gate.wait_for(1).await;
        drop(server);
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    })
    .await;
}

#[tokio::test]
async fn calls_that_cannot_be_sent() {
    over_all(async |client, _, _server| {
        let arguments = |encoder: &mut xdr::Encoder| encoder.utf8("too long", 4);
        let result: Result<(), _> = client.0.call(&common::ADD, arguments, |_| Ok(())).await;
        assert_eq!(result.unwrap_err().outcome(), Outcome::NotExecuted);
    })
    .await;
}

#[tokio::test]
async fn calls_after_the_end_of_the_server() {
    for transport in ["memory", "tcp"] {
        let (listener, connector) = memory::channel();
        let server = Server::builder().tcp("127.0.0.1:0").memory(listener);
        let server = server.start().await.unwrap();
        let client = match transport {
            "tcp" => Client::connect(&format!("tcp://{}", server.tcp_addr().unwrap())).await,
            _ => Ok(connector.connect()),
        };
        let client = hasty(&CalcClient(client.unwrap()));
        server.shutdown().await;
        // The first may meet the end of the connection on its way.
        let _ = client.add(1, 2).await;
        let error = client.add(1, 2).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
    }
}

#[tokio::test]
async fn silence() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for address in [
        format!("udp://{}", socket.local_addr().unwrap()),
        format!("tcp://{}", listener.local_addr().unwrap()),
    ] {
        let client = CalcClient(Client::connect(&address).await.unwrap());
        let error = hasty(&client).add(1, 2).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    }
}

#[tokio::test]
async fn losses_over_udp_bring_a_result_once() {
    let calc = Calc::default();
    let server = Server::builder().service(server(calc)).udp("127.0.0.1:0");
    let server = server.start().await.unwrap();
    let faults = Faults::none().loss(0.05).duplication(0.3).reordering(0.3);
    let relay = UdpRelay::start(server.udp_addr().unwrap(), faults, 1)
        .await
        .unwrap();
    let client = Client::connect(&format!("udp://{}", relay.local_addr())).await;
    let client = CalcClient(client.unwrap());
    let calls = (0..50).map(|value| {
        let client = client.clone();
        tokio::spawn(async move { client.add(value, 1).await })
    });
    for (value, call) in (0..).zip(calls.collect::<Vec<_>>()) {
        assert_eq!(call.await.unwrap().unwrap(), value + 1);
    }
}
