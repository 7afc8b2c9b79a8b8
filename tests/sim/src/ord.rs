//! ORD/1, the reliable datagram protocol.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    num::NonZeroU64,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rpc_runtime::{
    Outcome,
    datagram::{
        self, CallId, CallOptions, CallToken, ClientAssociation, ClientSettings, Reason,
        ServerEndpoint, ServerSettings, mutants::Mutant,
    },
};

use crate::{
    random::mixed,
    world::{self, Ended, Execution, Order, World},
};

/// ORD/1, with what its ends are set to.
#[derive(Debug, Clone, Default)]
pub struct Ord {
    /// The clients' settings.
    pub client: ClientSettings,
    /// The server's settings.
    pub server: ServerSettings,
    /// When clients cancel their calls, if they do.
    pub deadline: Option<Duration>,
}

impl Ord {
    /// The same with a rule removed at both ends.
    #[must_use]
    pub fn without(mut self, mutant: Mutant) -> Self {
        self.client.mutants = self.client.mutants.with(mutant);
        self.server.mutants = self.server.mutants.with(mutant);
        self
    }

    /// The same with a server that remembers little longer than calls may be late.
    #[must_use]
    pub fn forgetful(mut self) -> Self {
        self.server.fresh = Duration::from_secs(20);
        self.server.keep = Duration::from_secs(24);
        self
    }

    /// The same with clients that wait so long for a sign of the server.
    #[must_use]
    pub fn patient(mut self, dead: Duration) -> Self {
        self.client.dead = dead;
        self
    }
}

impl World for Ord {
    type Client = OrdClient;
    type Server = OrdServer;

    fn client(&self, number: u64, now: Instant) -> OrdClient {
        let settings = self.client.clone();
        OrdClient {
            association: ClientAssociation::new(settings, mixed(number), number, now),
            deadline: self.deadline,
            open: HashMap::new(),
        }
    }

    fn server(&self, number: u64, now: Instant) -> OrdServer {
        let epoch = NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN);
        let secret = u128::from(mixed(number)).to_be_bytes();
        OrdServer {
            settings: self.server.clone(),
            endpoint: ServerEndpoint::new(self.server.clone(), epoch, secret, now),
            running: HashMap::new(),
            faults: VecDeque::new(),
        }
    }

    fn hears_damaged(&self) -> bool {
        true
    }
}

/// A client process.
#[derive(Debug)]
pub struct OrdClient {
    association: ClientAssociation,
    deadline: Option<Duration>,
    open: HashMap<CallId, u64>,
}

impl world::Client for OrdClient {
    fn start(&mut self, now: Instant, number: u64, arguments: Bytes) -> bool {
        let deadline = self.deadline.map(|deadline| now + deadline);
        let options = CallOptions::default().deadline(deadline);
        match self.association.start(now, arguments, options) {
            Ok(call) => self.open.insert(call, number).is_none(),
            Err(_) => false,
        }
    }

    fn receive(&mut self, now: Instant, datagram: Bytes) {
        self.association.receive(now, &datagram);
    }

    fn expire(&mut self, now: Instant) {
        self.association.expire(now);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.association.next_timeout()
    }

    fn next_transmit(&mut self, now: Instant) -> Option<Bytes> {
        self.association.next_transmit(now)
    }

    fn next_end(&mut self) -> Option<(u64, Ended)> {
        let (call, ended) = self.association.next_end()?;
        let number = self.open.remove(&call).unwrap_or(u64::MAX);
        let failure = match ended {
            datagram::Ended::Reply(result) => return Some((number, Ended::Ok(result))),
            datagram::Ended::Failed(failure) => failure,
        };
        let reason = name(failure.reason());
        let ended = match failure.outcome() {
            Outcome::NotExecuted => Ended::NotExecuted(reason),
            Outcome::ResultLost => Ended::ResultLost(reason),
            Outcome::Unknown => Ended::Unknown(reason),
        };
        Some((number, ended))
    }

    fn pings(&self) -> u64 {
        self.association.counters().pings
    }
}

/// A reason in a word.
fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::Silence => "silence",
        Reason::DeadlineExceeded => "deadline",
        Reason::Cancelled => "cancelled",
        Reason::ServerRestarted => "server restarted",
        Reason::StalePin => "stale pin",
        Reason::Refused => "refused",
        Reason::Busy => "busy",
        Reason::FuturePin => "future pin",
        Reason::TooLarge => "too large",
        Reason::Draining => "draining",
        Reason::SeqReused => "number reused",
        Reason::ReplyEvicted => "reply evicted",
        Reason::ReplyTooLarge => "reply too large",
        _ => "another reason",
    }
}

/// A server process.
#[derive(Debug)]
pub struct OrdServer {
    settings: ServerSettings,
    endpoint: ServerEndpoint,
    /// What runs in each channel and was not cancelled.
    running: HashMap<(u64, u32), CallToken>,
    faults: VecDeque<String>,
}

impl OrdServer {
    /// Notes which of the running calls nobody waits for any more.
    fn note_cancelled(&mut self) {
        while let Some(token) = self.endpoint.next_cancelled() {
            self.ended(token);
        }
    }

    fn ended(&mut self, token: CallToken) {
        let channel = (token.client_id, token.activity);
        if self.running.get(&channel) == Some(&token) {
            self.running.remove(&channel);
        }
    }
}

impl world::Server for OrdServer {
    type Ticket = CallToken;

    fn receive(&mut self, now: Instant, source: SocketAddr, datagram: Bytes) {
        self.endpoint.receive(now, source, &datagram);
    }

    fn next_call(&mut self, now: Instant) -> Option<Execution<CallToken>> {
        let call = self.endpoint.next_call(now)?;
        self.note_cancelled();
        let ticket = call.token;
        let channel = (ticket.client_id, ticket.activity);
        if let Some(other) = self.running.insert(channel, ticket) {
            self.faults
                .push_back(format!("A7: {ticket} is executed beside {other}"));
        }
        Some(Execution {
            ticket,
            arguments: call.message,
            order: Some(Order {
                channel,
                number: ticket.seq,
            }),
        })
    }

    fn reply(&mut self, now: Instant, ticket: CallToken, result: Bytes) {
        self.note_cancelled();
        self.ended(ticket);
        self.endpoint.reply(now, ticket, result);
    }

    fn drain(&mut self, now: Instant) {
        self.endpoint.drain(now);
    }

    fn is_drained(&self, now: Instant) -> bool {
        self.endpoint.is_drained(now)
    }

    fn expire(&mut self, now: Instant) {
        self.endpoint.expire(now);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.endpoint.next_timeout()
    }

    fn next_transmit(&mut self, now: Instant) -> Option<(SocketAddr, Bytes)> {
        let (path, datagram) = self.endpoint.next_transmit(now)?;
        Some((path.remote, datagram))
    }

    fn fault(&mut self) -> Option<String> {
        let (usage, limits) = (self.endpoint.usage(), &self.settings);
        let is_within = usage.associations <= limits.associations
            && usage.records <= limits.records
            && usage.reassembly_bytes <= limits.reassembly_bytes
            && usage.reply_bytes <= limits.reply_bytes
            && usage.queued <= limits.queue;
        if !is_within {
            return Some(format!("A9: a budget is exceeded: {usage:?}"));
        }
        self.faults.pop_front()
    }
}
