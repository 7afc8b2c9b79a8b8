//! The side of the server, and of the service that it has.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;

use super::{Event, Job, Simulation, shown};
use crate::{
    ledger::result,
    network::Way,
    plan::Drain,
    world::{Execution, Server, World},
};

impl<W: World> Simulation<'_, W> {
    pub(super) fn server_receives(&mut self, source: SocketAddr, datagram: Bytes) {
        let port = u64::from(source.port());
        self.trace.datagram(self.time, "up", port, &datagram);
        let time = self.time;
        self.trace.say(time, || {
            format!("the server receives {} from {source}", shown(&datagram))
        });
        if let Some(server) = &mut self.server {
            server.receive(self.server_clock.now(time), source, datagram);
        }
        self.settle_server();
    }

    pub(super) fn server_is_due(&mut self, at: Duration) {
        if self.server_due != Some(at) {
            return;
        }
        self.server_due = None;
        if let Some(server) = &mut self.server {
            server.expire(self.server_clock.now(self.time));
        }
        self.settle_server();
    }

    /// The server takes no more calls.
    pub(super) fn drain(&mut self, drain: Drain) {
        if let Some(server) = &mut self.server {
            server.drain(self.server_clock.now(self.time));
        }
        let due = self.time + drain.within;
        self.queue.schedule(due, Event::Drained);
        self.settle_server();
    }

    /// Does what the server asks for, until it asks for nothing.
    pub(super) fn settle_server(&mut self) {
        let now = self.server_clock.now(self.time);
        while self.jobs.len() < self.plan.load.workers
            && let Some(server) = &mut self.server
            && let Some(execution) = server.next_call(now)
        {
            self.execute(execution);
        }
        while let Some(server) = &mut self.server
            && let Some((to, datagram)) = server.next_transmit(now)
        {
            self.send_down(to, &datagram);
        }
        let Some(server) = &mut self.server else {
            return;
        };
        if let Some(fault) = server.fault() {
            self.ledger.fault(self.time, &fault);
        }
        let Some(timeout) = server.next_timeout() else {
            return;
        };
        let at = self.server_clock.when(timeout).max(self.time);
        if self.server_due.is_none_or(|due| at < due) {
            self.server_due = Some(at);
            self.queue.schedule(at, Event::ServerDue { at });
        }
    }

    /// The service begins to work on a call.
    fn execute(&mut self, execution: Execution<<W::Server as Server>::Ticket>) {
        let Execution {
            ticket,
            arguments,
            order,
        } = execution;
        let spec = self.ledger.execute(self.time, self.plan, &arguments, order);
        self.trace
            .add(self.time, "execute", spec.map_or(0, |spec| spec.token));
        let time = self.time;
        self.trace
            .say(time, || format!("{ticket:?} is executed: {spec:?}"));
        self.begun += 1;
        let work = spec.map_or(Duration::ZERO, |spec| spec.work);
        self.jobs.insert(self.begun, Job { ticket, spec });
        if work.is_zero() {
            self.reply(self.begun);
        } else {
            self.in_flight += 1;
            let finished = Event::Finished { job: self.begun };
            self.queue.schedule(self.time + work, finished);
        }
    }

    /// The service has finished a call, if the server has not crashed meanwhile.
    pub(super) fn finish(&mut self, job: u64) {
        self.reply(job);
        self.settle_server();
    }

    fn reply(&mut self, job: u64) {
        if let Some(Job { ticket, spec }) = self.jobs.remove(&job)
            && let Some(server) = &mut self.server
        {
            let result = spec.as_ref().map(result).unwrap_or_default();
            server.reply(self.server_clock.now(self.time), ticket, result);
        }
    }

    fn send_down(&mut self, to: SocketAddr, datagram: &Bytes) {
        self.count_sent(datagram);
        let peer = u64::from(to.port());
        self.trace.datagram(self.time, "send down", peer, datagram);
        let time = self.time;
        self.trace.say(time, || {
            format!("the server sends {} to {to}", shown(datagram))
        });
        let Some(&client) = self.addresses.get(&to) else {
            return;
        };
        let (queue, in_flight) = (&mut self.queue, &mut self.in_flight);
        self.network
            .carry(time, (client, Way::Down), datagram, |delay, datagram| {
                *in_flight += 1;
                queue.schedule(time + delay, Event::Down { client, datagram });
            });
    }
}
