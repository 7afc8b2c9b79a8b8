//! A client and a server of ORD/1, a network between them, and a clock that only the test moves.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZeroU64,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rpc_runtime::datagram::{
    CallId, CallOptions, CallToken, ClientAssociation, ClientSettings, Ended, ServerEndpoint,
    ServerSettings,
    packet::{Header, Packet, PacketType},
};

/// The time of a packet from one end to the other.
pub(crate) const DELAY: Duration = Duration::from_millis(5);

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// A packet that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) way: Way,
    pub(crate) header: Header,
    pub(crate) datagram: Bytes,
}

/// Says of the n-th packet of a kind whether it arrives.
type Fate = Box<dyn FnMut(&Sent) -> bool>;

pub(crate) struct Pair {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) client: ClientAssociation,
    pub(crate) server: ServerEndpoint,
    /// The address of the client, as the server sees it.
    pub(crate) address: SocketAddr,
    /// All packets, whether they arrived or not.
    pub(crate) sent: Vec<Sent>,
    pub(crate) fate: Fate,
    /// Whether calls are taken from the queue.
    pub(crate) takes_calls: bool,
    /// How long a call takes.
    pub(crate) service: Duration,
    /// What a call gives; without it, its own message.
    pub(crate) reply_len: Option<usize>,
    /// The calls that were executed, in their order.
    pub(crate) executed: Vec<CallToken>,
    pub(crate) cancelled: Vec<CallToken>,
    pub(crate) ended: Vec<(Duration, CallId, Ended)>,
    under_way: BTreeMap<(Instant, usize), Event>,
    events: usize,
}

enum Event {
    ToServer(SocketAddr, Bytes),
    ToClient(Bytes),
    Result(CallToken, Bytes),
}

pub(crate) const SECRET: [u8; 16] = [3; 16];

pub(crate) fn epoch(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

pub(crate) fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], port))
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(ClientSettings::default(), ServerSettings::default())
    }

    pub(crate) fn with(client: ClientSettings, server: ServerSettings) -> Self {
        let start = Instant::now();
        Self {
            start,
            now: start,
            client: ClientAssociation::new(client, 0xc11e, 5, start),
            server: ServerEndpoint::new(server, epoch(0xe1), SECRET, start),
            address: address(700),
            sent: Vec::new(),
            fate: Box::new(|_| true),
            takes_calls: true,
            service: Duration::ZERO,
            reply_len: None,
            executed: Vec::new(),
            cancelled: Vec::new(),
            ended: Vec::new(),
            under_way: BTreeMap::new(),
            events: 0,
        }
    }

    /// The time since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Begins a call of so many bytes.
    pub(crate) fn start(&mut self, len: usize) -> CallId {
        self.start_with(len, CallOptions::default())
    }

    pub(crate) fn start_with(&mut self, len: usize, options: CallOptions) -> CallId {
        let message = message(len);
        let id = self.client.start(self.now, message, options).unwrap();
        self.collect();
        id
    }

    /// Makes a call and gives its end.
    pub(crate) fn call(&mut self, len: usize) -> Ended {
        let id = self.start(len);
        self.end_of(id)
    }

    /// Runs until a call has ended.
    pub(crate) fn end_of(&mut self, id: CallId) -> Ended {
        loop {
            if let Some((_, _, ended)) = self.ended.iter().find(|(_, ended, _)| *ended == id) {
                return ended.clone();
            }
            assert!(self.step(None), "nothing is due, and {id} has not ended");
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(Some(end)) {}
        self.now = end;
    }

    /// Runs until nothing is under way or due.
    pub(crate) fn settle(&mut self) {
        self.run(Duration::from_secs(3));
    }

    /// Starts the server anew.
    pub(crate) fn restart_server(&mut self, epoch: NonZeroU64, settings: ServerSettings) {
        self.server = ServerEndpoint::new(settings, epoch, SECRET, self.now);
        self.under_way
            .retain(|_, event| !matches!(event, Event::Result(..)));
    }

    /// Packets of a type that were sent.
    pub(crate) fn count(&self, packet_type: PacketType) -> usize {
        self.of(packet_type).count()
    }

    pub(crate) fn of(&self, packet_type: PacketType) -> impl Iterator<Item = &Sent> {
        self.sent
            .iter()
            .filter(move |sent| sent.header.packet_type == packet_type)
    }

    /// Gives the server a datagram now.
    pub(crate) fn deliver_to_server(&mut self, source: SocketAddr, datagram: &[u8]) {
        self.server.receive(self.now, source, datagram);
        self.collect();
    }

    pub(crate) fn deliver_to_client(&mut self, datagram: &[u8]) {
        self.client.receive(self.now, datagram);
        self.collect();
    }

    /// Gives a call up.
    pub(crate) fn cancel(&mut self, id: CallId) {
        self.client.cancel(self.now, id);
        self.collect();
    }

    /// Does what is next, unless that comes after an end; says whether there was anything.
    fn step(&mut self, end: Option<Instant>) -> bool {
        let arrival = self.under_way.first_key_value().map(|((at, _), _)| *at);
        let timeouts = [
            arrival,
            self.client.next_timeout(),
            self.server.next_timeout(),
        ];
        let Some(next) = timeouts.into_iter().flatten().min() else {
            return false;
        };
        if end.is_some_and(|end| next > end) {
            return false;
        }
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let (_, event) = self.under_way.pop_first().unwrap();
            match event {
                Event::ToServer(source, datagram) => {
                    self.server.receive(self.now, source, &datagram);
                }
                Event::ToClient(datagram) => self.client.receive(self.now, &datagram),
                Event::Result(token, result) => self.server.reply(self.now, token, result),
            }
        } else {
            self.client.expire(self.now);
            self.server.expire(self.now);
        }
        self.collect();
        true
    }

    /// Takes what both ends have to give.
    pub(crate) fn collect(&mut self) {
        while let Some(datagram) = self.client.next_transmit(self.now) {
            let event = Event::ToServer(self.address, datagram.clone());
            self.send(Way::ToServer, datagram, event);
        }
        while let Some((path, datagram)) = self.server.next_transmit(self.now) {
            let event = Event::ToClient(datagram.clone());
            let arrives = path.remote == self.address;
            if arrives {
                self.send(Way::ToClient, datagram, event);
            }
        }
        while let Some(call) = self
            .takes_calls
            .then(|| self.server.next_call(self.now))
            .flatten()
        {
            self.executed.push(call.token);
            let result = self.reply_len.map_or(call.message, message);
            let at = self.now + self.service;
            self.schedule(at, Event::Result(call.token, result));
        }
        while let Some(token) = self.server.next_cancelled() {
            self.cancelled.push(token);
        }
        while let Some((id, ended)) = self.client.next_end() {
            self.ended.push((self.now - self.start, id, ended));
        }
    }

    fn send(&mut self, way: Way, datagram: Bytes, event: Event) {
        let header = Packet::parse(&datagram).unwrap().header;
        let sent = Sent {
            at: self.elapsed(),
            way,
            header,
            datagram,
        };
        if (self.fate)(&sent) {
            self.schedule(self.now + DELAY, event);
        }
        self.sent.push(sent);
    }

    fn schedule(&mut self, at: Instant, event: Event) {
        self.events += 1;
        self.under_way.insert((at, self.events), event);
    }
}

/// Bytes that differ from place to place.
pub(crate) fn message(len: usize) -> Bytes {
    (0..len)
        .map(|place| u8::try_from(place * 7 % 251).unwrap())
        .collect()
}

/// Loses these packets of a type, counted from 0.
pub(crate) fn lose(packet_type: PacketType, which: &'static [usize]) -> Fate {
    let mut seen = 0;
    Box::new(move |sent| {
        if sent.header.packet_type != packet_type {
            return true;
        }
        seen += 1;
        !which.contains(&(seen - 1))
    })
}
