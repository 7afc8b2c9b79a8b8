//! Asking for the server's epoch and a cookie.

use std::time::Instant;

use super::{
    identity::{Binding, ServerClock},
    link::{Link, Outgoing},
};
use crate::datagram::{
    packet::{HELLO_MIN, HelloAck, Packet, PacketType, VERSION, echoed},
    sender::Transmission,
};

/// A question that was not answered.
#[derive(Debug)]
pub(super) struct Hello {
    /// The first packet of the question: only answers to this or later ones count, so that an old
    /// answer does not bind to an epoch that is over.
    first_pn: u32,
    last: Transmission,
    tries: u32,
    pub(super) due: Instant,
}

impl Link {
    /// Asks, unless it has asked already.
    pub(super) fn say_hello(&mut self, now: Instant) {
        if self.hello.is_none() {
            self.hello = self.send_hello(now, None, 0);
        }
    }

    /// Asks again, if that is due.
    pub(super) fn say_hello_again(&mut self, now: Instant) {
        let Some(before) = self.hello.take_if(|hello| hello.due <= now) else {
            return;
        };
        self.hello = self.send_hello(now, Some(before.first_pn), before.tries + 1);
    }

    fn send_hello(&mut self, now: Instant, first_pn: Option<u32>, tries: u32) -> Option<Hello> {
        let client_id = self.identities.current().client_id;
        let out = Outgoing {
            len_min: HELLO_MIN,
            ..Outgoing::of_client(PacketType::Hello, client_id)
        };
        let last = self.transmit(now, &out)?;
        let due = now + self.timeout(tries);
        Some(Hello {
            first_pn: first_pn.unwrap_or(last.pn),
            last,
            tries,
            due,
        })
    }

    /// Takes the answer, and says whether the client is bound by it.
    pub(super) fn on_hello_ack(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        let header = &packet.header;
        let (pn, hold) = echoed(header.tok);
        let is_current = header.client_id == self.identities.current().client_id;
        let Some(hello) = self
            .hello
            .as_ref()
            .filter(|hello| is_current && pn >= hello.first_pn)
        else {
            self.counters.stale += 1;
            return false;
        };
        let Some(answer) =
            HelloAck::parse(packet.body).filter(|answer| answer.versions & (1 << VERSION) != 0)
        else {
            self.counters.malformed += 1;
            return false;
        };
        if hello.last.pn == pn {
            self.round_trip.sample(hello.last.at, now, hold);
        }
        self.hello = None;
        self.identities.current_mut().binding = Some(Binding {
            epoch: header.epoch,
            cookie: answer.cookie,
            cookie_pn: pn,
            clock: ServerClock {
                seconds: header.stamp,
                heard: now,
                pn,
            },
            message_max: answer.max_msg,
            activities: answer.max_act,
            window: answer.window,
        });
        true
    }
}
