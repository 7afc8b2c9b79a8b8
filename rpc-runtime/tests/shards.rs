//! A server that divides its connections among threads.
#![cfg(all(feature = "net", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    cell::OnceCell,
    collections::HashSet,
    convert::Infallible,
    future::{pending, poll_fn},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    thread::{self, ThreadId},
    time::Duration,
};

use rpc_runtime::{
    Answer, Call, Caller as _, Client, Procedure, Program, Refusal, Server, ServerBuilder,
    StartError, Started, VersionServer, memory,
};
use tokio::{
    net::TcpListener,
    sync::{
        Semaphore,
        mpsc::{self, error::TryRecvError},
    },
};

const PROGRAM: Program = Program::new("Shards", 7);
/// Has its result at once.
const QUICK: Procedure = Procedure::new(PROGRAM, 1, 1, "quick");
/// Has its result when the test lets it.
const WAIT: Procedure = Procedure::new(PROGRAM, 1, 2, "wait");
/// Has none.
const HANG: Procedure = Procedure::new(PROGRAM, 1, 3, "hang");
/// Has its result from a worker.
const BLOCK: Procedure = Procedure::new(PROGRAM, 1, 4, "block");

/// Connections to two threads, of which one gets none with a probability of 2⁻⁹⁹.
const CONNECTIONS_MAX: usize = 100;

/// What the threads of a server hold until they end.
type Alive = mpsc::Sender<Infallible>;

thread_local! {
    static ALIVE: OnceCell<Alive> = const { OnceCell::new() };
}

struct Service {
    alive: Alive,
    shared: Arc<Shared>,
}

/// What the test has, too.
struct Shared {
    threads: Mutex<Vec<ThreadId>>,
    begun: Semaphore,
    open: Semaphore,
}

fn dispatch(service: Arc<Service>, call: Call) -> Answer {
    let here = thread::current();
    if here.name() == Some("rpc-shard") {
        ALIVE.with(|alive| {
            alive.get_or_init(|| service.alive.clone());
        });
    }
    service.shared.threads.lock().unwrap().push(here.id());
    if call.procedure() == 4 {
        return Answer::blocking(move || call.reply(xdr::Encoder::void));
    }
    Answer::future(async move {
        let shared = &service.shared;
        match call.procedure() {
            1 => {}
            2 => {
                shared.begun.add_permits(1);
                shared.open.acquire().await.unwrap().forget();
                let still_here = thread::current().id() == here.id();
                assert!(still_here, "the call has changed its thread");
            }
            3 => {
                shared.begun.add_permits(1);
                pending::<()>().await;
            }
            _ => return Err(Refusal::ProcUnavail),
        }
        call.reply(xdr::Encoder::void)
    })
}

struct World {
    server: Server,
    shared: Arc<Shared>,
    /// Ends when neither the server nor a thread of it is left.
    is_there: mpsc::Receiver<Infallible>,
}

impl World {
    async fn new(set: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let (alive, is_there) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            threads: Mutex::default(),
            begun: Semaphore::new(0),
            open: Semaphore::new(0),
        });
        let service = Service {
            alive,
            shared: Arc::clone(&shared),
        };
        let service = VersionServer::new(PROGRAM, 1, service, dispatch);
        let builder = Server::builder().service(service).tcp("127.0.0.1:0");
        let server = set(builder).start().await.unwrap();
        Self {
            server,
            shared,
            is_there,
        }
    }

    async fn client(&self) -> Client {
        let address = format!("tcp://{}", self.server.tcp_addr().unwrap());
        Client::connect(&address).await.unwrap()
    }

    /// Makes a call, and says which thread has read it.
    async fn thread_of(&self, client: &Client, procedure: &Procedure) -> ThreadId {
        call(client, procedure).await.unwrap();
        self.shared.threads.lock().unwrap().pop().unwrap()
    }

    /// Opens connections until two threads have some.
    async fn connections(&self) -> Vec<(Client, ThreadId)> {
        let mut connections = Vec::new();
        let mut threads = HashSet::new();
        while threads.len() < 2 {
            assert!(connections.len() < CONNECTIONS_MAX, "all are on one thread");
            let client = self.client().await;
            let thread = self.thread_of(&client, &QUICK).await;
            threads.insert(thread);
            connections.push((client, thread));
        }
        connections
    }

    /// Has each connection make a call, and waits until all have begun.
    async fn begin(
        &self,
        connections: &[(Client, ThreadId)],
        procedure: &Procedure,
    ) -> Vec<Started<()>> {
        let calls: Vec<_> = connections
            .iter()
            .map(|(client, _)| call(client, procedure))
            .collect();
        let count = u32::try_from(calls.len()).unwrap();
        let begun = self.shared.begun.acquire_many(count);
        begun.await.unwrap().forget();
        calls
    }
}

/// Has a call on its way, and gives its result.
fn call(client: &Client, procedure: &Procedure) -> Started<()> {
    client.call(procedure, xdr::Encoder::void, |_| Ok(()))
}

#[tokio::test]
async fn each_connection_has_one_of_several_threads() {
    let world = World::new(|builder| builder.shards(2)).await;
    let connections = world.connections().await;
    let here = thread::current().id();
    for procedure in [&QUICK, &BLOCK, &QUICK] {
        for (client, thread) in &connections {
            assert_ne!(*thread, here);
            assert_eq!(world.thread_of(client, procedure).await, *thread);
        }
    }
    let threads: HashSet<_> = connections.iter().map(|(_, thread)| thread).collect();
    assert_eq!(threads.len(), 2);
}

#[tokio::test]
async fn one_shard_is_the_runtime_that_there_is() {
    for set in [
        |builder| builder,
        |builder: ServerBuilder| builder.shards(1),
    ] {
        let world = World::new(set).await;
        let client = world.client().await;
        let here = thread::current().id();
        assert_eq!(world.thread_of(&client, &QUICK).await, here);
    }
}

#[tokio::test]
async fn what_cannot_be_divided_stays_where_the_server_was_started() {
    let listener = memory::listen("shards").unwrap();
    let set = |builder: ServerBuilder| builder.udp("127.0.0.1:0").memory(listener).shards(3);
    let world = World::new(set).await;
    let udp = world.server.udp_addr().unwrap();
    let here = thread::current().id();
    let memory = "memory:shards".to_owned();
    for address in [memory, format!("udp://{udp}"), format!("reliable://{udp}")] {
        let client = Client::connect(&address).await.unwrap();
        assert_eq!(world.thread_of(&client, &QUICK).await, here, "{address}");
    }
}

#[tokio::test]
async fn shutdown_answers_the_calls_of_all_threads_and_ends_them() {
    let mut world = World::new(|builder| builder.shards(2)).await;
    let connections = world.connections().await;
    let calls = world.begin(&connections, &WAIT).await;
    let mut shutdown = pin!(world.server.shutdown());
    let begun = poll_fn(|cx| Poll::Ready(shutdown.as_mut().poll(cx))).await;
    assert!(begun.is_pending());
    world.shared.open.add_permits(calls.len());
    let report = shutdown.await;
    assert!(report.all_answered);
    let connections = u64::try_from(connections.len()).unwrap();
    assert_eq!((report.answered, report.aborted), (connections, 0));
    assert_eq!(report.connections_closed, connections);
    for call in calls {
        call.await.unwrap();
    }
    let is_there = world.is_there.try_recv();
    assert_eq!(is_there.unwrap_err(), TryRecvError::Disconnected);
}

#[tokio::test]
async fn shutdown_gives_up_the_calls_of_all_threads_and_ends_them() {
    let set = |builder: ServerBuilder| builder.shards(2).shutdown_limit(Duration::ZERO);
    let mut world = World::new(set).await;
    let connections = world.connections().await;
    let calls = world.begin(&connections, &HANG).await;
    let report = world.server.shutdown().await;
    assert!(!report.all_answered);
    let connections = u64::try_from(calls.len()).unwrap();
    assert_eq!((report.answered, report.aborted), (0, connections));
    for call in calls {
        call.await.unwrap_err();
    }
    let is_there = world.is_there.try_recv();
    assert_eq!(is_there.unwrap_err(), TryRecvError::Disconnected);
}

#[tokio::test]
async fn threads_end_when_the_server_is_dropped() {
    let mut world = World::new(|builder| builder.shards(2)).await;
    let connections = world.connections().await;
    let calls = world.begin(&connections, &HANG).await;
    drop(world.server);
    // For as long as it takes, without end if a thread does not.
    assert!(world.is_there.recv().await.is_none());
    for call in calls {
        call.await.unwrap_err();
    }
}

#[tokio::test]
async fn limits_are_those_of_all_threads_together() {
    let world = World::new(|builder| builder.shards(4).connections_max(3)).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let client = world.client().await;
        call(&client, &QUICK).await.unwrap();
        clients.push(client);
    }
    let client = world.client().await;
    call(&client, &QUICK).await.unwrap_err();
}

#[tokio::test]
async fn address_of_another_server_is_not_shared() {
    let world = World::new(|builder| builder.shards(2)).await;
    let taken = world.server.tcp_addr().unwrap().to_string();
    for shards in [1, 2] {
        let second = Server::builder().tcp(&taken).shards(shards).start();
        let error = second.await.unwrap_err();
        assert!(matches!(error, StartError::Listen { address, .. } if address == taken));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = listener.local_addr().unwrap();
    let server = Server::builder().tcp(taken.to_string()).shards(2).start();
    assert!(matches!(server.await, Err(StartError::Listen { .. })));
}
