//! The threads for services that block.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
        mpsc,
    },
    thread::ThreadId,
    time::Duration,
};

use common::{ADD, Calc, CalcClient};
use rpc_runtime::{
    AcceptStat, Answer, Call, CallError, CallErrorKind, Caller as _, Client, Outcome, Procedure,
    Program, Refusal, Server, ServerBuilder, VersionServer, memory,
};
use tokio::{sync::Semaphore, task::JoinHandle};

const PROGRAM: Program = Program::new("Blocking", 6);
/// Blocks until it is released.
const BLOCK: Procedure = Procedure::new(PROGRAM, 1, 1, "block");
/// Says which thread it is on.
const NOTE: Procedure = Procedure::new(PROGRAM, 1, 2, "note");
const PANIC: Procedure = Procedure::new(PROGRAM, 1, 3, "panic");
/// As `note`, within a time.
const URGENT: Procedure =
    Procedure::new(PROGRAM, 1, 4, "urgent").with_deadline(Duration::from_millis(10));

struct Service {
    begun: Semaphore,
    released: Mutex<mpsc::Receiver<()>>,
    threads: Mutex<Vec<ThreadId>>,
    ended: Arc<AtomicU32>,
}

impl Service {
    fn run(&self, procedure: u32) -> Result<(), Refusal> {
        match procedure {
            1 => {
                self.begun.add_permits(1);
                let released = self.released.lock().unwrap();
                released.recv().map_err(|_| Refusal::SystemErr)?;
            }
            3 => panic!("the service panics"),
            _ => {}
        }
        let thread = std::thread::current().id();
        self.threads.lock().unwrap().push(thread);
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.ended.fetch_add(1, Relaxed);
    }
}

/// What the server keeps of the service, which the test has, too.
struct Served(Arc<Service>);

fn dispatch(served: Arc<Served>, call: Call) -> Answer {
    Answer::blocking(move || {
        served.0.run(call.procedure())?;
        call.reply(xdr::Encoder::void)
    })
}

/// A server with a service that blocks and one that does not.
struct World {
    service: Arc<Service>,
    release: mpsc::Sender<()>,
    server: Server,
    client: Client,
    ended: Arc<AtomicU32>,
}

impl World {
    async fn new(transport: &str, set: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let (release, released) = mpsc::channel();
        let ended = Arc::default();
        let service = Arc::new(Service {
            begun: Semaphore::new(0),
            released: Mutex::new(released),
            threads: Mutex::default(),
            ended: Arc::clone(&ended),
        });
        let (listener, connector) = memory::channel();
        let blocking = VersionServer::new(PROGRAM, 1, Served(Arc::clone(&service)), dispatch);
        let builder = Server::builder()
            .service(blocking.describes(&[URGENT]))
            .service(common::server(Calc::default()))
            .memory(listener)
            .udp("127.0.0.1:0");
        let server = set(builder).start().await.unwrap();
        let client = match transport {
            "memory" => connector.connect(),
            _ => Client::connect(&format!("reliable://{}", server.udp_addr().unwrap()))
                .await
                .unwrap(),
        };
        Self {
            service,
            release,
            server,
            client,
            ended,
        }
    }

    fn start(&self, procedure: Procedure) -> JoinHandle<Result<(), CallError>> {
        let client = self.client.clone().with_deadline(Duration::from_secs(60));
        let call = async move {
            let nothing = xdr::Encoder::void;
            client.call(&procedure, nothing, |_| Ok(())).await
        };
        tokio::spawn(call)
    }

    /// Starts a call that blocks, and waits until it does.
    async fn block(&self) -> JoinHandle<Result<(), CallError>> {
        let call = self.start(BLOCK);
        self.service.begun.acquire().await.unwrap().forget();
        call
    }

    async fn wait_for_queue(&self, queued: usize) {
        while self.server.worker_status().queued < queued {
            tokio::task::yield_now().await;
        }
    }

    async fn add(&self) {
        let client = CalcClient(self.client.clone());
        assert_eq!(client.add(1, 2).await.unwrap(), 3, "{ADD}");
    }
}

fn is_system_err(error: &CallError) -> bool {
    matches!(error.kind(), CallErrorKind::Accepted(AcceptStat::SystemErr))
}

#[tokio::test]
async fn slow_call_stops_nobody_else() {
    for transport in ["memory", "reliable"] {
        let world = World::new(transport, |builder| builder.workers(2)).await;
        let slow = world.block().await;
        for _ in 0..10 {
            world.start(NOTE).await.unwrap().unwrap();
            world.add().await;
        }
        assert!(world.server.worker_status().threads <= 2);
        world.release.send(()).unwrap();
        slow.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn calls_wait_for_a_worker_and_others_go_on() {
    let world = World::new("memory", |builder| builder.workers(1)).await;
    let slow = world.block().await;
    let waiting: Vec<_> = (0..5).map(|_| world.start(NOTE)).collect();
    world.wait_for_queue(5).await;
    let status = world.server.worker_status();
    assert_eq!((status.threads, status.running), (1, 1));
    world.add().await;
    world.release.send(()).unwrap();
    slow.await.unwrap().unwrap();
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    let threads = world.service.threads.lock().unwrap();
    assert_eq!(threads.len(), 6);
    assert!(threads.windows(2).all(|pair| pair[0] == pair[1]));
}

/// What is refused was not executed; the reliable transport can say that.
#[tokio::test]
async fn calls_that_are_too_many_are_refused() {
    let set = |builder: ServerBuilder| builder.workers(1).worker_queue(1);
    for transport in ["memory", "reliable"] {
        let world = World::new(transport, set).await;
        let slow = world.block().await;
        let waiting = world.start(NOTE);
        world.wait_for_queue(1).await;
        let error = world.start(NOTE).await.unwrap().unwrap_err();
        if transport == "memory" {
            assert!(is_system_err(&error), "{error}");
        } else {
            assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
        }
        world.release.send(()).unwrap();
        slow.await.unwrap().unwrap();
        waiting.await.unwrap().unwrap();
        assert_eq!(world.service.threads.lock().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn worker_survives_a_panic() {
    let world = World::new("memory", |builder| builder.workers(1)).await;
    world.start(NOTE).await.unwrap().unwrap();
    let error = world.start(PANIC).await.unwrap().unwrap_err();
    assert!(is_system_err(&error), "{error}");
    world.start(NOTE).await.unwrap().unwrap();
    let threads = world.service.threads.lock().unwrap();
    assert!(matches!(threads[..], [one, other] if one == other));
}

/// It waits for a worker until nobody waits for it.
#[tokio::test]
async fn call_whose_deadline_has_passed_is_not_begun() {
    let world = World::new("memory", |builder| builder.workers(1)).await;
    let slow = world.block().await;
    let late = world.start(URGENT);
    world.wait_for_queue(1).await;
    tokio::time::sleep(2 * URGENT.deadline().unwrap()).await;
    world.release.send(()).unwrap();
    slow.await.unwrap().unwrap();
    assert!(is_system_err(&late.await.unwrap().unwrap_err()));
    assert_eq!(world.service.threads.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn workers_end_with_their_server() {
    for in_order in [true, false] {
        let world = World::new("memory", |builder| builder.workers(3)).await;
        world.start(NOTE).await.unwrap().unwrap();
        let World {
            service,
            server,
            client,
            ended,
            ..
        } = world;
        drop((service, client));
        if in_order {
            assert!(server.shutdown().await.all_answered);
        } else {
            drop(server);
            // The tasks of the server are dropped when the runtime gets to them.
            while ended.load(Relaxed) == 0 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(ended.load(Relaxed), 1);
    }
}
