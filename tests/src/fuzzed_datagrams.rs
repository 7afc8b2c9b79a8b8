//! What holds of ORD/1 whatever comes, and in whatever order: for the fuzz targets `datagram_…`, and
//! for tests of what they began with and found.

use std::{
    collections::HashMap,
    net::SocketAddr,
    num::NonZeroU64,
    time::{Duration, Instant},
};

use rpc_runtime::{
    Outcome,
    checksum::{Checksum as _, Crc32c},
    datagram::{
        CallId, CallOptions, CallToken, ClientAssociation, ClientSettings, Ended, ServerEndpoint,
        ServerSettings,
    },
};
use xdr::Bytes;

/// A target, and what it does with an input.
type Target = (&'static str, fn(&[u8]));

/// The fuzz targets.
pub const TARGETS: [Target; 3] = [
    ("datagram_to_server", to_server),
    ("datagram_to_client", to_client),
    ("datagram_events", events),
];

/// Bytes of replies that the server keeps: few, so that some have to go.
const REPLY_BYTES: usize = 8 << 10;

/// Bytes of calls that it puts together.
const REASSEMBLY_BYTES: usize = 64 << 10;

/// Steps after which all calls have ended, once nothing gets in the way any more.
const STEPS_MAX: usize = 20_000;

/// Takes the input for packets to a server that has a client already. Whatever they are, its memory
/// stays within its budgets, and strangers get no more than they sent.
pub fn to_server(input: &[u8]) {
    let mut session = Session::with_call();
    let stranger = SocketAddr::from(([203, 0, 113, 9], 9));
    let (mut came, mut went) = (0, 0);
    for (mode, packet) in pieces(input) {
        let datagram = forged(mode, packet, &session.last_to_server);
        let source = if mode % 4 == 3 { stranger } else { CLIENT };
        if source == stranger {
            came += datagram.len();
        }
        session.server.receive(session.now, source, &datagram);
        while let Some((path, datagram)) = session.server.next_transmit(session.now) {
            if path.remote == stranger {
                went += datagram.len();
            }
        }
        session.serve();
        session.check_budgets();
        session.advance(Duration::from_millis(u64::from(mode)));
        // A packet that carries a cookie for the stranger's address proves that it receives there.
        assert!(
            went <= came || session.server.counters().migrated > 0,
            "{went} for {came}"
        );
    }
}

/// Takes the input for packets to a client that has calls in flight. Whatever they are, each call has
/// one end.
pub fn to_client(input: &[u8]) {
    let mut session = Session::with_call();
    for len in [10, 5000] {
        session.start(len);
    }
    session.collect();
    for (mode, packet) in pieces(input) {
        let datagram = forged(mode, packet, &session.last_to_client);
        session.client.receive(session.now, &datagram);
        session.collect();
        session.advance(Duration::from_millis(u64::from(mode)));
    }
    let ended = session.ended.len();
    session.ended.sort_by_key(|(id, _)| *id);
    session.ended.dedup_by_key(|(id, _)| *id);
    assert_eq!(session.ended.len(), ended, "a call ended twice");
}

/// Takes the input for what happens: calls, packets that are lost, doubled, damaged or late, time
/// that passes, a server that is started again. All calls end, each was executed at most once, and
/// what its caller was told is true.
pub fn events(input: &[u8]) {
    let mut session = Session::new();
    for &[what, which] in input.as_chunks::<2>().0 {
        session.event(what, usize::from(which));
        session.collect();
        session.serve();
        session.check_budgets();
    }
    session.heal();
    session.check_outcomes();
}

const CLIENT: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)),
    700,
);

/// The pieces of an input, each with a byte before it and one for its length.
fn pieces(input: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let [mode, len, tail @ ..] = rest else {
            return None;
        };
        let (piece, tail) = tail.split_at(usize::from(*len).min(tail.len()));
        rest = tail;
        Some((*mode, piece))
    })
}

/// A packet with the right magic and checksum: of these bytes, or a real one with bytes changed, by
/// pairs of place and value.
fn forged(mode: u8, piece: &[u8], real: &[u8]) -> Vec<u8> {
    let mut datagram = if mode.is_multiple_of(2) {
        let mut datagram = piece.to_vec();
        datagram.resize(piece.len().max(128), 0);
        datagram
    } else {
        let mut datagram = real.to_vec();
        for &[place, value] in piece.as_chunks::<2>().0 {
            if let Some(byte) = datagram.get_mut(usize::from(place)) {
                *byte = value;
            }
        }
        datagram
    };
    if let Some(head) = datagram.get_mut(..8) {
        head.copy_from_slice(b"\0\0\0\0ORD\x01");
    }
    let checksum = Crc32c::of(&datagram).to_be_bytes();
    datagram.splice(..4, checksum);
    datagram
}

/// A client, a server, and what is on the way between them.
struct Session {
    now: Instant,
    client: ClientAssociation,
    server: ServerEndpoint,
    epoch: u64,
    to_server: Vec<Bytes>,
    to_client: Vec<Bytes>,
    last_to_server: Bytes,
    last_to_client: Bytes,
    started: HashMap<CallId, Bytes>,
    executed: HashMap<CallToken, u32>,
    /// Calls that the service works on, with their replies.
    running: Vec<(CallToken, Bytes)>,
    ended: Vec<(CallId, Ended)>,
}

impl Session {
    fn new() -> Self {
        let now = Instant::now();
        let client = ClientSettings {
            activities: 8,
            ..ClientSettings::default()
        };
        Self {
            now,
            client: ClientAssociation::new(client, 0xc11e, 5, now),
            server: server(1, now),
            epoch: 1,
            to_server: Vec::new(),
            to_client: Vec::new(),
            last_to_server: Bytes::new(),
            last_to_client: Bytes::new(),
            started: HashMap::new(),
            executed: HashMap::new(),
            running: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// One that knows each other, after a call.
    fn with_call() -> Self {
        let mut session = Self::new();
        session.start(3);
        session.heal();
        session.check_outcomes();
        session
    }

    fn start(&mut self, len: usize) {
        let number = self.started.len();
        let message: Bytes = (0..=u8::MAX).cycle().skip(number).take(len).collect();
        let started = self
            .client
            .start(self.now, message.clone(), CallOptions::default());
        if let Ok(id) = started {
            self.started.insert(id, message);
        }
    }

    /// What the bytes of an input say.
    fn event(&mut self, what: u8, which: usize) {
        match what % 12 {
            0 => self.start(match which % 5 {
                0 => 1,
                1 => 100,
                2 => 1136,
                3 => 1137,
                _ => 9000,
            }),
            1..=3 => {
                if let Some(datagram) = take(&mut self.to_server, which) {
                    self.server.receive(self.now, CLIENT, &datagram);
                }
            }
            4..=6 => {
                if let Some(datagram) = take(&mut self.to_client, which) {
                    self.client.receive(self.now, &datagram);
                }
            }
            7 => {
                let copy = self
                    .to_server
                    .get(which % self.to_server.len().max(1))
                    .cloned();
                self.to_server.extend(copy);
                let copy = self
                    .to_client
                    .get(which % self.to_client.len().max(1))
                    .cloned();
                self.to_client.extend(copy);
            }
            8 => {
                take(&mut self.to_server, which);
                take(&mut self.to_client, which);
            }
            9 => self.advance(Duration::from_millis(1 << (which % 16))),
            10 => {
                if let Some((token, reply)) = take(&mut self.running, which) {
                    self.server.reply(self.now, token, reply);
                }
            }
            _ => match which % 8 {
                0 => {
                    self.epoch += 1;
                    self.server = server(self.epoch, self.now);
                    self.running.clear();
                }
                1 => self.damage(which),
                2 => {
                    let running: Vec<CallId> = self.in_flight();
                    if let Some(id) = running.get(which % running.len().max(1)) {
                        self.client.cancel(self.now, *id);
                    }
                }
                _ => self.server.expire(self.now),
            },
        }
    }

    /// Changes a byte of what is on the way.
    fn damage(&mut self, which: usize) {
        for datagrams in [&mut self.to_server, &mut self.to_client] {
            let Some(datagram) = datagrams.last_mut() else {
                continue;
            };
            let mut damaged = datagram.to_vec();
            let place = which % damaged.len();
            if let Some(byte) = damaged.get_mut(place) {
                *byte ^= 1 << (which % 8);
            }
            *datagram = damaged.into();
        }
    }

    fn in_flight(&self) -> Vec<CallId> {
        let has_ended = |id: &CallId| self.ended.iter().any(|(ended, _)| ended == id);
        let mut ids: Vec<CallId> = self.started.keys().copied().collect();
        ids.retain(|id| !has_ended(id));
        ids.sort_unstable();
        ids
    }

    /// Lets time pass.
    fn advance(&mut self, time: Duration) {
        self.now += time;
        self.client.expire(self.now);
        self.server.expire(self.now);
        self.collect();
    }

    /// Takes what both ends send, and what has ended.
    fn collect(&mut self) {
        while let Some(datagram) = self.client.next_transmit(self.now) {
            self.last_to_server = datagram.clone();
            self.to_server.push(datagram);
        }
        while let Some((_, datagram)) = self.server.next_transmit(self.now) {
            self.last_to_client = datagram.clone();
            self.to_client.push(datagram);
        }
        while let Some(ended) = self.client.next_end() {
            self.ended.push(ended);
        }
    }

    /// Takes the calls that the server has received.
    fn serve(&mut self) {
        while self.server.next_cancelled().is_some() {}
        while let Some(call) = self.server.next_call(self.now) {
            *self.executed.entry(call.token).or_default() += 1;
            self.running.push((call.token, reply(&call.message)));
        }
    }

    fn check_budgets(&self) {
        let usage = self.server.usage();
        assert!(usage.reply_bytes <= REPLY_BYTES, "{usage:?}");
        assert!(usage.reassembly_bytes <= REASSEMBLY_BYTES, "{usage:?}");
        assert!(usage.records <= 64 && usage.associations <= 16, "{usage:?}");
    }

    /// Lets everything arrive and be answered, until all calls have ended.
    fn heal(&mut self) {
        for _ in 0..STEPS_MAX {
            self.collect();
            for datagram in std::mem::take(&mut self.to_server) {
                self.server.receive(self.now, CLIENT, &datagram);
            }
            self.serve();
            for (token, reply) in std::mem::take(&mut self.running) {
                self.server.reply(self.now, token, reply);
            }
            self.collect();
            for datagram in std::mem::take(&mut self.to_client) {
                self.client.receive(self.now, &datagram);
            }
            self.collect();
            if !self.to_server.is_empty() || !self.to_client.is_empty() {
                continue;
            }
            if self.in_flight().is_empty() {
                return;
            }
            let due = self
                .client
                .next_timeout()
                .expect("a call in flight waits for something");
            let due = due.min(self.server.next_timeout().unwrap_or(due));
            self.advance(
                due.saturating_duration_since(self.now)
                    .max(Duration::from_micros(1)),
            );
        }
        panic!("calls go on for ever: {:?}", self.in_flight());
    }

    /// Compares what callers were told with what was executed.
    fn check_outcomes(&self) {
        for (id, ended) in &self.ended {
            let executed = self.executed.get(id).copied().unwrap_or_default();
            assert!(executed <= 1, "{id} was executed {executed} times");
            match ended {
                Ended::Reply(message) => {
                    assert_eq!(executed, 1, "{id} has a reply");
                    assert_eq!(Some(message), self.started.get(id).map(reply).as_ref());
                }
                Ended::Failed(failure) => match failure.outcome() {
                    Outcome::NotExecuted => assert_eq!(executed, 0, "{id}: {failure}"),
                    Outcome::ResultLost => assert_eq!(executed, 1, "{id}: {failure}"),
                    Outcome::Unknown => {}
                },
            }
        }
        assert_eq!(self.ended.len(), self.started.len());
    }
}

fn server(epoch: u64, now: Instant) -> ServerEndpoint {
    let settings = ServerSettings {
        reply_bytes: REPLY_BYTES,
        reassembly_bytes: REASSEMBLY_BYTES,
        records: 64,
        associations: 16,
        queue: 4,
        ..ServerSettings::default()
    };
    let epoch = NonZeroU64::new(epoch).unwrap();
    ServerEndpoint::new(settings, epoch, [3; 16], now)
}

/// What the service makes of a call.
fn reply(message: &Bytes) -> Bytes {
    message.iter().rev().copied().collect()
}

fn take<T>(list: &mut Vec<T>, which: usize) -> Option<T> {
    (!list.is_empty()).then(|| list.remove(which % list.len()))
}
