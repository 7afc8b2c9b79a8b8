//! What services know of the time and the end of their calls.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use rpc_runtime::{
    AcceptStat, Answer, Call, CallError, CallErrorKind, Caller, Client, Context, Outcome,
    Procedure, Program, Refusal, Server, ServerBuilder, VersionServer, memory,
};
use tokio::sync::{Notify, mpsc};
use xdr::Decode as _;

const PROGRAM: Program = Program::new("Test", 5);
/// Ends when it is cancelled.
const WAIT: Procedure = Procedure::new(PROGRAM, 1, 1, "wait");
/// Blocks its thread until it is cancelled.
const BLOCK: Procedure = Procedure::new(PROGRAM, 1, 2, "block");
/// Has a deadline.
const URGENT: Procedure = Procedure::new(PROGRAM, 1, 3, "urgent").with_deadline(URGENT_WITHIN);
/// Panics while it is dropped, after its end: at once, or only after having waited.
const DROP_BOMB: Procedure = Procedure::new(PROGRAM, 1, 4, "drop_bomb");
/// Waits until it is released.
const HOLD: Procedure = Procedure::new(PROGRAM, 1, 5, "hold");

const URGENT_WITHIN: Duration = Duration::from_secs(3);

/// What happens to calls.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Begun,
    Cancelled,
    /// After what time the deadline of a call is.
    DeadlineAfter(Option<Duration>),
}

struct Service {
    events: mpsc::UnboundedSender<Event>,
    urgent: AtomicU32,
    released: Notify,
}

impl Service {
    fn note(&self, event: Event) {
        let _ = self.events.send(event);
    }

    async fn wait(&self, context: &Context) {
        assert!(!context.is_cancelled());
        self.note(Event::Begun);
        context.cancelled().await;
        assert!(context.is_cancelled());
        self.note(Event::Cancelled);
    }

    fn block(&self, context: &Context) {
        self.note(Event::Begun);
        while !context.is_cancelled() {
            std::thread::yield_now();
        }
        self.note(Event::Cancelled);
    }

    fn urgent(&self, context: &Context) {
        let arrived = context.arrived().unwrap();
        let deadline = context.deadline().map(|deadline| deadline - arrived);
        self.note(Event::DeadlineAfter(deadline));
        self.urgent.fetch_add(1, Relaxed);
    }
}

/// Something that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "the drop of a service panics");
    }
}

fn dispatch(service: Arc<Service>, call: Call) -> Answer {
    match call.procedure() {
        1 => Answer::future(async move {
            service.wait(call.context()).await;
            call.reply(xdr::Encoder::void)
        }),
        2 => Answer::blocking(move || {
            service.block(call.context());
            call.reply(xdr::Encoder::void)
        }),
        3 => Answer::future(async move {
            service.urgent(call.context());
            call.reply(xdr::Encoder::void)
        }),
        4 => {
            // Captured, so that it is dropped with the future and not by its code.
            let bomb = Bomb;
            let mut polls = call.arguments(u32::decode).unwrap();
            let mut reply = Some(call.reply(xdr::Encoder::void));
            Answer::future(std::future::poll_fn(move |cx| {
                let _armed = &bomb;
                if polls > 0 {
                    polls -= 1;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(reply.take().unwrap())
            }))
        }
        5 => Answer::future(async move {
            service.note(Event::Begun);
            service.released.notified().await;
            call.reply(xdr::Encoder::void)
        }),
        _ => Answer::refuse(Refusal::ProcUnavail),
    }
}

fn service() -> (ServerBuilder, Arc<Service>, mpsc::UnboundedReceiver<Event>) {
    let (events, received) = mpsc::unbounded_channel();
    let service = Arc::new(Service {
        events,
        urgent: AtomicU32::new(0),
        released: Notify::new(),
    });
    let server = VersionServer::new(PROGRAM, 1, Arc::clone(&service), |service, call| {
        dispatch(Arc::clone(&service), call)
    });
    let builder = Server::builder().service(server.describes(&[URGENT]));
    (builder, service, received)
}

async fn call(client: &Client, procedure: &Procedure) -> Result<(), CallError> {
    let nothing = xdr::Encoder::void;
    client.call(procedure, nothing, |_| Ok(())).await
}

fn assert_system_err(error: &CallError) {
    let kind = error.kind();
    let is_system_err = matches!(kind, CallErrorKind::Accepted(AcceptStat::SystemErr));
    assert!(is_system_err, "{error}");
}

/// A server of everything, and a client of it over one transport.
async fn world(builder: ServerBuilder, transport: &str) -> (Server, Client) {
    let (listener, connector) = memory::channel();
    let builder = builder.memory(listener).tcp("127.0.0.1:0");
    let server = builder.udp("127.0.0.1:0").start().await.unwrap();
    let client = match transport {
        "memory" => Ok(connector.connect()),
        "tcp" => Client::connect(&format!("tcp://{}", server.tcp_addr().unwrap())).await,
        _ => Client::connect(&format!("{transport}://{}", server.udp_addr().unwrap())).await,
    };
    (server, client.unwrap())
}

/// The client's end of the connection, or its word where there is no connection, ends the call.
#[tokio::test]
async fn service_learns_that_its_caller_is_gone() {
    for transport in ["memory", "tcp", "reliable"] {
        for procedure in [WAIT, BLOCK] {
            let (builder, _, mut events) = service();
            let (server, client) = world(builder, transport).await;
            let calling = tokio::spawn(async move { call(&client, &procedure).await });
            assert_eq!(events.recv().await, Some(Event::Begun));
            calling.abort();
            assert_eq!(events.recv().await, Some(Event::Cancelled), "{transport}");
            drop(server);
        }
    }
}

/// Others of the same client go on.
#[tokio::test]
async fn reliable_call_is_cancelled_alone() {
    let (builder, _, mut events) = service();
    let (server, client) = world(builder, "reliable").await;
    let calling = {
        let client = client.clone();
        tokio::spawn(async move { call(&client, &WAIT).await })
    };
    assert_eq!(events.recv().await, Some(Event::Begun));
    let other = tokio::spawn(async move { call(&client, &BLOCK).await });
    assert_eq!(events.recv().await, Some(Event::Begun));
    calling.abort();
    assert_eq!(events.recv().await, Some(Event::Cancelled));
    tokio::task::yield_now().await;
    assert!(events.try_recv().is_err(), "the other is not cancelled");
    other.abort();
    assert_eq!(events.recv().await, Some(Event::Cancelled));
    drop(server);
}

#[tokio::test]
async fn services_learn_that_the_time_to_shut_down_is_over() {
    for procedure in [WAIT, BLOCK] {
        let (builder, _, mut events) = service();
        let builder = builder.shutdown_limit(Duration::ZERO);
        let (server, client) = world(builder, "memory").await;
        let calling = tokio::spawn(async move { call(&client, &procedure).await });
        assert_eq!(events.recv().await, Some(Event::Begun));
        assert!(!server.shutdown().await.all_answered);
        assert_eq!(events.recv().await, Some(Event::Cancelled));
        let _ = calling.await.unwrap();
    }
}

#[tokio::test]
async fn services_learn_that_their_server_is_dropped() {
    let (builder, _, mut events) = service();
    let (server, client) = world(builder, "memory").await;
    let calling = tokio::spawn(async move { call(&client, &BLOCK).await });
    assert_eq!(events.recv().await, Some(Event::Begun));
    drop(server);
    assert_eq!(events.recv().await, Some(Event::Cancelled));
    calling.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn deadline_is_that_of_the_interface() {
    let (builder, _, mut events) = service();
    let (_server, client) = world(builder, "memory").await;
    call(&client, &URGENT).await.unwrap();
    let expected = Event::DeadlineAfter(Some(URGENT_WITHIN));
    assert_eq!(events.recv().await, Some(expected));
}

/// It waits behind another until nobody waits for it any more.
#[tokio::test(start_paused = true)]
async fn call_whose_deadline_has_passed_is_not_begun() {
    let (builder, service, mut events) = service();
    let (_server, client) = world(builder.calls_max(1), "memory").await;
    let client = client.with_deadline(10 * URGENT_WITHIN);
    let mut calls = [HOLD, URGENT].map(|procedure| {
        let client = client.clone();
        tokio::spawn(async move { call(&client, &procedure).await })
    });
    assert_eq!(events.recv().await, Some(Event::Begun));
    tokio::time::sleep(URGENT_WITHIN).await;
    service.released.notify_one();
    let [held, urgent] = &mut calls;
    held.await.unwrap().unwrap();
    assert_system_err(&urgent.await.unwrap().unwrap_err());
    assert_eq!(service.urgent.load(Relaxed), 0);
    call(&client, &URGENT).await.unwrap();
    assert_eq!(service.urgent.load(Relaxed), 1);
}

/// A service that panics once its result is there has failed all the same, and is no reason for
/// anything else to fail.
#[tokio::test]
async fn panic_while_a_service_is_dropped() {
    for transport in ["memory", "reliable"] {
        let (builder, _, _events) = service();
        let (server, client) = world(builder, transport).await;
        for polls in [0_u32, 1] {
            let encode = |encoder: &mut xdr::Encoder| encoder.encode(&polls);
            let ended = client.call(&DROP_BOMB, encode, |_| Ok(())).await;
            let error = ended.unwrap_err();
            assert_system_err(&error);
            assert_eq!(error.outcome(), Outcome::Unknown);
        }
        call(&client, &URGENT).await.unwrap();
        drop(client);
        assert!(server.shutdown().await.all_answered);
    }
}
