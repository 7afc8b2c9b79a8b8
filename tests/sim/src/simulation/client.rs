//! The side of the clients: calls that they make, datagrams in and out.

use std::time::Duration;

use bytes::Bytes;

use super::{Event, NO_ROOM, Simulation, shown};
use crate::{
    ledger::arguments,
    network::Way,
    world::{Client, Ended, World},
};

impl<W: World> Simulation<'_, W> {
    pub(super) fn is_suspended(&self, client: usize) -> bool {
        self.clients[client].suspended_until > self.time
    }

    /// A client makes its next call, if it is still there and there are calls to make.
    pub(super) fn call(&mut self, client: usize, life: u32) {
        let machine = &mut self.clients[client];
        if machine.life != life || self.started == self.plan.calls {
            return;
        }
        if machine.suspended_until > self.time {
            let until = machine.suspended_until;
            return self.queue.schedule(until, Event::Call { client, life });
        }
        let number = self.started;
        let spec = self.plan.call(self.seed, number);
        let now = machine.clock.now(self.time);
        if machine.process.start(now, number, arguments(&spec)) {
            machine.open.insert(number, spec);
            self.started += 1;
            self.ledger.start(self.time, number);
            self.trace.add(self.time, "call", number);
            let time = self.time;
            self.trace
                .say(time, || format!("client {client} makes call {number}"));
        } else {
            self.queue
                .schedule(self.time + NO_ROOM, Event::Call { client, life });
        }
        self.settle_client(client);
    }

    pub(super) fn client_receives(&mut self, client: usize, datagram: Bytes) {
        self.trace
            .datagram(self.time, "down", client as u64, &datagram);
        let machine = &mut self.clients[client];
        let now = machine.clock.now(self.time);
        machine.process.receive(now, datagram);
        self.settle_client(client);
    }

    pub(super) fn client_due(&mut self, client: usize, at: Duration) {
        let machine = &mut self.clients[client];
        if machine.due != Some(at) {
            return;
        }
        if machine.suspended_until > self.time {
            let at = machine.suspended_until;
            machine.due = Some(at);
            return self.queue.schedule(at, Event::ClientDue { client, at });
        }
        machine.due = None;
        let now = machine.clock.now(self.time);
        machine.process.expire(now);
        self.settle_client(client);
    }

    /// Does what a client asks for, until it asks for nothing.
    fn settle_client(&mut self, client: usize) {
        let now = self.clients[client].clock.now(self.time);
        while let Some(datagram) = self.clients[client].process.next_transmit(now) {
            self.send_up(client, &datagram);
        }
        while let Some((number, ended)) = self.clients[client].process.next_end() {
            let machine = &mut self.clients[client];
            let life = machine.life;
            let Some(spec) = machine.open.remove(&number) else {
                self.ledger.fault(self.time, "a call ends that is not open");
                continue;
            };
            self.ended += 1;
            self.ledger.end(self.time, &spec, &ended);
            self.trace.add(self.time, "end", number);
            self.trace.say(self.time, || match &ended {
                Ended::Ok(_) => format!("call {number} ends well"),
                other => format!("call {number} ends: {other:?}"),
            });
            let pause = self.random.around(self.plan.load.pause);
            let next = Event::Call { client, life };
            self.queue.schedule(self.time + pause, next);
        }
        self.schedule_client(client);
    }

    /// Has the client told what is due, once it is.
    fn schedule_client(&mut self, client: usize) {
        let machine = &mut self.clients[client];
        let Some(timeout) = machine.process.next_timeout() else {
            return;
        };
        let at = machine.clock.when(timeout).max(self.time);
        if machine.due.is_none_or(|due| at < due) {
            machine.due = Some(at);
            self.queue.schedule(at, Event::ClientDue { client, at });
        }
    }

    fn send_up(&mut self, client: usize, datagram: &Bytes) {
        self.count_sent(datagram);
        self.trace
            .datagram(self.time, "send up", client as u64, datagram);
        let source = self.clients[client].address;
        let (time, queue, in_flight) = (self.time, &mut self.queue, &mut self.in_flight);
        self.trace.say(time, || {
            format!("client {client} sends {}", shown(datagram))
        });
        self.network
            .carry(time, (client, Way::Up), datagram, |delay, datagram| {
                *in_flight += 1;
                queue.schedule(time + delay, Event::Up { source, datagram });
            });
    }
}
