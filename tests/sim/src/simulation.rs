//! The event loop: clients, a server and a network, one event after the other.

mod client;
mod nature;
mod server;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    clock::Clock,
    ledger::Ledger,
    network::Network,
    plan::{Plan, Spec},
    queue::Queue,
    random::Random,
    report::Report,
    trace::Trace,
    world::{Client, Server, World},
};

/// How long a client waits that has no room for a call.
const NO_ROOM: Duration = Duration::from_millis(10);

/// Events at one time, beyond which a run is given up: an end wants to be told over and over.
const EVENTS_MAX: u32 = 1_000_000;

/// How long the ends are watched once the last call has ended.
const AFTERMATH: Duration = Duration::from_secs(1000);

/// How long the ends may go on once the last call has ended: the last replies are acknowledged.
const SETTLED: Duration = Duration::from_secs(10);

/// Something that happens.
#[derive(Debug)]
enum Event {
    /// A client makes its next call.
    Call { client: usize, life: u32 },
    /// A datagram arrives at the server.
    Up { source: SocketAddr, datagram: Bytes },
    /// A datagram arrives at a client.
    Down { client: usize, datagram: Bytes },
    /// Something is due at a client.
    ClientDue { client: usize, at: Duration },
    /// Something is due at the server.
    ServerDue { at: Duration },
    /// The service has finished a call.
    Finished { job: u64 },
    /// The server is there again.
    ServerStarts,
    /// The server that drains has to have done so.
    Drained,
    /// The server dies for good.
    Kill,
    /// Something goes wrong.
    Fault(Fault),
}

/// What goes wrong from time to time.
#[derive(Debug, Clone, Copy)]
enum Fault {
    AddressChange,
    ClientCrash,
    ServerCrash,
    Partition,
    Suspension,
}

/// A client process, and what surrounds it.
#[derive(Debug)]
struct Machine<C> {
    process: C,
    /// Processes before this one.
    life: u32,
    clock: Clock,
    address: SocketAddr,
    /// Calls in flight.
    open: BTreeMap<u64, Spec>,
    /// When the earliest event is that tells the process what is due.
    due: Option<Duration>,
    suspended_until: Duration,
}

/// A call that the service works on.
#[derive(Debug)]
struct Job<T> {
    ticket: T,
    spec: Option<Spec>,
}

/// A run.
struct Simulation<'a, W: World> {
    world: &'a W,
    plan: &'a Plan,
    seed: u64,
    random: Random,
    time: Duration,
    queue: Queue<Event>,
    network: Network,
    clients: Vec<Machine<W::Client>>,
    addresses: HashMap<SocketAddr, usize>,
    /// Addresses that were given out.
    ports: u32,
    server: Option<W::Server>,
    server_clock: Clock,
    server_due: Option<Duration>,
    jobs: BTreeMap<u64, Job<<W::Server as Server>::Ticket>>,
    /// Jobs and processes that were begun.
    begun: u64,
    ledger: Ledger,
    trace: Trace,
    started: u64,
    ended: u64,
    /// Datagrams, executions and restarts that are still to come.
    in_flight: u64,
    healed: Option<Duration>,
    /// When the last call had ended and the network was empty.
    quiet: Option<Duration>,
    /// Events until then.
    quiet_events: u64,
    /// Events so far.
    handled: u64,
    /// Events so far at this very time.
    events: u32,
    totals: Totals,
}

/// What is counted.
#[derive(Debug, Default)]
struct Totals {
    sent: u64,
    sent_bytes: u64,
    idle_sent: u64,
    /// Those of processes that are gone.
    pings: u64,
    server_crashes: u64,
    client_crashes: u64,
}

/// Runs a plan; a seed decides everything.
pub fn run<W: World>(world: &W, plan: &Plan, seed: u64, is_shown: bool) -> Report {
    let mut simulation = Simulation::new(world, plan, seed, is_shown);
    simulation.run();
    simulation.report()
}

impl<'a, W: World> Simulation<'a, W> {
    fn new(world: &'a W, plan: &'a Plan, seed: u64, is_shown: bool) -> Self {
        let mut random = Random::new(seed);
        let origin = Instant::now();
        let paths = plan.load.clients;
        let network = Network::new(plan.faults, random.fork(), paths, world.hears_damaged());
        let mut simulation = Self {
            world,
            plan,
            seed,
            random,
            time: Duration::ZERO,
            queue: Queue::new(),
            network,
            clients: Vec::new(),
            addresses: HashMap::new(),
            ports: 0,
            server: None,
            server_clock: Clock::right(origin),
            server_due: None,
            jobs: BTreeMap::new(),
            begun: 0,
            ledger: Ledger::new(plan, seed),
            trace: Trace::new(is_shown),
            started: 0,
            ended: 0,
            in_flight: 0,
            healed: None,
            quiet: None,
            quiet_events: 0,
            handled: 0,
            events: 0,
            totals: Totals::default(),
        };
        simulation.start_server();
        for client in 0..paths {
            simulation.add_client(client, origin);
        }
        simulation.schedule_faults();
        if let Some(at) = plan.kill {
            simulation.queue.schedule(at, Event::Kill);
        }
        simulation
    }

    fn run(&mut self) {
        while let Some((time, event)) = self.queue.pop() {
            if self.quiet.is_some_and(|quiet| time > quiet + AFTERMATH) {
                break;
            }
            self.events = if time == self.time {
                self.events + 1
            } else {
                0
            };
            self.time = time;
            if let Some(drain) = self.plan.drain.filter(|drain| drain.events == self.handled) {
                self.drain(drain);
            }
            self.handle(event);
            self.handled += 1;
            if self.is_over() {
                break;
            }
        }
        if !self.ledger.is_faulty() {
            self.ledger.finish(self.time);
        }
    }

    /// Looks whether the faults end now, whether all is quiet, and whether it will never be.
    fn is_over(&mut self) -> bool {
        if self.healed.is_none() && self.started == self.plan.calls {
            self.network.heal();
            self.healed = Some(self.time);
            self.trace.say(self.time, || "-- no more faults".into());
        }
        if self.plan.ends_at_fault && self.ledger.is_faulty() {
            return true;
        }
        let is_done = self.started == self.plan.calls && self.ended == self.plan.calls;
        if is_done && self.in_flight == 0 && self.quiet.is_none() {
            self.quiet = Some(self.time);
            self.quiet_events = self.handled;
        }
        let killed = self.plan.kill.unwrap_or_default();
        let is_late =
            |healed: Duration| !is_done && self.time > healed.max(killed) + self.plan.patience;
        if self.healed.is_some_and(is_late) {
            self.ledger
                .fault(self.time, "A6: calls go on long after the last fault");
            return true;
        }
        if self.totals.sent > self.plan.datagrams_max * (self.plan.calls + 100) {
            self.ledger.fault(self.time, "A16: a storm of datagrams");
            return true;
        }
        if self.events > EVENTS_MAX {
            self.ledger.fault(self.time, "A6: time stands still");
            return true;
        }
        false
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Call { client, life } => self.call(client, life),
            Event::Up { source, datagram } => {
                self.in_flight -= 1;
                self.server_receives(source, datagram);
            }
            Event::Down { client, datagram } => {
                if self.is_suspended(client) {
                    let until = self.clients[client].suspended_until;
                    return self.queue.schedule(until, Event::Down { client, datagram });
                }
                self.in_flight -= 1;
                self.client_receives(client, datagram);
            }
            Event::ClientDue { client, at } => self.client_due(client, at),
            Event::ServerDue { at } => self.server_is_due(at),
            Event::Finished { job } => {
                self.in_flight -= 1;
                self.finish(job);
            }
            Event::ServerStarts => {
                self.in_flight -= 1;
                self.start_server();
            }
            Event::Drained => {
                let now = self.server_clock.now(self.time);
                let is_drained = |server: &W::Server| server.is_drained(now);
                if !self.server.as_ref().is_some_and(is_drained) {
                    self.ledger.fault(self.time, "A18: draining takes too long");
                }
            }
            Event::Kill => {
                self.healed = Some(self.time);
                self.server = None;
                self.jobs.clear();
            }
            Event::Fault(fault) => self.go_wrong(fault),
        }
    }

    fn count_sent(&mut self, datagram: &Bytes) {
        self.totals.sent += 1;
        self.totals.sent_bytes += datagram.len() as u64;
        let is_idle = self.quiet.is_some_and(|quiet| self.time > quiet + SETTLED);
        self.totals.idle_sent += u64::from(is_idle);
    }

    fn report(self) -> Report {
        let pings: u64 = self
            .clients
            .iter()
            .map(|client| client.process.pings())
            .sum();
        Report {
            name: self.plan.name,
            seed: self.seed,
            calls: self.plan.calls,
            counts: self.ledger.counts(),
            reasons: self.ledger.reasons(),
            faults: self.ledger.faults().to_vec(),
            events: self.quiet_events,
            sent: self.totals.sent,
            sent_bytes: self.totals.sent_bytes,
            idle_sent: self.totals.idle_sent,
            pings: self.totals.pings + pings,
            server_crashes: self.totals.server_crashes,
            client_crashes: self.totals.client_crashes,
            latencies: self.ledger.into_latencies(),
            virtual_time: self.quiet.unwrap_or(self.time),
            hash: self.trace.hash(),
        }
    }
}

/// A datagram as a trace shows it: its length and its first bytes.
fn shown(datagram: &[u8]) -> String {
    let head = datagram.get(..64).unwrap_or(datagram);
    let mut text = format!("{} bytes ", datagram.len());
    for byte in head {
        // A string takes all that is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
