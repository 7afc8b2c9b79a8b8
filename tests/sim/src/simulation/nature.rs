//! What goes wrong beside the network: machines that crash, sleep, move and are cut off.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{Event, Fault, Machine, Simulation};
use crate::{
    clock::Clock,
    world::{Client, World},
};

impl<W: World> Simulation<'_, W> {
    /// Starts the server, or starts it anew.
    pub(super) fn start_server(&mut self) {
        self.begun += 1;
        let now = self.server_clock.now(self.time);
        let number = self.random.number();
        self.server = Some(self.world.server(number, now));
        self.ledger.restart();
        self.trace.say(self.time, || "-- the server starts".into());
        self.settle_server();
    }

    /// Adds a client that has not been there.
    pub(super) fn add_client(&mut self, client: usize, origin: Instant) {
        let mut clock = Clock::right(origin);
        if self.plan.faults.drift {
            let rate = 500_000 + self.random.below(1_000_001);
            clock = Clock::new(origin, u32::try_from(rate).unwrap_or(1_000_000));
        }
        let number = self.random.number();
        let machine = Machine {
            process: self.world.client(number, clock.now(self.time)),
            life: 0,
            clock,
            address: self.new_address(),
            open: BTreeMap::new(),
            due: None,
            suspended_until: Duration::ZERO,
        };
        self.addresses.insert(machine.address, client);
        self.clients.push(machine);
        self.schedule_calls(client);
    }

    /// Has a process make its first calls.
    fn schedule_calls(&mut self, client: usize) {
        let life = self.clients[client].life;
        for _ in 0..self.plan.load.in_flight {
            let from = self.time.max(self.plan.start);
            let at = from + self.random.around(self.plan.load.pause);
            self.queue.schedule(at, Event::Call { client, life });
        }
    }

    /// An address that nobody had before.
    fn new_address(&mut self) -> SocketAddr {
        self.ports += 1;
        let [_, high, ..] = self.ports.to_be_bytes();
        let port = u16::try_from(self.ports & 0xffff).unwrap_or_default();
        ([10, 0, high, 1], port).into()
    }

    /// Schedules the first fault of each kind.
    pub(super) fn schedule_faults(&mut self) {
        let all = [
            Fault::AddressChange,
            Fault::ClientCrash,
            Fault::ServerCrash,
            Fault::Partition,
            Fault::Suspension,
        ];
        for fault in all {
            self.schedule_fault(fault);
        }
    }

    /// Schedules the next fault of a kind, if there are such faults.
    fn schedule_fault(&mut self, fault: Fault) {
        let faults = &self.plan.faults;
        let mean = match fault {
            Fault::AddressChange => faults.address_change,
            Fault::ClientCrash => faults.client_crash,
            Fault::ServerCrash => faults.server_crash,
            Fault::Partition => faults.partition,
            Fault::Suspension => faults.suspension,
        };
        if let Some(mean) = mean {
            let at = self.time + self.random.around(mean);
            self.queue.schedule(at, Event::Fault(fault));
        }
    }

    /// Something goes wrong, unless the time of faults is over.
    pub(super) fn go_wrong(&mut self, fault: Fault) {
        if self.healed.is_some() {
            return;
        }
        let client = self.random.index(self.clients.len());
        self.trace
            .say(self.time, || format!("-- {fault:?} (client {client})"));
        match fault {
            Fault::AddressChange => self.change_address(client),
            Fault::ClientCrash => self.crash_client(client),
            Fault::ServerCrash => self.crash_server(),
            Fault::Partition => {
                let len = self
                    .random
                    .between((Duration::ZERO, self.plan.faults.partition_len));
                self.network.close(client, self.time + len);
            }
            Fault::Suspension => self.suspend(client),
        }
        self.schedule_fault(fault);
    }

    /// What goes to the old address is lost from now on.
    fn change_address(&mut self, client: usize) {
        let address = self.new_address();
        let machine = &mut self.clients[client];
        self.addresses.remove(&machine.address);
        machine.address = address;
        self.addresses.insert(address, client);
    }

    /// The next process has the address of the one that crashed, and receives what was meant for it.
    fn crash_client(&mut self, client: usize) {
        self.totals.client_crashes += 1;
        let number = self.random.number();
        let machine = &mut self.clients[client];
        let open = std::mem::take(&mut machine.open);
        self.totals.pings += machine.process.pings();
        machine.process = self.world.client(number, machine.clock.now(self.time));
        machine.life += 1;
        machine.due = None;
        for number in open.into_keys() {
            self.ended += 1;
            self.ledger.gone(number);
        }
        self.schedule_calls(client);
    }

    /// What the server knew is gone, and so is what its services were working on.
    fn crash_server(&mut self) {
        if self.server.take().is_none() {
            return;
        }
        self.totals.server_crashes += 1;
        self.server_due = None;
        self.jobs.clear();
        self.in_flight += 1;
        let away = self.random.between(self.plan.faults.server_restart);
        self.queue.schedule(self.time + away, Event::ServerStarts);
    }

    /// A machine sleeps, and its clock with it or not.
    fn suspend(&mut self, client: usize) {
        let len = self
            .random
            .between((Duration::ZERO, self.plan.faults.suspension_len));
        let clock_stops = self.random.below(2) == 0;
        let (time, machine) = (self.time, &mut self.clients[client]);
        if machine.suspended_until > time {
            return;
        }
        machine.suspended_until = time + len;
        if clock_stops {
            machine.clock.stop(time, time + len);
            // What was scheduled by the clock that ran on is late, which a client has to bear.
        }
    }
}
