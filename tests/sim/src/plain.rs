//! Plain ONC RPC over UDP: the transactions of the client, the duplicate request cache and the
//! dispatcher of the server.
//!
//! What it promises holds while the server stays up, a client keeps its address, and no copy of a
//! call comes later than the cache remembers.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, DefaultHasher},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rpc_runtime::{
    AcceptStat, Answer, CacheLimits, Call, CallError, CallErrorKind, CallHeader, Dispatcher,
    DuplicateRequestCache, Message, OpaqueAuth, Outcome, Peer, Procedure, Program, Refusal,
    ReplyBody, ReplyHeader, VersionServer, Xid,
    dispatch::{Arrival, Dispatched, Execution as Running},
    duplicate_request_cache::{Admission, CallKey},
    transaction::{self, CallKind, Transactions, XidSequence},
};
use xdr::{Decoder, Encoder};

use crate::world::{self, Ended, Execution, World};

const PROGRAM: Program = Program::new("Simulated", 0x2000_0001);
const PROCEDURE: Procedure = PROGRAM.procedure(1, 1, "simulated");

/// Bytes that arguments and results may have.
const PAYLOAD_MAX: u32 = 60_000;

/// Plain ONC RPC over UDP.
#[derive(Debug, Clone)]
pub struct Plain {
    /// How long a call may take.
    pub deadline: Duration,
    /// What the cache of the server may hold; without limits there is no cache.
    pub cache: Option<CacheLimits>,
    /// Where the xids of each client begin, if not anywhere.
    pub first_xid: Option<u32>,
}

impl Default for Plain {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            cache: Some(CacheLimits::UDP),
            first_xid: None,
        }
    }
}

impl World for Plain {
    type Client = PlainClient;
    type Server = PlainServer;

    fn client(&self, number: u64, _: Instant) -> PlainClient {
        let [.., a, b, c, d] = number.to_be_bytes();
        let anywhere = u32::from_be_bytes([a, b, c, d]);
        PlainClient {
            deadline: self.deadline,
            transactions: Transactions::unreliable(number),
            xids: XidSequence::new(self.first_xid.unwrap_or(anywhere)),
            open: HashMap::new(),
            outgoing: VecDeque::new(),
            ended: VecDeque::new(),
        }
    }

    fn server(&self, _: u64, _: Instant) -> PlainServer {
        let jobs = Arc::new(Jobs::default());
        let server = VersionServer::new(PROGRAM, 1, Service(Arc::clone(&jobs)), dispatch);
        let mut dispatcher = Dispatcher::new();
        let registered = dispatcher.register(server);
        assert!(registered.is_ok(), "the first of its version");
        let cache = |limits| DuplicateRequestCache::new(limits, BuildHasherDefault::default());
        PlainServer {
            dispatcher,
            cache: self.cache.map(cache),
            jobs,
            running: HashMap::new(),
            outgoing: VecDeque::new(),
        }
    }

    fn hears_damaged(&self) -> bool {
        false
    }
}

/// A client's calls in flight.
#[derive(Debug)]
pub struct PlainClient {
    deadline: Duration,
    transactions: Transactions,
    xids: XidSequence,
    /// The numbers of the calls, by their xids.
    open: HashMap<Xid, u64>,
    outgoing: VecDeque<Message>,
    ended: VecDeque<(u64, Ended)>,
}

impl PlainClient {
    /// Takes the end of a transaction, if it has ended.
    fn poll(&mut self, xid: Xid) {
        let Poll::Ready(completion) = self.transactions.poll(xid, Waker::noop()) else {
            return;
        };
        if let Some(number) = self.open.remove(&xid) {
            let ended = ended(&completion);
            self.ended.push_back((number, ended));
        }
    }
}

/// What the caller is told, as a client of the runtime tells it.
fn ended(completion: &transaction::Completion) -> Ended {
    let kind = match &completion.ended {
        transaction::Ended::Reply(message) => {
            let mut decoder = Decoder::new(message);
            match decoder.decode::<ReplyHeader>().map(|header| header.body) {
                Ok(ReplyBody::Accepted {
                    stat: AcceptStat::Success,
                    ..
                }) => match decoder.opaque(PAYLOAD_MAX) {
                    Ok(result) => return Ended::Ok(result),
                    Err(error) => CallErrorKind::Decode(error),
                },
                Ok(ReplyBody::Accepted { stat, .. }) => CallErrorKind::Accepted(stat),
                Ok(ReplyBody::Denied(stat)) => CallErrorKind::Denied(stat),
                Err(error) => CallErrorKind::MalformedReply(error),
            }
        }
        _ => CallErrorKind::DeadlineExceeded,
    };
    let reason = match &kind {
        CallErrorKind::DeadlineExceeded => "deadline",
        CallErrorKind::Accepted(AcceptStat::SystemErr) => "SYSTEM_ERR",
        _ => "refusal",
    };
    match CallError::new(kind, PROCEDURE, completion.transmissions).outcome() {
        Outcome::NotExecuted => Ended::NotExecuted(reason),
        Outcome::ResultLost => Ended::ResultLost(reason),
        Outcome::Unknown => Ended::Unknown(reason),
    }
}

impl world::Client for PlainClient {
    fn start(&mut self, now: Instant, number: u64, arguments: Bytes) -> bool {
        let deadline = now + self.deadline;
        let Some(xid) = self
            .transactions
            .open(&self.xids, deadline, CallKind::AtMostOnce)
        else {
            return false;
        };
        let mut encoder = Encoder::new();
        let header = CallHeader::new(xid, &PROCEDURE, OpaqueAuth::NONE);
        let outcome = encoder.encode(&header);
        let outcome = outcome.and_then(|()| encoder.opaque(&arguments, PAYLOAD_MAX));
        assert!(outcome.is_ok(), "arguments are small");
        let message = Message::new(Peer::Memory, encoder.finish());
        self.open.insert(xid, number);
        if self.transactions.transmit(xid, &message, now) {
            self.outgoing.push_back(message);
        }
        true
    }

    fn receive(&mut self, now: Instant, datagram: Bytes) {
        let xid = Xid::of_reply(&datagram);
        self.transactions.receive(datagram, now);
        if let Some(xid) = xid {
            self.poll(xid);
        }
    }

    fn expire(&mut self, now: Instant) {
        self.transactions
            .expire(now, &mut self.outgoing, &mut Vec::new());
        let mut open: Vec<(u64, Xid)> = self.open.iter().map(|(xid, n)| (*n, *xid)).collect();
        open.sort_unstable_by_key(|(number, _)| *number);
        for (_, xid) in open {
            self.poll(xid);
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.transactions.next_timeout()
    }

    fn next_transmit(&mut self, _: Instant) -> Option<Bytes> {
        self.outgoing.pop_front().map(|message| message.to_bytes())
    }

    fn next_end(&mut self) -> Option<(u64, Ended)> {
        self.ended.pop_front()
    }

    fn pings(&self) -> u64 {
        0
    }
}

/// Calls that wait for the simulated service, and results that wait for their calls.
#[derive(Debug, Default)]
struct Jobs {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Calls that came.
    come: u64,
    calls: VecDeque<(u64, Bytes)>,
    results: HashMap<u64, Bytes>,
}

impl Jobs {
    fn with<T>(&self, work: impl FnOnce(&mut Waiting) -> T) -> T {
        work(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Queues a call for the simulated service, and waits for its result.
    async fn execute(&self, arguments: Bytes) -> Bytes {
        let job = self.with(|waiting| {
            waiting.come += 1;
            waiting.calls.push_back((waiting.come, arguments));
            waiting.come
        });
        std::future::poll_fn(|_| {
            let result = self.with(|waiting| waiting.results.remove(&job));
            result.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

struct Service(Arc<Jobs>);

fn dispatch(service: Arc<Service>, call: Call) -> Answer {
    if call.procedure() != PROCEDURE.number() {
        return Answer::refuse(Refusal::ProcUnavail);
    }
    Answer::future(async move {
        let arguments = call.arguments(|decoder| decoder.opaque(PAYLOAD_MAX))?;
        let result = service.0.execute(arguments).await;
        call.reply(|encoder| encoder.opaque(&result, PAYLOAD_MAX))
    })
}

/// A server: what it serves, what it remembers, what it is working on.
#[derive(Debug)]
pub struct PlainServer {
    dispatcher: Dispatcher,
    cache: Option<DuplicateRequestCache<BuildHasherDefault<DefaultHasher>>>,
    jobs: Arc<Jobs>,
    running: HashMap<u64, (Running, Option<CallKey>)>,
    outgoing: VecDeque<Message>,
}

impl PlainServer {
    /// Polls an execution; keeps it under the number of its job while it waits.
    fn poll(&mut self, now: Instant, job: u64, mut running: Running, key: Option<CallKey>) {
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut running).poll(&mut cx) {
            Poll::Pending => {
                self.running.insert(job, (running, key));
            }
            Poll::Ready(reply) => self.answer(now, key, reply),
        }
    }

    fn answer(&mut self, now: Instant, key: Option<CallKey>, reply: Option<Message>) {
        if let (Some(cache), Some(key)) = (&mut self.cache, key) {
            cache.complete(now, key, reply.as_ref());
        }
        self.outgoing.extend(reply);
    }

    fn begin(&mut self, now: Instant, dispatched: Dispatched, key: Option<CallKey>) {
        match dispatched {
            Dispatched::Reply(reply) => self.answer(now, key, Some(reply)),
            Dispatched::Execution(running) => {
                // The first poll queues the call, under this number.
                let job = self.jobs.with(|waiting| waiting.come + 1);
                self.poll(now, job, running, key);
            }
            _ => {}
        }
    }
}

impl world::Server for PlainServer {
    type Ticket = u64;

    fn receive(&mut self, now: Instant, source: SocketAddr, datagram: Bytes) {
        let Self {
            dispatcher, cache, ..
        } = self;
        let (dispatched, key) = match dispatcher.accept(&datagram, Peer::Udp(source.into()), now) {
            Arrival::Other(dispatched) => (dispatched, None),
            Arrival::Call(call) => {
                let admission = cache.as_mut().map(|cache| cache.admit(now, &call));
                match admission.unwrap_or(Admission::Execute(None)) {
                    Admission::Execute(key) => (call.execute(), key),
                    Admission::InProgress(_) => return,
                    Admission::Answer(reply) => return self.outgoing.extend(reply),
                }
            }
        };
        self.begin(now, dispatched, key);
    }

    fn next_call(&mut self, _: Instant) -> Option<Execution<u64>> {
        let (ticket, arguments) = self.jobs.with(|waiting| waiting.calls.pop_front())?;
        Some(Execution {
            ticket,
            arguments,
            order: None,
        })
    }

    fn reply(&mut self, now: Instant, ticket: u64, result: Bytes) {
        self.jobs
            .with(|waiting| waiting.results.insert(ticket, result));
        if let Some((running, key)) = self.running.remove(&ticket) {
            self.poll(now, ticket, running, key);
        }
    }

    fn drain(&mut self, _: Instant) {}

    fn is_drained(&self, _: Instant) -> bool {
        false
    }

    fn expire(&mut self, _: Instant) {}

    fn next_timeout(&self) -> Option<Instant> {
        None
    }

    fn next_transmit(&mut self, _: Instant) -> Option<(SocketAddr, Bytes)> {
        let message = self.outgoing.pop_front()?;
        Some((message.to().address()?, message.to_bytes()))
    }

    fn fault(&mut self) -> Option<String> {
        None
    }
}
