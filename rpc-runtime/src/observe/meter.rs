//! Counts and durations, for the recorder that the program has installed.
//!
//! What is counted at each call is looked up once for each procedure: a recorder has to be installed
//! before the clients and servers that it is to hear of.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use metrics::{Counter, Gauge, Histogram, Label, counter, gauge, histogram};

use super::{
    method::{End, Method, transport},
    names::{self, CallNames, ConnectionNames},
};
use crate::Peer;

/// What is counted of the calls of a client or a server; by default nothing.
#[derive(Clone, Default)]
pub(super) struct Meters(Option<Arc<Inner>>);

struct Inner {
    names: &'static CallNames,
    clock: fn() -> Instant,
    /// By program, version and procedure; the last is none where it is not served.
    procedures: RwLock<HashMap<Key, Arc<ProcedureMeter>>>,
}

type Key = (u32, u32, Option<u32>);

struct ProcedureMeter {
    names: &'static CallNames,
    labels: Vec<Label>,
    started: Counter,
    succeeded: Counter,
    duration: Histogram,
}

impl Meters {
    pub(super) fn client(clock: fn() -> Instant) -> Self {
        Self::new(&names::CLIENT_CALLS, clock)
    }

    pub(super) fn server(clock: fn() -> Instant) -> Self {
        Self::new(&names::SERVER_CALLS, clock)
    }

    fn new(names: &'static CallNames, clock: fn() -> Instant) -> Self {
        names::describe_calls(names);
        Self(Some(Arc::new(Inner {
            names,
            clock,
            procedures: RwLock::default(),
        })))
    }

    /// Counts a call that begins.
    pub(super) fn begin(&self, method: Method) -> CallMeter {
        CallMeter(self.0.as_ref().map(|inner| {
            let procedure = inner.procedure(method);
            procedure.started.increment(1);
            let (clock, begun) = (inner.clock, (inner.clock)());
            Running {
                procedure,
                clock,
                begun,
            }
        }))
    }

    /// Counts a call that reached no service.
    pub(super) fn refused(&self, status: &'static str, peer: Peer) {
        let labels = [
            ("rpc.response.status_code", status),
            ("network.transport", transport(peer)),
        ];
        self.count(names::REFUSALS, &labels);
    }

    /// Counts a message that is no call.
    pub(super) fn dropped(&self, peer: Peer) {
        self.count(names::DROPPED, &[("network.transport", transport(peer))]);
    }

    /// Counts a call that came before.
    pub(super) fn duplicate(&self, state: &'static str) {
        self.count(names::DUPLICATES, &[("rpc_runtime.state", state)]);
    }

    fn count(&self, name: &'static str, labels: &[(&'static str, &'static str)]) {
        if self.0.is_some() {
            counter!(name, labels).increment(1);
        }
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Inner {
    fn procedure(&self, method: Method) -> Arc<ProcedureMeter> {
        let number = method.name.map(|_| method.number);
        let key = (method.program.number(), method.version, number);
        let known = self.procedures.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(procedure) = known.get(&key) {
            return Arc::clone(procedure);
        }
        drop(known);
        let new = Arc::new(ProcedureMeter::new(self.names, method));
        let procedures = self.procedures.write();
        let mut procedures = procedures.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(procedures.entry(key).or_insert(new))
    }
}

impl ProcedureMeter {
    fn new(names: &'static CallNames, method: Method) -> Self {
        let labels = vec![
            Label::from_static_parts("rpc.system.name", "onc_rpc"),
            Label::new("rpc.method", method.to_string()),
            Label::from_static_parts("onc_rpc.program.name", method.program.name()),
            Label::new("onc_rpc.version", method.version.to_string()),
            Label::from_static_parts("onc_rpc.procedure.name", method.name.unwrap_or("unknown")),
        ];
        Self {
            names,
            started: counter!(names.started, labels.clone()),
            succeeded: counter!(names.ended, ended(&labels, End::SUCCESS)),
            duration: histogram!(names.duration, labels.clone()),
            labels,
        }
    }

    fn end(&self, end: End, seconds: f64) {
        let Some(error) = end.error else {
            self.succeeded.increment(1);
            self.duration.record(seconds);
            return;
        };
        counter!(self.names.ended, ended(&self.labels, end)).increment(1);
        let mut labels = self.labels.clone();
        labels.push(Label::from_static_parts("error.type", error));
        histogram!(self.names.duration, labels).record(seconds);
    }
}

/// The labels of the end of a call.
fn ended(labels: &[Label], end: End) -> Vec<Label> {
    let mut labels = labels.to_vec();
    labels.push(Label::from_static_parts("rpc_runtime.outcome", end.outcome));
    if let Some(error) = end.error {
        labels.push(Label::from_static_parts("error.type", error));
    }
    labels
}

/// One call, from its beginning to its end.
pub(super) struct CallMeter(Option<Running>);

struct Running {
    procedure: Arc<ProcedureMeter>,
    clock: fn() -> Instant,
    begun: Instant,
}

impl CallMeter {
    pub(super) fn end(&self, end: End) {
        if let Some(call) = &self.0 {
            let duration = (call.clock)().saturating_duration_since(call.begun);
            call.procedure.end(end, duration.as_secs_f64());
        }
    }
}

impl fmt::Debug for CallMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallMeter").finish_non_exhaustive()
    }
}

/// What is counted of a connection; it is open as long as this lives.
pub(super) struct ConnectionMeter {
    names: &'static ConnectionNames,
    transport: &'static str,
    open: Gauge,
    /// By transport, of which a server's UDP socket has two.
    io: Vec<(&'static str, Io)>,
}

struct Io {
    sent: Counter,
    received: Counter,
}

impl ConnectionMeter {
    pub(super) fn client(peer: Peer) -> Self {
        Self::new(&names::CLIENT_CONNECTIONS, peer)
    }

    pub(super) fn server(peer: Peer) -> Self {
        Self::new(&names::SERVER_CONNECTIONS, peer)
    }

    fn new(names: &'static ConnectionNames, peer: Peer) -> Self {
        names::describe_connections(names);
        let transport = transport(peer);
        let open = gauge!(names.open, &[("network.transport", transport)]);
        open.increment(1);
        Self {
            names,
            transport,
            open,
            io: Vec::new(),
        }
    }

    /// Counts a message that is handed to the transport.
    #[inline]
    pub(super) fn sent(&mut self, to: Peer, len: usize) {
        self.io(to).sent.increment(bytes(len));
    }

    /// Counts a message that came.
    #[inline]
    pub(super) fn received(&mut self, from: Peer, len: usize) {
        self.io(from).received.increment(bytes(len));
    }

    fn io(&mut self, peer: Peer) -> &Io {
        let transport = transport(peer);
        let known = self.io.iter().position(|(name, _)| *name == transport);
        let place = known.unwrap_or_else(|| {
            self.io.push((transport, Io::new(self.names, transport)));
            self.io.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "it was found, or put, there")]
        &self.io[place].1
    }

    /// Counts a call that is sent again.
    pub(super) fn sent_again(&self) {
        counter!(
            names::RETRANSMISSIONS,
            &[("network.transport", self.transport)]
        )
        .increment(1);
    }

    /// Counts the loss of the connection.
    pub(super) fn lost(&self) {
        counter!(self.names.lost, &[("network.transport", self.transport)]).increment(1);
    }
}

impl Io {
    fn new(names: &ConnectionNames, transport: &'static str) -> Self {
        let counter = |direction| {
            let labels = [
                ("network.transport", transport),
                ("network.io.direction", direction),
            ];
            counter!(names.io, &labels)
        };
        Self {
            sent: counter("transmit"),
            received: counter("receive"),
        }
    }
}

fn bytes(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl Drop for ConnectionMeter {
    fn drop(&mut self) {
        self.open.decrement(1);
    }
}

impl fmt::Debug for ConnectionMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionMeter").finish_non_exhaustive()
    }
}

/// Counts a connection that is one too many.
pub(super) fn connection_refused(peer: Peer) {
    let transport = [("network.transport", transport(peer))];
    counter!(names::CONNECTIONS_REFUSED, &transport).increment(1);
}

/// Calls that wait for their service.
pub(crate) struct Waiting(Gauge);

impl Waiting {
    pub(crate) fn new() -> Self {
        Self(gauge!(names::WAITING))
    }

    #[inline]
    pub(crate) fn begin(&self) {
        self.0.increment(1);
    }

    #[inline]
    pub(crate) fn end(&self) {
        self.0.decrement(1);
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}
