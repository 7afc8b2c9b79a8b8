//! The same calls over memory, TCP and UDP.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{future::Future, time::Duration};

use common::{Calc, CalcClient, PROGRAM, server};
use rpc_runtime::{
    AcceptStat, AuthStat, AuthSys, CallErrorKind, Caller, Client, Credential, Outcome, Procedure,
    Program, RejectStat, Server, memory,
};

/// Runs a test over every transport, each with a server and a client of its own.
async fn over_all<F: Future<Output = ()>>(test: impl Fn(CalcClient, Calc) -> F) {
    for transport in ["memory", "tcp", "udp"] {
        let calc = Calc::default();
        let (listener, connector) = memory::channel();
        let server = Server::builder()
            .service(server(calc.clone()))
            .tcp("127.0.0.1:0")
            .udp("127.0.0.1:0")
            .memory(listener)
            .start()
            .await
            .unwrap();
        let client = match transport {
            "tcp" => Client::connect(&format!("tcp://{}", server.tcp_addr().unwrap())).await,
            "udp" => Client::connect(&format!("udp://{}", server.udp_addr().unwrap())).await,
            _ => Ok(connector.connect()),
        };
        test(CalcClient(client.unwrap()), calc).await;
        assert!(server.shutdown().await.all_answered);
    }
}

fn accepted(stat: AcceptStat) -> String {
    CallErrorKind::Accepted(stat).to_string()
}

#[tokio::test]
async fn results() {
    over_all(async |client, _| {
        assert_eq!(client.add(2, 3).await.unwrap(), 5);
        assert_eq!(client.echo(vec![1, 2, 3]).await.unwrap(), vec![1, 2, 3]);
        let large = vec![9; 60_000];
        assert_eq!(client.echo(large.clone()).await.unwrap(), large);
    })
    .await;
}

/// More than a datagram holds, and so over streams only.
#[tokio::test]
async fn large_results_that_are_sent_from_where_they_lie() {
    let (listener, connector) = memory::channel();
    let server = Server::builder()
        .service(server(Calc::default()))
        .tcp("127.0.0.1:0")
        .memory(listener)
        .start()
        .await
        .unwrap();
    let tcp = Client::connect(&format!("tcp://{}", server.tcp_addr().unwrap())).await;
    for client in [connector.connect(), tcp.unwrap()] {
        let client = CalcClient(client);
        // Padded or not, and beside each other on one connection.
        let sizes = [1 << 20, 3, (1 << 20) + 1, 4096, 4095, 70_000];
        let calls = sizes.map(|len| {
            let client = client.clone();
            (len, tokio::spawn(async move { client.large(len).await }))
        });
        for (len, call) in calls {
            assert_eq!(call.await.unwrap().unwrap(), vec![7; len as usize]);
        }
    }
    assert!(server.shutdown().await.all_answered);
}

#[tokio::test]
async fn service_errors_and_panics() {
    over_all(async |client, _| {
        let error = client.add(i32::MAX, 1).await.unwrap_err();
        assert_eq!(error.kind().to_string(), accepted(AcceptStat::SystemErr));
        for how in [0, 1, 2] {
            let error = client.panic(how).await.unwrap_err();
            assert_eq!(error.kind().to_string(), accepted(AcceptStat::SystemErr));
            assert_eq!(error.outcome(), Outcome::Unknown);
        }
        let error = client.large(1 << 30).await.unwrap_err();
        assert_eq!(error.kind().to_string(), accepted(AcceptStat::SystemErr));
        assert_eq!(client.add(1, 1).await.unwrap(), 2, "nobody else is hurt");
    })
    .await;
}

#[tokio::test]
async fn credentials_reach_the_service() {
    over_all(async |client, _| {
        let error = client.whoami().await.unwrap_err();
        let CallErrorKind::Denied(RejectStat::AuthError(stat)) = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(*stat, AuthStat::TooWeak);
        let credential = Credential::Sys(AuthSys {
            uid: 1000,
            ..AuthSys::default()
        });
        let known = CalcClient(client.0.with_credential(&credential).unwrap());
        assert_eq!(known.whoami().await.unwrap(), 1000);
    })
    .await;
}

#[tokio::test]
async fn refusals() {
    over_all(async |client, _| {
        let call = async |procedure: Procedure| {
            let outcome = client
                .0
                .call(&procedure, xdr::Encoder::void, xdr::Decode::decode);
            outcome.await.map_err(|error| error.kind().to_string())
        };
        let of = |version, number| Procedure::new(PROGRAM, version, number, "p");
        let other = Procedure::new(Program::new("Other", 9), 1, 0, "null");
        assert_eq!(call(of(1, 0)).await, Ok(()), "procedure 0 always answers");
        assert_eq!(
            call(of(1, 99)).await,
            Err(accepted(AcceptStat::ProcUnavail))
        );
        assert_eq!(call(of(1, 1)).await, Err(accepted(AcceptStat::GarbageArgs)));
        let (low, high) = (1, 1);
        let mismatch = AcceptStat::ProgMismatch { low, high };
        assert_eq!(call(of(2, 0)).await, Err(accepted(mismatch)));
        assert_eq!(call(other).await, Err(accepted(AcceptStat::ProgUnavail)));
    })
    .await;
}

#[tokio::test]
async fn calls_in_flight_end_out_of_order() {
    over_all(async |client, calc| {
        let waiting: Vec<_> = (0..64)
            .map(|value| {
                let client = client.clone();
                tokio::spawn(async move { client.wait(value).await })
            })
            .collect();
        calc.gate.wait_for(64).await;
        assert_eq!(client.add(20, 22).await.unwrap(), 42, "overtakes them all");
        calc.gate.open();
        for (value, call) in (0..).zip(waiting) {
            assert_eq!(call.await.unwrap().unwrap(), value);
        }
    })
    .await;
}

#[tokio::test]
async fn dropped_call_disturbs_nobody() {
    over_all(async |client, calc| {
        let mut dropped = Box::pin(client.wait(1));
        tokio::select! {
            biased;
            _ = &mut dropped => panic!("nobody has opened the gate"),
            () = calc.gate.wait_for(1) => {}
        }
        drop(dropped);
        calc.gate.open();
        assert_eq!(client.add(1, 2).await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn results_that_do_not_decode_are_lost() {
    over_all(async |client, _| {
        let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&[1_i32, 2]);
        let result = client.0.call(&common::ADD, arguments, |_| Ok(())).await;
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::Decode(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::ResultLost);
    })
    .await;
}

#[tokio::test]
async fn arguments_that_do_not_encode_are_not_sent() {
    over_all(async |client, _| {
        let arguments = |encoder: &mut xdr::Encoder| encoder.utf8("too long", 4);
        let result: Result<(), _> = client.0.call(&common::ADD, arguments, |_| Ok(())).await;
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::Encode(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::NotExecuted);
        assert_eq!(client.add(1, 1).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn deadline_of_a_slow_call() {
    over_all(async |client, calc| {
        let hasty = CalcClient(client.0.clone().with_deadline(Duration::from_millis(1)));
        let error = hasty.wait(1).await.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
        // The connection may not have got round to sending it.
        assert_ne!(error.outcome(), Outcome::ResultLost);
        calc.gate.open();
        assert_eq!(client.add(1, 1).await.unwrap(), 2);
    })
    .await;
}
