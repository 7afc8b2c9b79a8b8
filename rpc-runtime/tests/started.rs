//! Calls that were started: awaited together, one after the other, or dropped.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use common::{ADD, Calc, PROGRAM, WAIT};
use rpc_runtime::{
    Answer, CallErrorKind, CallSet, Caller, Client, Procedure, Server, Started, VersionServer, all,
    first, memory,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::{Notify, mpsc},
};

const TRANSPORTS: [&str; 4] = ["memory", "tcp", "udp", "reliable"];

async fn world(service: VersionServer, transport: &str) -> (Server, Client) {
    let (listener, connector) = memory::channel();
    let server = Server::builder()
        .service(service)
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .memory(listener);
    let server = server.start().await.unwrap();
    let address = match transport {
        "tcp" => server.tcp_addr(),
        _ => server.udp_addr(),
    };
    let client = match transport {
        "memory" => connector.connect(),
        _ => Client::connect(&format!("{transport}://{}", address.unwrap()))
            .await
            .unwrap(),
    };
    (server, client)
}

fn wait(client: &Client, value: i32) -> Started<i32> {
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&value);
    client.call(&WAIT, arguments, xdr::Decode::decode)
}

fn add(client: &Client, a: i32, b: i32) -> Started<i32> {
    let arguments = |encoder: &mut xdr::Encoder| {
        encoder.encode(&a)?;
        encoder.encode(&b)
    };
    client.call(&ADD, arguments, xdr::Decode::decode)
}

#[tokio::test]
async fn calls_are_on_their_way_before_anyone_waits_for_them() {
    for transport in TRANSPORTS {
        let calc = Calc::default();
        let (_server, client) = world(common::server(calc.clone()), transport).await;
        let calls: Vec<_> = (0..3).map(|value| wait(&client, value)).collect();
        calc.gate.wait_for(3).await;
        calc.gate.open();
        let results = all(calls).await;
        let results: Vec<i32> = results.into_iter().map(Result::unwrap).collect();
        assert_eq!(results, [0, 1, 2], "{transport}: in the order of the calls");
    }
}

#[tokio::test]
async fn calls_come_one_by_one_as_they_end() {
    for transport in TRANSPORTS {
        let calc = Calc::default();
        let (_server, client) = world(common::server(calc.clone()), transport).await;
        let mut calls = CallSet::from_iter([wait(&client, 1), add(&client, 1, 1)]);
        assert_eq!(calls.len(), 2);
        let (number, sum) = calls.next().await.unwrap();
        assert_eq!((number, sum.unwrap()), (1, 2), "{transport}");
        assert_eq!(calls.push(add(&client, 1, 2)), 2);
        let (number, sum) = calls.next().await.unwrap();
        assert_eq!((number, sum.unwrap()), (2, 3), "{transport}");
        calc.gate.open();
        let (number, value) = calls.next().await.unwrap();
        assert_eq!((number, value.unwrap()), (0, 1), "{transport}");
        assert!(calls.is_empty());
        assert!(calls.next().await.is_none());
    }
}

/// A service that says when its calls begin and when nobody waits for them any more.
fn cancellable(events: mpsc::UnboundedSender<(i32, &'static str)>) -> VersionServer {
    VersionServer::new(PROGRAM, 1, events, |events, call| {
        if call.procedure() == 1 {
            return Answer::future(async move { call.reply(|encoder| encoder.encode(&7)) });
        }
        Answer::future(async move {
            let value: i32 = call.arguments(xdr::Decode::decode)?;
            events.send((value, "begun")).unwrap();
            call.context().cancelled().await;
            events.send((value, "cancelled")).unwrap();
            call.reply(|encoder| encoder.encode(&value))
        })
    })
}

/// The other calls are cancelled, at the server too.
#[tokio::test]
async fn first_of_several_calls() {
    let (events, mut log) = mpsc::unbounded_channel();
    let (_server, client) = world(cancellable(events), "reliable").await;
    let slow = [wait(&client, 1), wait(&client, 2)];
    for _ in 0..2 {
        assert_eq!(log.recv().await.unwrap().1, "begun");
    }
    let calls = slow.into_iter().chain([add(&client, 3, 4)]);
    let (place, sum) = first(calls).await.unwrap();
    assert_eq!((place, sum.unwrap()), (2, 7));
    let mut cancelled = [log.recv().await.unwrap(), log.recv().await.unwrap()];
    cancelled.sort_unstable();
    assert_eq!(cancelled, [(1, "cancelled"), (2, "cancelled")]);
    assert!(first(Vec::<Started<i32>>::new()).await.is_none());
}

/// A set that is dropped cancels what is in it, and one that was taken out is cancelled alone.
#[tokio::test]
async fn dropped_calls_of_a_set() {
    let (events, mut log) = mpsc::unbounded_channel();
    let (_server, client) = world(cancellable(events), "reliable").await;
    let mut calls: CallSet<_> = (1..4).map(|value| wait(&client, value)).collect();
    for _ in 0..3 {
        assert_eq!(log.recv().await.unwrap().1, "begun");
    }
    drop(calls.remove(1));
    assert_eq!(log.recv().await.unwrap(), (2, "cancelled"));
    assert!(calls.remove(1).is_none());
    drop(calls);
    let mut cancelled = [log.recv().await.unwrap(), log.recv().await.unwrap()];
    cancelled.sort_unstable();
    assert_eq!(cancelled, [(1, "cancelled"), (3, "cancelled")]);
}

/// The connection ends with the last of clients and calls.
#[tokio::test]
async fn call_outlives_its_client_and_goes_to_another_task() {
    for transport in TRANSPORTS {
        let calc = Calc::default();
        let (_server, client) = world(common::server(calc.clone()), transport).await;
        let started = wait(&client, 5);
        drop(client);
        let task = tokio::spawn(started);
        calc.gate.wait_for(1).await;
        calc.gate.open();
        assert_eq!(task.await.unwrap().unwrap(), 5, "{transport}");
    }
}

#[tokio::test(start_paused = true)]
async fn deadline_of_a_set_is_that_of_each_call() {
    let calc = Calc::default();
    let (_server, client) = world(common::server(calc.clone()), "memory").await;
    let after = |seconds| client.clone().with_deadline(Duration::from_secs(seconds));
    let mut calls: CallSet<_> = [5, 1, 3]
        .map(|seconds| wait(&after(seconds), 0))
        .into_iter()
        .collect();
    let mut order = Vec::new();
    while let Some((number, result)) = calls.next().await {
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
        order.push(number);
    }
    assert_eq!(order, [1, 2, 0]);
}

/// Each is asked when it has something to say, and not when another has.
#[tokio::test]
async fn set_asks_only_calls_that_were_woken() {
    let notify = Arc::new(Notify::new());
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let call = |number: usize| {
        let (notify, asked) = (Arc::clone(&notify), Arc::clone(&asked));
        Box::pin(async move {
            let mut notified = pin!(notify.notified());
            poll_fn(move |cx| {
                asked.lock().unwrap().push(number);
                notified.as_mut().poll(cx)
            })
            .await;
        })
    };
    let mut calls: CallSet<_> = (0..3).map(call).collect();
    let mut next = Box::pin(calls.next());
    assert!(poll_once(next.as_mut()).await.is_pending());
    assert_eq!(*asked.lock().unwrap(), [0, 1, 2]);
    notify.notify_one();
    assert_eq!(next.await.unwrap().0, 0);
    assert_eq!(*asked.lock().unwrap(), [0, 1, 2, 0]);
}

async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test]
#[should_panic(expected = "a call was polled after it had ended")]
async fn call_that_has_ended_is_not_polled_again() {
    let (_server, client) = world(common::server(Calc::default()), "memory").await;
    let mut call = add(&client, 1, 2);
    assert_eq!((&mut call).await.unwrap(), 3);
    let _ = call.await;
}

/// Batching: calls without a reply travel with the call behind them, whose reply says that the server
/// has them all.
#[tokio::test]
async fn calls_without_reply_are_sent_together_with_the_next() {
    const NOTE: Procedure = Procedure::new(PROGRAM, 1, 9, "note").maybe();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = Client::connect(&format!("tcp://{address}")).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let note = || client.call(&NOTE, xdr::Encoder::void, |_| Ok(()));
    let notes: Vec<Started<()>> = (0..5).map(|_| note()).collect();
    let sum = add(&client, 1, 2);
    let mut received = vec![0; 10_000];
    let len = server.read(&mut received).await.unwrap();
    // Each a record of one fragment: its mark, and a header without credential.
    assert_eq!(len, 5 * 44 + 52, "all of them with one system call");
    let last = &received[5 * 44..len];
    let mut reply = vec![0x80, 0, 0, 28];
    reply.extend_from_slice(&last[4..8]);
    reply.extend([0, 0, 0, 1]);
    reply.extend([0; 16]);
    reply.extend([0, 0, 0, 3]);
    server.write_all(&reply).await.unwrap();
    assert_eq!(sum.await.unwrap(), 3);
    assert!(all(notes).await.iter().all(Result::is_ok), "they were sent");
}

/// What cannot be encoded is an error of the call, not of its start.
#[tokio::test]
async fn call_that_cannot_be_sent() {
    const NAMED: Procedure = Procedure::new(PROGRAM, 1, 9, "named");
    let (_server, client) = world(common::server(Calc::default()), "memory").await;
    let fault = || xdr::Error::new(xdr::ErrorKind::InvalidUtf8, 4);
    let call: Started<()> = client.call(&NAMED, |_| Err(fault()), xdr::Decode::decode);
    let error = call.await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Encode(_)));
}

#[tokio::test]
async fn future_that_wakes_itself_lets_others_run() {
    let mut asked = 0;
    let busy = poll_fn(|cx| {
        asked += 1;
        cx.waker().wake_by_ref();
        if asked < 10_000 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    });
    let mut calls = CallSet::from_iter([busy]);
    let first = poll_fn(|cx| Poll::Ready(calls.poll_next(cx).is_pending())).await;
    assert!(first, "it gives way");
    assert_eq!(calls.next().await, Some((0, ())));
}
