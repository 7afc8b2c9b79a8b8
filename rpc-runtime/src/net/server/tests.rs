//! F17: a server that shuts down at any moment of a run, on a clock that moves when everybody waits.

use super::{shutdown::CANCELLED_LIMIT, *};
use crate::{
    Answer, Call, CallError, Caller as _, Client, Outcome, Peer, Procedure, Program, Refusal,
    net::{accept::Listen, stream::StreamTransport},
    record::RECORD_MAX,
};
use bytes::Bytes;
use fastrand::Rng;
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Mutex,
};
use tokio::{
    io::{DuplexStream, duplex},
    runtime::Builder,
    task::JoinHandle,
    time::{Instant, sleep},
};
use xdr::Decode as _;

/// Events of a run; at each of them the server shuts down once. The number of the matrix in release.
const EVENTS: usize = if cfg!(debug_assertions) { 120 } else { 2000 };

/// Events that go on while the server shuts down.
const EVENTS_AFTER: usize = 10;

const SEED: u64 = 17;

/// How long the server waits for its services.
const LIMIT: Duration = Duration::from_secs(2);

/// Bytes that a stream takes without being read: a reply goes over it in many pieces.
const PIPE_LEN: usize = 512;

const PROGRAM: Program = Program::new("Test", 5);
/// Has its result at once.
const QUICK: Procedure = Procedure::new(PROGRAM, 1, 1, "quick");
/// Has a large result at once.
const LARGE: Procedure = Procedure::new(PROGRAM, 1, 2, "large");
/// Has its result after some milliseconds.
const SLOW: Procedure = Procedure::new(PROGRAM, 1, 3, "slow");
/// Has its result when it is cancelled.
const HEEDFUL: Procedure = Procedure::new(PROGRAM, 1, 4, "heedful");
/// Has its result when all have forgotten it.
const STUBBORN: Procedure = Procedure::new(PROGRAM, 1, 5, "stubborn");

/// What the service did about each call.
#[derive(Debug, Default)]
struct Ledger(Mutex<Vec<Entry>>);

#[derive(Debug, Default, Clone, Copy)]
struct Entry {
    begun: bool,
    finished: bool,
}

impl Ledger {
    fn open(&self) -> u32 {
        let mut entries = self.0.lock().unwrap();
        entries.push(Entry::default());
        u32::try_from(entries.len() - 1).unwrap()
    }

    fn with(&self, call: u32, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.0.lock().unwrap();
        change(&mut entries[usize::try_from(call).unwrap()]);
    }

    fn entry(&self, call: u32) -> Entry {
        self.0.lock().unwrap()[usize::try_from(call).unwrap()]
    }
}

/// The service keeps a ledger, which the test has, too.
struct Service(Arc<Ledger>);

fn dispatch(service: Arc<Service>, call: Call) -> Answer {
    Answer::future(async move {
        let ledger = &service.0;
        let id = call.arguments(u32::decode)?;
        ledger.with(id, |entry| {
            assert!(!entry.begun, "it is executed twice");
            entry.begun = true;
        });
        match call.procedure() {
            1 | 2 => {}
            3 => sleep(Duration::from_millis(u64::from(id % 30))).await,
            4 => call.context().cancelled().await,
            5 => sleep(Duration::from_secs(3600)).await,
            _ => return Err(Refusal::ProcUnavail),
        }
        ledger.with(id, |entry| entry.finished = true);
        let len = if call.procedure() == 2 { 20_000 } else { 4 };
        call.reply(|encoder| encoder.encode(&Bytes::from(vec![0; len])))
    })
}

/// A listener that is told what comes.
struct Told(mpsc::UnboundedReceiver<StreamTransport<DuplexStream>>);

impl Listen for Told {
    type Transport = StreamTransport<DuplexStream>;

    async fn accept(&mut self) -> io::Result<Option<Self::Transport>> {
        Ok(self.0.recv().await)
    }
}

/// A call that a client made.
struct Calling {
    id: u32,
    /// Nothing where the caller gave it up.
    result: Option<JoinHandle<Result<(), CallError>>>,
}

struct World {
    rng: Rng,
    /// Whether there are calls that are not answered within the limit.
    has_stubborn: bool,
    ledger: Arc<Ledger>,
    streams: mpsc::UnboundedSender<StreamTransport<DuplexStream>>,
    memory: memory::Connector,
    clients: Vec<Client>,
    calls: Vec<Calling>,
}

impl World {
    async fn new(has_stubborn: bool) -> (Self, Server) {
        let ledger = Arc::<Ledger>::default();
        let service = VersionServer::new(PROGRAM, 1, Service(Arc::clone(&ledger)), dispatch);
        let mut builder = Server::builder().service(service).shutdown_limit(LIMIT);
        let (mut server, common) = builder.assemble().await.unwrap();
        let (streams, told) = mpsc::unbounded_channel();
        let (listener, memory) = memory::channel();
        server.listeners.spawn(accept(Told(told), common.clone()));
        server.listeners.spawn(accept(listener, common));
        let world = Self {
            rng: Rng::with_seed(SEED),
            has_stubborn,
            ledger,
            streams,
            memory,
            clients: Vec::new(),
            calls: Vec::new(),
        };
        (world, server)
    }

    /// Something happens.
    async fn event(&mut self) {
        match self.rng.u8(..20) {
            0 => self.connect(),
            1 if !self.clients.is_empty() => self.disconnect(),
            2 if !self.calls.is_empty() => self.give_up(),
            3..=7 => sleep(Duration::from_millis(self.rng.u64(..10))).await,
            8..=11 => tokio::task::yield_now().await,
            _ => self.call(),
        }
    }

    fn connect(&mut self) {
        let client = if self.rng.bool() {
            self.memory.connect()
        } else {
            let (ours, theirs) = duplex(PIPE_LEN);
            let peer = Peer::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 700));
            let theirs = StreamTransport::over(theirs, peer, RECORD_MAX);
            // A server that has shut down drops it.
            let _ = self.streams.send(theirs);
            Client::new(StreamTransport::over(ours, peer, RECORD_MAX))
        };
        self.clients.push(client);
    }

    fn disconnect(&mut self) {
        let place = self.rng.usize(..self.clients.len());
        self.clients.swap_remove(place);
    }

    fn give_up(&mut self) {
        let place = self.rng.usize(..self.calls.len());
        if let Some(result) = self.calls[place].result.take() {
            result.abort();
        }
    }

    fn call(&mut self) {
        if self.clients.is_empty() {
            self.connect();
        }
        let client = self.clients[self.rng.usize(..self.clients.len())].clone();
        let procedure = match self.rng.u8(..100) {
            0..=4 if self.has_stubborn => STUBBORN,
            5..=9 if self.has_stubborn => HEEDFUL,
            10..=29 => LARGE,
            30..=59 => SLOW,
            _ => QUICK,
        };
        let id = self.ledger.open();
        let call = async move {
            let client = client.with_deadline(Duration::from_secs(1 << 20));
            let encode = |encoder: &mut xdr::Encoder| encoder.encode(&id);
            let decode = |decoder: &mut xdr::Decoder<'_>| Bytes::decode(decoder).map(drop);
            client.call(&procedure, encode, decode).await
        };
        let result = Some(tokio::spawn(call));
        self.calls.push(Calling { id, result });
    }

    /// Waits for the end of all calls: each has its result, or is known not to have been executed, or
    /// is one of those that the server has reported.
    async fn check(self, report: ShutdownReport) {
        let mut without_answer = 0;
        for Calling { id, result } in self.calls {
            let Some(result) = result else { continue };
            let entry = self.ledger.entry(id);
            match result.await.unwrap() {
                Ok(()) => assert!(entry.finished),
                Err(error) if error.outcome() == Outcome::NotExecuted => assert!(!entry.begun),
                Err(_) => without_answer += u64::from(entry.begun),
            }
        }
        assert!(
            without_answer <= report.aborted,
            "{without_answer}: {report:?}"
        );
        assert!(!report.all_answered || without_answer == 0, "{report:?}");
    }
}

/// Runs until this event and shuts down; gives what the server reported.
async fn run(has_stubborn: bool, shut_down_at: usize) -> ShutdownReport {
    let (mut world, server) = World::new(has_stubborn).await;
    for _ in 0..shut_down_at {
        world.event().await;
    }
    let begin = Instant::now();
    let shut_down = tokio::spawn(server.shutdown());
    for _ in 0..EVENTS_AFTER {
        world.event().await;
    }
    let report = shut_down.await.unwrap();
    // The time for the services, for those that are cancelled, and for peers that do not end.
    assert!(begin.elapsed() <= LIMIT + 2 * CANCELLED_LIMIT);
    world.check(report).await;
    report
}

/// Shuts a server down at each event of a run; gives the reports.
fn shut_down_at_each_event(has_stubborn: bool) -> Vec<ShutdownReport> {
    let shut_down_at = |event| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let report = run(has_stubborn, event).await;
            // Time for the clients to learn that nobody needs them, and to end.
            sleep(Duration::from_secs(10)).await;
            let tasks = Handle::current().metrics().num_alive_tasks();
            assert_eq!(tasks, 0, "after event {event}");
            report
        })
    };
    (0..EVENTS).map(shut_down_at).collect()
}

#[test]
fn f17_server_of_streams_answers_all_calls_wherever_it_shuts_down() {
    let reports = shut_down_at_each_event(false);
    assert!(reports.iter().all(|report| report.all_answered));
    assert!(reports.iter().any(|report| report.answered > 1));
}

#[test]
fn f17_server_of_streams_reports_what_it_gives_up() {
    let reports = shut_down_at_each_event(true);
    assert!(reports.iter().any(|report| report.aborted > 0));
    assert!(reports.iter().any(|report| report.all_answered));
}
