//! A client over a transport that a script controls, on a clock that only moves when all wait.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use common::{Calc, CalcClient, server};
use rpc_runtime::{
    CallErrorKind, Caller, Client, Dispatcher, Message, Outcome, Peer, Received, Transport,
    dispatch::Dispatched, record::RECORD_MAX,
};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::Instant,
};

/// A transport whose other end is the test.
struct Scripted {
    is_reliable: bool,
    message_max: usize,
    /// Messages that it takes until it is given room for more, or an error.
    room: usize,
    more_room: UnboundedReceiver<io::Result<usize>>,
    sent: UnboundedSender<Vec<(Instant, Bytes)>>,
    /// Messages to receive, and the errors that end the transport.
    incoming: UnboundedReceiver<io::Result<Bytes>>,
}

/// The test's end.
struct Script {
    /// The batches that the client sent, with the times.
    sent: UnboundedReceiver<Vec<(Instant, Bytes)>>,
    incoming: UnboundedSender<io::Result<Bytes>>,
    more_room: UnboundedSender<io::Result<usize>>,
}

fn scripted() -> (Scripted, Script) {
    let (sent, sent_receiver) = mpsc::unbounded_channel();
    let (incoming_sender, incoming) = mpsc::unbounded_channel();
    let (more_room_sender, more_room) = mpsc::unbounded_channel();
    let transport = Scripted {
        is_reliable: false,
        message_max: RECORD_MAX,
        room: usize::MAX,
        more_room,
        sent,
        incoming,
    };
    let script = Script {
        sent: sent_receiver,
        incoming: incoming_sender,
        more_room: more_room_sender,
    };
    (transport, script)
}

fn client(transport: Scripted) -> CalcClient {
    CalcClient(Client::new(transport))
}

impl Transport for Scripted {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        while !messages.is_empty() {
            while self.room == 0 {
                // A script that is gone gives no room.
                let Poll::Ready(Some(room)) = self.more_room.poll_recv(cx) else {
                    return Poll::Pending;
                };
                self.room = room?;
            }
            let now = Instant::now();
            let count = self.room.min(messages.len());
            let batch = messages.drain(..count);
            let batch = batch.map(|message| (now, message.to_bytes()));
            // A test that has ended looks at nothing more.
            let _ = self.sent.send(batch.collect());
            self.room -= count;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        self.incoming.poll_recv(cx).map(|received| {
            let message = received.transpose()?;
            let from = Peer::Memory;
            messages.extend(message.map(|message| Received::new(from, message)));
            Ok(messages.len())
        })
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn peer(&self) -> Peer {
        Peer::Memory
    }

    fn is_reliable(&self) -> bool {
        self.is_reliable
    }

    fn message_max(&self) -> usize {
        self.message_max
    }
}

impl Script {
    /// The next message that the client sent.
    async fn next(&mut self) -> (Instant, Bytes) {
        let batch = self.sent.recv().await.unwrap();
        assert_eq!(batch.len(), 1);
        batch.into_iter().next().unwrap()
    }

    /// Messages that the client sends from now on, one by one, before time goes on.
    async fn next_at_once(&mut self) -> Option<Bytes> {
        // The clock only moves once every task waits.
        let batch = tokio::time::timeout(Duration::from_millis(1), self.sent.recv()).await;
        let batch = batch.ok()??;
        assert_eq!(batch.len(), 1);
        batch.into_iter().next().map(|(_, message)| message)
    }

    fn answer(&self, message: Bytes) {
        self.incoming.send(Ok(message)).unwrap();
    }
}

/// The reply of the service to a call that it can answer at once.
fn reply_to(call: &Bytes) -> Bytes {
    let mut dispatcher = Dispatcher::new();
    dispatcher.register(server(Calc::default())).unwrap();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    match dispatcher.dispatch(call, Peer::Memory, Instant::now().into()) {
        Dispatched::Reply(reply) => reply.to_bytes(),
        Dispatched::Execution(mut execution) => {
            match std::pin::Pin::new(&mut execution).poll(&mut cx) {
                Poll::Ready(reply) => reply.unwrap().to_bytes(),
                Poll::Pending => panic!("it cannot be answered at once"),
            }
        }
        other => panic!("{other:?}"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn same_bytes_again_and_again_until_the_deadline() {
    let (transport, mut script) = scripted();
    let client = client(transport);
    let start = Instant::now();
    let error = client.add(1, 2).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
    assert_eq!(error.outcome(), Outcome::Unknown);
    // The clock of tokio counts in milliseconds.
    let tick = Duration::from_millis(1);
    assert!(start.elapsed() >= seconds(30) && start.elapsed() <= seconds(30) + tick);

    let (mut sent_at, first) = script.next().await;
    assert_eq!(sent_at, start);
    for timeout in [1, 2, 4, 4, 4].map(seconds) {
        let (at, again) = script.next().await;
        assert_eq!(again, first);
        let waited = at - sent_at;
        assert!(
            timeout <= waited && waited <= timeout * 9 / 8 + tick,
            "{waited:?}"
        );
        sent_at = at;
    }
}

#[tokio::test(start_paused = true)]
async fn reply_to_a_later_copy() {
    let (transport, mut script) = scripted();
    let client = client(transport);
    let call = tokio::spawn(async move { client.add(1, 2).await });
    script.next().await;
    script.next().await;
    let (_, third) = script.next().await;
    script.answer(reply_to(&third));
    assert_eq!(call.await.unwrap().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn duplicate_and_foreign_replies_are_ignored() {
    let (transport, mut script) = scripted();
    let client = client(transport);
    for value in 0..10 {
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.add(value, 1).await }
        });
        let (_, message) = script.next().await;
        let reply = reply_to(&message);
        let mut foreign = reply.to_vec();
        foreign[0] ^= 0x40;
        script.answer(foreign.into());
        script.answer(Bytes::from_static(b"no reply"));
        script.answer(message);
        for _ in 0..3 {
            script.answer(reply.clone());
        }
        assert_eq!(call.await.unwrap().unwrap(), value + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn refusal_of_a_retransmission_proves_nothing() {
    for (copies, expected) in [(1, Outcome::NotExecuted), (2, Outcome::Unknown)] {
        let (transport, mut script) = scripted();
        let client = client(transport);
        let call = tokio::spawn(async move {
            let nothing = xdr::Encoder::void;
            client.0.call(&common::ADD, nothing, |_| Ok(())).await
        });
        for _ in 1..copies {
            script.next().await;
        }
        let (_, message) = script.next().await;
        script.answer(reply_to(&message));
        let error = call.await.unwrap().unwrap_err();
        assert!(
            matches!(error.kind(), CallErrorKind::Accepted(_)),
            "{error}"
        );
        assert_eq!(error.outcome(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_call_is_not_sent_again() {
    let (transport, mut script) = scripted();
    let client = client(transport);
    let dropped = tokio::time::timeout(seconds(5), client.add(1, 2)).await;
    assert!(dropped.is_err());
    let mut copies = 0;
    while script.sent.try_recv().is_ok() {
        copies += 1;
    }
    assert_eq!(copies, 3, "at 0, 1 and 3 seconds");
    tokio::time::sleep(seconds(1000)).await;
    assert!(script.sent.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn call_dropped_before_it_is_sent_is_not_sent() {
    let (transport, mut script) = scripted();
    let client = client(transport);
    let nothing = xdr::Encoder::void;
    let dropped = client.0.call(&common::ADD, nothing, |_| Ok(()));
    let sent = client.0.call(&common::WAIT, nothing, |_| Ok(()));
    drop(dropped);
    let (_, message) = script.next().await;
    assert_eq!(
        message[20..24],
        [0, 0, 0, 3],
        "the procedure that was not dropped"
    );
    drop(sent);
}

#[tokio::test(start_paused = true)]
async fn clients_share_one_sequence_of_xids() {
    let mut xids = Vec::new();
    for _ in 0..20 {
        let (transport, mut script) = scripted();
        let client = client(transport);
        for _ in 0..5 {
            let client = client.clone();
            tokio::spawn(async move { client.add(1, 2).await });
        }
        let batch = script.sent.recv().await.unwrap();
        xids.extend(batch.iter().map(|(_, call)| call.slice(..4)));
    }
    xids.sort_unstable();
    xids.dedup();
    assert_eq!(xids.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn call_above_the_limit_is_not_sent() {
    let (mut transport, mut script) = scripted();
    transport.message_max = 1000;
    let client = client(transport);
    let error = client.echo(vec![0; 1000]).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        CallErrorKind::TooLarge {
            len: 1044,
            max: 1000
        }
    ));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    assert!(script.sent.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn call_that_the_transport_never_took_was_not_executed() {
    let (mut transport, _script) = scripted();
    transport.room = 0;
    let client = client(transport);
    let (first, second) = tokio::join!(client.add(1, 2), async {
        tokio::time::sleep(seconds(1)).await;
        client.add(3, 4).await
    });
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert!(matches!(error.kind(), CallErrorKind::DeadlineExceeded));
        assert_eq!(error.outcome(), Outcome::NotExecuted);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_connection_ends_the_calls() {
    let (mut transport, mut script) = scripted();
    transport.is_reliable = true;
    let client = client(transport);
    let sent = tokio::spawn({
        let client = client.clone();
        async move { client.add(1, 2).await }
    });
    script.next().await;
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    script.incoming.send(Err(reset)).unwrap();
    let error = sent.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::Unknown);
    let error = client.add(1, 2).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

#[tokio::test(start_paused = true)]
async fn calls_queued_behind_a_transport_that_waits_go_when_it_goes_on() {
    let (mut transport, mut script) = scripted();
    transport.room = 1;
    let client = client(transport);
    let nothing = xdr::Encoder::void;
    let call = |procedure| client.0.call(procedure, nothing, |_| Ok(()));
    let _first = (call(&common::ADD), call(&common::ADD));
    assert!(
        script.next_at_once().await.is_some(),
        "there is room for one"
    );
    let _queued = call(&common::WAIT);
    assert!(script.next_at_once().await.is_none());
    script.more_room.send(Ok(1)).unwrap();
    script.more_room.send(Ok(1)).unwrap();
    assert!(script.next_at_once().await.is_some());
    let queued = script.next_at_once().await.expect("nothing is in its way");
    assert_eq!(queued[20..24], [0, 0, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn no_copies_gather_while_the_transport_takes_nothing() {
    for copies_sent in [0, 1] {
        let (mut transport, mut script) = scripted();
        transport.room = copies_sent;
        let client = client(transport);
        let call = tokio::spawn(async move { client.add(1, 2).await });
        tokio::time::sleep(seconds(10)).await;
        for _ in 0..copies_sent {
            script.next().await;
        }
        script.more_room.send(Ok(100)).unwrap();
        let message = script.next_at_once().await.unwrap();
        assert!(script.next_at_once().await.is_none(), "one is enough");
        script.answer(reply_to(&message));
        assert_eq!(call.await.unwrap().unwrap(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn reply_that_came_before_sending_fails_is_taken() {
    let (mut transport, mut script) = scripted();
    (transport.is_reliable, transport.room) = (true, 1);
    let client = client(transport);
    let answered = tokio::spawn({
        let client = client.clone();
        async move { client.add(1, 2).await }
    });
    let (_, message) = script.next().await;
    let nothing = xdr::Encoder::void;
    let unsent = client.0.call(&common::WAIT, nothing, |_| Ok(()));
    script.answer(reply_to(&message));
    let broken = io::Error::from(io::ErrorKind::BrokenPipe);
    script.more_room.send(Err(broken)).unwrap();
    assert_eq!(answered.await.unwrap().unwrap(), 3);
    let error = unsent.await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

#[tokio::test(start_paused = true)]
async fn lost_connection_that_took_nothing() {
    let (mut transport, script) = scripted();
    transport.room = 0;
    let client = client(transport);
    let call = tokio::spawn(async move { client.add(1, 2).await });
    tokio::task::yield_now().await;
    drop(script);
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

#[tokio::test(start_paused = true)]
async fn calls_that_gather_are_sent_together() {
    let (transport, mut script) = scripted();
    let client = client(transport);
    for value in 0..64 {
        let client = client.clone();
        tokio::spawn(async move { client.add(value, 0).await });
    }
    assert_eq!(script.sent.recv().await.unwrap().len(), 64);
}

#[tokio::test(start_paused = true)]
async fn every_call_succeeds_at_30_percent_loss() {
    let (transport, mut script) = scripted();
    let client = CalcClient(client(transport).0.with_deadline(seconds(3600)));
    let copies = Arc::new(Mutex::new(0));
    tokio::spawn({
        let copies = Arc::clone(&copies);
        async move {
            let mut loss = fastrand::Rng::with_seed(7);
            while let Some(batch) = script.sent.recv().await {
                for (_, call) in batch {
                    *copies.lock().unwrap() += 1;
                    if loss.u32(..10) >= 3 && loss.u32(..10) >= 3 {
                        // The last calls end while replies to other copies are on the way.
                        let _ = script.incoming.send(Ok(reply_to(&call)));
                    }
                }
            }
        }
    });
    let calls: Vec<_> = (0..500)
        .map(|value| {
            let client = client.clone();
            tokio::spawn(async move { client.add(value, 1).await })
        })
        .collect();
    for (value, call) in (0..).zip(calls) {
        assert_eq!(call.await.unwrap().unwrap(), value + 1);
    }
    assert!(*copies.lock().unwrap() > 700, "about half were lost");
}

#[test]
fn runtime_that_ends_takes_no_caller_along() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let (transport, _script) = scripted();
    let ended = runtime();
    let client = ended.block_on(async { client(transport) });
    drop(ended);
    let error = runtime().block_on(client.add(1, 2)).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}
