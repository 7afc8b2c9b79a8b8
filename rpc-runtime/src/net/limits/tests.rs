//! Each limit with the attack that needs it, over streams within the process and on a clock that
//! moves when everybody waits.

use super::*;
use crate::{
    Answer, Call, CallHeader, Dispatcher, OpaqueAuth, Peer, Procedure, Program, Refusal,
    VersionServer, Xid,
    net::{
        accept::{Listen, accept},
        load::Load,
        server_connection::{Common, Phase},
        stream::StreamTransport,
        workers::Workers,
    },
    record,
};
use bytes::Bytes;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
    time::{Instant, advance, sleep, timeout},
};

const PROGRAM: Program = Program::new("Test", 5);

/// Answered at once, by a word.
const QUICK: u32 = 1;
/// Answered at once, by 64 KiB.
const LARGE: u32 = 2;
/// Answered once the gate is open, by 64 KiB.
const SLOW: u32 = 3;

static BODY: [u8; 64 << 10] = [7; 64 << 10];

/// Bytes that a stream takes without being read, in each direction.
const PIPE_LEN: usize = 4096;

type Accepted = io::Result<StreamTransport<DuplexStream>>;

/// A listener that is told what comes.
struct Told(mpsc::UnboundedReceiver<Accepted>);

impl Listen for Told {
    type Transport = StreamTransport<DuplexStream>;

    async fn accept(&mut self) -> io::Result<Option<Self::Transport>> {
        self.0.recv().await.transpose()
    }
}

/// A server, and what leads to it.
struct Served {
    listener: mpsc::UnboundedSender<Accepted>,
    gate: Arc<Semaphore>,
    record_max: usize,
    load: Arc<Load>,
    end: watch::Sender<Phase>,
    accepting: JoinHandle<()>,
}

impl Served {
    fn with(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let limits = change(crate::Server::builder()).server_limits;
        let gate = Arc::new(Semaphore::new(0));
        let mut dispatcher = Dispatcher::new();
        let server = VersionServer::new(PROGRAM, 1, Service(Arc::clone(&gate)), dispatch);
        dispatcher.register(server).unwrap();
        let (end, phase) = watch::channel(Phase::Running);
        let load = Arc::new(Load::new(&limits, mpsc::channel(1).0));
        let record_max = limits.record_max;
        let common = Common {
            dispatcher: Arc::new(dispatcher),
            cache: None,
            load: Arc::clone(&load),
            limits: Arc::new(limits),
            workers: Arc::new(Workers::new(1, 0, |work| work())),
            totals: Arc::default(),
            phase,
        };
        let (listener, accepted) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(accept(Told(accepted), common));
        Self {
            listener,
            gate,
            record_max,
            load,
            end,
            accepting,
        }
    }

    /// A connection from this address.
    fn connect(&self, from: &str) -> DuplexStream {
        let (ours, theirs) = duplex(PIPE_LEN);
        let peer = Peer::Tcp(SocketAddr::new(from.parse().unwrap(), 700));
        let transport = StreamTransport::over(theirs, peer, self.record_max);
        assert!(self.listener.send(Ok(transport)).is_ok());
        ours
    }

    /// A connection from an address that has no others.
    fn peer(&self) -> DuplexStream {
        self.connect("192.0.2.1")
    }

    /// Ends the server; all that it counted is gone then.
    async fn end(self) {
        self.end.send_replace(Phase::Draining);
        self.gate.add_permits(1 << 20);
        drop(self.listener);
        self.accepting.await.unwrap();
        assert_eq!(self.load.counts(), (0, 0, 0));
    }
}

struct Service(Arc<Semaphore>);

fn dispatch(service: Arc<Service>, call: Call) -> Answer {
    Answer::future(async move {
        if call.procedure() == SLOW {
            let permit = service.0.acquire().await;
            permit.map_err(|_| Refusal::SystemErr)?.forget();
        }
        match call.procedure() {
            QUICK => call.reply(|encoder| encoder.encode(&1_u32)),
            _ => call.reply(|encoder| encoder.encode(&Bytes::from_static(&BODY))),
        }
    })
}

/// A call, as a record.
fn call(xid: u32, procedure: u32) -> Vec<u8> {
    let procedure = Procedure::new(PROGRAM, 1, procedure, "any");
    let mut encoder = xdr::Encoder::new();
    let header = CallHeader::new(Xid(xid), &procedure, OpaqueAuth::NONE);
    encoder.encode(&header).unwrap();
    let message = encoder.finish();
    let mark = record::mark(message.len()).unwrap();
    [&mark[..], &message].concat()
}

/// Receives a reply: its xid, and the number of the other words in it.
async fn reply(stream: &mut DuplexStream) -> (u32, u32) {
    let len = stream.read_u32().await.unwrap() & !record::LAST_FRAGMENT;
    let mut reply = vec![0; usize::try_from(len).unwrap()];
    stream.read_exact(&mut reply).await.unwrap();
    let xid = u32::from_be_bytes(*reply.first_chunk().unwrap());
    (xid, len / 4 - 1)
}

/// The words of a reply behind its xid.
const QUICK_LEN: u32 = 6;
const LARGE_LEN: u32 = 6 + (64 << 10) / 4;
const SYSTEM_ERR_LEN: u32 = 5;

async fn is_served(stream: &mut DuplexStream) -> bool {
    stream.write_all(&call(9, QUICK)).await.is_ok() && reply(stream).await == (9, QUICK_LEN)
}

/// Waits until the server ends a connection that has nothing more to say; gives the seconds that it
/// took, on the clock of the test.
async fn closed(stream: &mut DuplexStream) -> u64 {
    let begun = Instant::now();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    begun.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn h13_record_of_a_byte_a_second() {
    let served = Served::with(|builder| builder);
    let (mut slow, mut other) = (served.peer(), served.peer());
    assert!(is_served(&mut slow).await);
    let begun = Instant::now();
    let mut bytes = 0;
    for byte in call(1, QUICK) {
        if slow.write_all(&[byte]).await.is_err() {
            break;
        }
        bytes += 1;
        assert!(is_served(&mut other).await, "nobody else notices");
        sleep(Duration::from_secs(1)).await;
    }
    assert!((30..=31).contains(&bytes));
    assert!((30..=31).contains(&begun.elapsed().as_secs()));
    assert!(is_served(&mut other).await);
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn record_that_comes_slowly_and_in_time() {
    let served = Served::with(|builder| builder);
    let mut slow = served.peer();
    for xid in 1..5 {
        for part in call(xid, QUICK).chunks(2) {
            slow.write_all(part).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(reply(&mut slow).await, (xid, QUICK_LEN));
    }
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn record_may_wait_for_a_server_that_does_not_read() {
    let served = Served::with(|builder| builder.calls_max(1));
    let mut peer = served.peer();
    let (begin, rest) = (call(2, QUICK), call(2, QUICK).split_off(10));
    peer.write_all(&call(1, SLOW)).await.unwrap();
    peer.write_all(&call(3, QUICK)).await.unwrap();
    peer.write_all(&begin[..10]).await.unwrap();
    sleep(Duration::from_secs(100)).await;
    served.gate.add_permits(1);
    assert_eq!(reply(&mut peer).await, (1, LARGE_LEN));
    assert_eq!(reply(&mut peer).await, (3, QUICK_LEN));
    peer.write_all(&rest).await.unwrap();
    assert_eq!(reply(&mut peer).await, (2, QUICK_LEN));
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn h13_peer_that_never_reads_its_replies() {
    let served = Served::with(|builder| builder);
    let (mut deaf, mut other) = (served.peer(), served.peer());
    let begun = Instant::now();
    let calls = call(1, LARGE).repeat(1000);
    assert!(deaf.write_all(&calls).await.is_err(), "it is cut off");
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert!(is_served(&mut other).await);
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn h13_peer_that_reads_a_byte_a_second() {
    let served = Served::with(|builder| builder);
    let mut slow = served.peer();
    slow.write_all(&call(1, LARGE)).await.unwrap();
    let begun = Instant::now();
    let mut bytes = 0;
    while slow.read_u8().await.is_ok() {
        bytes += 1;
        if begun.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_secs(1)).await;
        }
    }
    // A byte a second until it was cut off, and what was in the pipe by then.
    assert!((PIPE_LEN + 30..=PIPE_LEN + 32).contains(&bytes), "{bytes}");
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn peer_that_reads_slowly_gets_its_replies() {
    let served = Served::with(|builder| builder);
    let mut slow = served.peer();
    slow.write_all(&call(1, LARGE).repeat(10)).await.unwrap();
    let mut left = 10 * (4 + 4 + 4 * usize::try_from(LARGE_LEN).unwrap());
    let mut part = [0; 1024];
    while left > 0 {
        left -= slow.read(&mut part).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    assert!(is_served(&mut slow).await);
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn h13_replies_wait_up_to_a_limit() {
    let served = Served::with(|builder| builder.reply_bytes_max(1 << 20));
    let (mut greedy, mut other) = (served.peer(), served.peer());
    // Each call is small, and all of them are begun before the first is answered.
    for xid in 0..100 {
        greedy.write_all(&call(xid, SLOW)).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    served.gate.add_permits(100);
    let begun = Instant::now();
    let mut received = Vec::new();
    greedy.read_to_end(&mut received).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 0, "no deadline was needed");
    assert!(received.len() < 2 << 20, "of more than 6 MiB");
    assert!(is_served(&mut other).await);
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_reply_may_wait_whatever_its_length() {
    let served = Served::with(|builder| builder.reply_bytes_max(10));
    let mut peer = served.peer();
    for xid in 0..3 {
        peer.write_all(&call(xid, LARGE)).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(reply(&mut peer).await, (xid, LARGE_LEN));
    }
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn h12_idle_connections_are_closed() {
    let served = Served::with(|builder| builder);
    let mut idle: Vec<_> = (0..1000).map(|_| served.peer()).collect();
    let (mut busy, mut waiting) = (served.peer(), served.peer());
    waiting.write_all(&call(1, SLOW)).await.unwrap();
    for _ in 0..12 {
        sleep(Duration::from_secs(60)).await;
        assert!(is_served(&mut busy).await);
    }
    for stream in &mut idle {
        assert_eq!(closed(stream).await, 0);
    }
    assert_eq!(served.load.counts(), (2, 1, 1));
    sleep(Duration::from_secs(1000)).await;
    served.gate.add_permits(1);
    assert_eq!(reply(&mut waiting).await, (1, LARGE_LEN));
    assert!((360..=720).contains(&closed(&mut waiting).await));
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn deadlines_can_be_switched_off() {
    let served = Served::with(|builder| {
        let builder = builder.record_deadline(None).write_deadline(None);
        builder.idle_timeout(None)
    });
    let mut peer = served.peer();
    advance(Duration::from_secs(10_000)).await;
    let (begin, rest) = (call(1, LARGE), call(1, LARGE).split_off(10));
    peer.write_all(&begin[..10]).await.unwrap();
    sleep(Duration::from_secs(10_000)).await;
    peer.write_all(&rest).await.unwrap();
    sleep(Duration::from_secs(10_000)).await;
    assert_eq!(reply(&mut peer).await, (1, LARGE_LEN));
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn connections_are_limited() {
    let served = Served::with(|builder| builder.connections_max(3));
    let mut first: Vec<_> = (0..3).map(|_| served.connect("::1")).collect();
    for stream in &mut first {
        assert!(is_served(stream).await);
    }
    assert_eq!(closed(&mut served.peer()).await, 0);
    assert!(is_served(&mut first[0]).await);
    first.pop();
    sleep(Duration::from_secs(2)).await;
    assert!(is_served(&mut served.peer()).await, "there is room again");
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn h12_connections_of_one_address_are_limited() {
    let served = Served::with(|builder| builder.connections_per_address_max(2));
    let same = [
        ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"],
        ["2001:db8::1", "2001:db8::ffff:2:3:4", "2001:db8::5"],
    ];
    let mut taken = Vec::new();
    for [first, second, third] in same {
        taken.extend([served.connect(first), served.connect(second)]);
        assert_eq!(closed(&mut served.connect(third)).await, 0);
    }
    for other in [
        "192.0.2.2",
        "2001:db8:0:1::1",
        "127.0.0.1",
        "127.0.0.1",
        "127.0.0.1",
    ] {
        taken.push(served.connect(other));
    }
    for stream in &mut taken {
        assert!(is_served(stream).await);
    }
    served.end().await;
    let served =
        Served::with(|builder| builder.connections_per_address_max(1).limits_loopback(true));
    let mut first = served.connect("::1");
    assert_eq!(closed(&mut served.connect("::1")).await, 0);
    assert!(is_served(&mut first).await);
    served.end().await;
}

/// Whether nothing comes for a while.
async fn is_silent(stream: &mut DuplexStream) -> bool {
    timeout(Duration::from_secs(5), reply(stream))
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn calls_of_all_connections_wait_for_room() {
    let served = Served::with(|builder| builder.calls_total_max(4));
    let (mut first, mut second) = (served.peer(), served.peer());
    let mut others: Vec<_> = (0..10).map(|_| served.peer()).collect();
    for xid in 0..3 {
        first.write_all(&call(xid, SLOW)).await.unwrap();
        second.write_all(&call(xid, SLOW)).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(served.load.counts().2, 4);
    for stream in &mut others {
        stream.write_all(&call(5, QUICK)).await.unwrap();
    }
    assert!(is_silent(&mut others[0]).await);
    // One that waits gives up: another has its turn.
    drop(others.remove(0));
    served.gate.add_permits(6);
    for stream in &mut others {
        assert_eq!(reply(stream).await, (5, QUICK_LEN));
    }
    for stream in [&mut first, &mut second] {
        for _ in 0..3 {
            assert_eq!(reply(stream).await.1, LARGE_LEN);
        }
    }
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_shed_are_answered_at_once() {
    let served = Served::with(|builder| {
        builder
            .calls_total_max(3)
            .calls_max(2)
            .overload(Overload::Shed)
    });
    let (mut first, mut second) = (served.peer(), served.peer());
    for xid in 0..3 {
        first.write_all(&call(xid, SLOW)).await.unwrap();
    }
    assert_eq!(
        reply(&mut first).await,
        (2, SYSTEM_ERR_LEN),
        "of its connection"
    );
    for xid in 0..3 {
        second.write_all(&call(xid, SLOW)).await.unwrap();
    }
    for xid in 1..3 {
        assert_eq!(
            reply(&mut second).await,
            (xid, SYSTEM_ERR_LEN),
            "of the server"
        );
    }
    served.gate.add_permits(3);
    assert_eq!(reply(&mut second).await, (0, LARGE_LEN));
    assert!(is_served(&mut second).await);
    let mut answered = [reply(&mut first).await.0, reply(&mut first).await.0];
    answered.sort_unstable();
    assert_eq!(answered, [0, 1]);
    served.end().await;
}

#[tokio::test(start_paused = true)]
async fn accepting_survives_its_errors() {
    let served = Served::with(|builder| builder);
    let mut first = served.peer();
    let kinds = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::Interrupted,
        io::ErrorKind::NetworkDown,
        io::ErrorKind::OutOfMemory,
        io::ErrorKind::Other,
    ];
    for kind in kinds {
        assert!(served.listener.send(Err(kind.into())).is_ok());
    }
    assert!(is_served(&mut first).await);
    assert!(is_served(&mut served.peer()).await);
    served.end().await;
}
