//! One call of a client: the state table of `docs/protocol.md`.

use std::time::{Duration, Instant};

use super::{
    CallOptions, Ended,
    link::{Link, Outgoing},
};
use crate::{
    Outcome,
    datagram::{
        CallId, Failure, Reason,
        pacing::BURST_MAX,
        packet::{ACK_REQ, CLIENT_DATAGRAM_MIN, Geometry, IDEMPOTENT, PacketType, RETRANSMIT},
        receiver::Reassembly,
        sender::{Sender, Transmission},
    },
};

/// CANCELs that are sent before the outcome is given up.
const CANCELS_MAX: u32 = 3;

/// A call in flight.
#[derive(Debug)]
pub(super) struct ClientCall {
    pub(super) id: CallId,
    pub(super) phase: Phase,
    /// The server that the call is for; 0 until one is known.
    pub(super) epoch: u64,
    /// When the call was first sent, by the server's clock; the same in all its packets.
    pin: u32,
    pub(super) options: CallOptions,
    pub(super) request: Sender,
    /// Whether the server may have the whole call.
    pub(super) all_sent: bool,
    /// Whether a server that the call was for earlier may have it.
    pub(super) may_run_elsewhere: bool,
    pub(super) reply: Option<Reassembly>,
    /// The last packet that was sent before the last reaction to a refusal.
    pub(super) reacted_pn: u32,
    /// The packet that was sent last, until it is answered: the answer tells the round trip.
    pub(super) timed: Option<Transmission>,
    /// When the last packet about this call came.
    pub(super) heard: Instant,
    /// Time-outs since.
    pub(super) tries: u32,
    /// When something is to be done.
    pub(super) due: Option<Instant>,
    /// The pause before the next PING.
    pub(super) pause: Duration,
    /// Whether a PING was not answered.
    pub(super) is_asking: bool,
    /// Why the call is being cancelled.
    pub(super) cancelled: Reason,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It waits for an epoch and a cookie.
    Bind,
    /// It is being sent.
    Send,
    /// The server asked to wait.
    Paused,
    /// The server has it.
    Wait,
    /// A part of the reply has come.
    Reply,
    /// The caller wants no result any more.
    Cancel,
}

impl ClientCall {
    pub(super) fn new(
        id: CallId,
        request: Sender,
        options: CallOptions,
        link: &Link,
        now: Instant,
    ) -> Self {
        Self {
            id,
            phase: Phase::Bind,
            epoch: 0,
            pin: 0,
            options,
            request,
            all_sent: false,
            may_run_elsewhere: false,
            reply: None,
            reacted_pn: 0,
            timed: None,
            heard: now,
            tries: 0,
            due: None,
            pause: link.settings.ping,
            is_asking: false,
            cancelled: Reason::Cancelled,
        }
    }

    /// When the call has to be looked at, at the latest.
    pub(super) fn next_due(&self, link: &Link) -> Instant {
        let dead = self.heard + link.settings.dead;
        let deadline = self
            .options
            .deadline
            .filter(|_| self.phase != Phase::Cancel);
        let first = self.due.map_or(dead, |due| due.min(dead));
        deadline.map_or(first, |deadline| deadline.min(first))
    }

    /// Binds the call to the server that its `client_id` is bound to, and begins to send it. Its pin
    /// is the server's time now.
    pub(super) fn bind(&mut self, link: &mut Link, now: Instant) {
        let identity = link.identities.find(self.id.client_id);
        let Some(binding) = identity.and_then(|identity| identity.binding.as_ref()) else {
            self.phase = Phase::Bind;
            return;
        };
        self.epoch = binding.epoch;
        self.pin = binding.clock.now(now);
        self.may_run_elsewhere |= self.all_sent;
        self.all_sent = false;
        self.reply = None;
        self.send_again(link);
    }

    /// Sends the whole call, again or for the first time.
    pub(super) fn send_again(&mut self, link: &mut Link) {
        let in_flight = self.request.restart();
        self.forget(link, in_flight);
        self.phase = Phase::Send;
        self.due = None;
        link.want_to_send(self.id.activity);
    }

    /// Packets of this call are of no interest any more.
    pub(super) fn forget(&self, link: &mut Link, packets: u32) {
        if !self.request.is_single() {
            link.congestion.forget(packets);
        }
    }

    /// Sends what may be sent, and says what keeps the call from sending more.
    pub(super) fn burst(&mut self, link: &mut Link, now: Instant) -> Burst {
        if self.phase != Phase::Send {
            return Burst::Over;
        }
        if link.is_held(self.id.activity, now) {
            self.hold(link);
            return Burst::Over;
        }
        for sent in 1..=BURST_MAX {
            let Some(frag) = self.request.next() else {
                return Burst::Over;
            };
            if self.request.is_single() {
                self.send_fragment(link, now, frag, false);
                return Burst::Over;
            }
            if let Some(ready) = link.pace(now) {
                return Burst::Until(ready);
            }
            let room = link.congestion.room();
            if room == 0 && !self.asks_for_all(link) {
                return Burst::Full;
            }
            self.send_fragment(link, now, frag, sent == BURST_MAX || room <= 1);
        }
        Burst::More
    }

    /// Whether the others wait until this call has an answer, and it has nothing under way that could
    /// have one: it sends even though the packets of the others fill the window.
    fn asks_for_all(&self, link: &Link) -> bool {
        link.is_prober(self.id.activity) && self.request.in_flight() == 0
    }

    /// Sends a fragment; the last of several in a row wants an acknowledgement, and so does one
    /// that is sent again.
    fn send_fragment(&mut self, link: &mut Link, now: Instant, frag: u16, is_last: bool) {
        let is_again = self.request.was_sent(frag);
        let mut out = Outgoing {
            frag,
            geometry: self.request.geometry(),
            body: self.request.fragment(frag),
            ..self.packet(PacketType::Req)
        };
        let is_long = !self.request.is_single();
        let is_end = frag + 1 == out.geometry.nfrag;
        if is_again {
            out.flags |= ACK_REQ | RETRANSMIT;
        }
        if is_long && (is_last || is_end) {
            out.flags |= ACK_REQ;
        }
        if self.options.idempotent {
            out.flags |= IDEMPOTENT;
        }
        let Some(sent) = link.transmit(now, &out) else {
            return;
        };
        self.timed = Some(sent);
        if self.request.sent(frag, sent) && is_long {
            link.congestion.sent();
        }
        if is_long {
            link.paced(now);
        }
        self.all_sent |= self.request.is_fully_sent();
        self.due = Some(now + link.timeout(self.tries));
    }

    /// A packet about this call.
    pub(super) fn packet(&self, packet_type: PacketType) -> Outgoing<'static> {
        Outgoing {
            packet_type,
            flags: 0,
            token: self.id,
            epoch: self.epoch,
            stamp: self.pin,
            frag: 0,
            geometry: Geometry::NONE,
            body: &[],
            len_min: CLIENT_DATAGRAM_MIN,
        }
    }

    /// Waits until the server is heard again.
    fn hold(&mut self, link: &mut Link) {
        self.due = None;
        link.held.push(self.id.activity);
    }

    /// Goes on after it waited, at this time.
    pub(super) fn release(&mut self, due: Instant) {
        if self.due.is_none() {
            self.due = Some(due);
        }
    }

    /// Does what is due; the end of the call, if it has ended.
    pub(super) fn tick(&mut self, link: &mut Link, now: Instant) -> Option<Ended> {
        let is_over = self
            .options
            .deadline
            .is_some_and(|deadline| deadline <= now);
        if is_over && self.phase != Phase::Cancel {
            return self.cancel(link, now, Reason::DeadlineExceeded);
        }
        if self.heard + link.settings.dead <= now {
            return Some(self.lost(match self.phase {
                Phase::Cancel => self.cancelled,
                Phase::Paused => Reason::Busy,
                _ => Reason::Silence,
            }));
        }
        if self.due.is_none_or(|due| now < due) {
            return None;
        }
        if self.phase != Phase::Cancel && link.is_held(self.id.activity, now) {
            self.hold(link);
            return None;
        }
        match self.phase {
            Phase::Bind => self.due = None,
            Phase::Send => self.time_out(link, now),
            Phase::Paused => {
                self.phase = Phase::Send;
                self.resend(link, now);
            }
            Phase::Wait | Phase::Reply => self.ask(link, now),
            Phase::Cancel if self.tries >= CANCELS_MAX => return Some(self.lost(self.cancelled)),
            Phase::Cancel => self.send_cancel(link, now),
        }
        None
    }

    /// No answer to the call came in time: sends its first fragment that is in doubt again, and
    /// from the second time on two copies of it.
    fn time_out(&mut self, link: &mut Link, now: Instant) {
        if self.request.is_stopped() {
            self.ask(link, now);
            return;
        }
        let Some(frag) = self.request.first_in_doubt() else {
            self.due = None;
            link.want_to_send(self.id.activity);
            return;
        };
        link.probing.timed_out(self.request.geometry().size);
        self.tries += 1;
        for _ in 0..self.copies() {
            self.send_fragment(link, now, frag, true);
        }
    }

    /// Asks the server what it has: for the rest of the reply, or what became of the call.
    pub(super) fn ask(&mut self, link: &mut Link, now: Instant) {
        self.tries += u32::from(self.is_asking);
        for _ in 0..self.copies() {
            if self.reply.is_some() {
                self.acknowledge(link, now, ACK_REQ, None);
            } else if let Some(sent) = link.transmit(now, &self.packet(PacketType::Ping)) {
                link.counters.pings += 1;
                self.timed = Some(sent);
            }
        }
        self.is_asking = true;
        self.due = Some(now + link.timeout(self.tries));
    }

    /// Packets that a time-out sends.
    fn copies(&self) -> u32 {
        if self.tries >= 2 { 2 } else { 1 }
    }

    /// Sends again what was under way, as the server refused it.
    pub(super) fn resend(&mut self, link: &mut Link, now: Instant) {
        match self.phase {
            Phase::Bind | Phase::Paused => {}
            Phase::Send => {
                let lost = self.request.lose_all();
                self.forget(link, lost);
                link.want_to_send(self.id.activity);
            }
            Phase::Wait | Phase::Reply => self.ask(link, now),
            // No refusal puts off the time of the last one.
            Phase::Cancel if self.tries >= CANCELS_MAX => {}
            Phase::Cancel => self.send_cancel(link, now),
        }
    }

    /// Gives the call up: at once, if no server can have the whole of it.
    pub(super) fn cancel(
        &mut self,
        link: &mut Link,
        now: Instant,
        reason: Reason,
    ) -> Option<Ended> {
        if !self.all_sent {
            return Some(self.not_executed(reason));
        }
        if self.phase != Phase::Cancel {
            (self.phase, self.cancelled, self.tries) = (Phase::Cancel, reason, 0);
            self.send_cancel(link, now);
        }
        None
    }

    fn send_cancel(&mut self, link: &mut Link, now: Instant) {
        self.timed = link.transmit(now, &self.packet(PacketType::Cancel));
        self.due = Some(now + link.timeout(self.tries));
        self.tries += 1;
    }

    /// The end of a call that the server will not execute.
    pub(super) fn not_executed(&self, reason: Reason) -> Ended {
        let outcome = if self.may_run_elsewhere {
            Outcome::Unknown
        } else {
            Outcome::NotExecuted
        };
        Ended::Failed(Failure::new(reason, outcome))
    }

    /// The end of a call of which nothing more will be heard.
    pub(super) fn lost(&self, reason: Reason) -> Ended {
        if self.all_sent {
            Ended::Failed(Failure::new(reason, Outcome::Unknown))
        } else {
            self.not_executed(reason)
        }
    }

    /// The end of a call that was executed, without a reply.
    pub(super) fn result_lost(reason: Reason) -> Ended {
        Ended::Failed(Failure::new(reason, Outcome::ResultLost))
    }
}

/// What keeps a call from sending more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Burst {
    /// It has nothing to send now.
    Over,
    /// It was the turn of another.
    More,
    /// The pace demands a pause.
    Until(Instant),
    /// As many packets are under way as may be.
    Full,
}
