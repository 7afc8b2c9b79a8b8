//! What comes from the server about a call.

use std::time::{Duration, Instant};

use super::{
    Ended,
    call::{ClientCall, Phase},
    link::{Link, Outgoing},
};
use crate::datagram::{
    Reason, RejectCode,
    mutants::Mutant,
    packet::{Ack, BITMAP_MAX, Header, Packet, PacketType, Reject, echoed},
    receiver::{self, Reassembly, Stored},
    refusal::CallState,
};

impl ClientCall {
    /// Takes in a packet about this call; the end of the call, if it has ended.
    pub(super) fn receive(
        &mut self,
        link: &mut Link,
        now: Instant,
        packet: &Packet<'_>,
    ) -> Option<Ended> {
        let header = &packet.header;
        if header.packet_type == PacketType::Reject {
            return self.on_reject(link, now, packet);
        }
        if header.epoch != self.epoch && !link.has(Mutant::NoEpochCheck) {
            link.counters.stale += 1;
            return None;
        }
        if header.packet_type == PacketType::Ack {
            self.on_ack(link, now, packet);
            return None;
        }
        self.measure(link, now, header);
        if header.packet_type == PacketType::Resp {
            return self.on_resp(link, now, packet);
        }
        self.heard = now;
        match header.packet_type {
            PacketType::CancelAck => self.on_cancel_ack(header.code),
            PacketType::Working => {
                self.on_working(link, now);
                None
            }
            _ => {
                self.on_no_call(link, header);
                None
            }
        }
    }

    /// Takes in what a packet tells of the round trip.
    fn measure(&mut self, link: &mut Link, now: Instant, header: &Header) {
        let (pn, hold) = echoed(header.tok);
        if let Some(sent) = self.timed.take_if(|sent| sent.pn == pn) {
            link.round_trip.sample(sent.at, now, hold);
        }
    }

    /// The flight rule: whether this is the first answer to what was sent since the last reaction.
    fn reacts(&mut self, link: &mut Link, pn: u32) -> bool {
        if pn <= self.reacted_pn && !link.has(Mutant::NoFlightRule) {
            link.counters.ignored_by_flight_rule += 1;
            return false;
        }
        self.note_reaction(link);
        true
    }

    fn note_reaction(&mut self, link: &mut Link) {
        let identity = link.identities.find(self.id.client_id);
        self.reacted_pn = identity.map_or(0, |identity| identity.last_pn());
    }

    /// The server has the whole call.
    fn on_working(&mut self, link: &mut Link, now: Instant) {
        let landed = self.request.finish();
        self.forget(link, landed);
        link.probing.arrived(self.request.geometry().size);
        match self.phase {
            Phase::Send | Phase::Paused => {
                self.note_reaction(link);
                self.phase = Phase::Wait;
                self.pause = link.settings.ping;
            }
            Phase::Wait if self.is_asking => {
                let max = link.settings.ping_max.min(link.settings.dead / 3);
                self.pause = (self.pause * 3 / 2).min(max);
            }
            Phase::Wait => {}
            Phase::Bind | Phase::Reply | Phase::Cancel => return,
        }
        (self.is_asking, self.tries) = (false, 0);
        self.due = Some(now + self.pause);
    }

    fn on_no_call(&mut self, link: &mut Link, header: &Header) {
        let (pn, _) = echoed(header.tok);
        if self.phase != Phase::Cancel && self.reacts(link, pn) {
            self.reply = None;
            (self.is_asking, self.tries) = (false, 0);
            self.send_again(link);
        }
    }

    fn on_ack(&mut self, link: &mut Link, now: Instant, packet: &Packet<'_>) {
        let Some(ack) = Ack::parse(packet.body) else {
            link.counters.malformed += 1;
            return;
        };
        // A receiver that takes nothing is no better than one that is silent.
        if ack.window > 0 {
            self.heard = now;
        }
        match self.phase {
            Phase::Send | Phase::Paused => self.on_progress(link, now, &ack),
            Phase::Wait if ack.cum >= self.request.geometry().nfrag => self.on_working(link, now),
            // The server has dropped what it had.
            Phase::Wait => {
                if self.reacts(link, ack.echo_pn) {
                    self.send_again(link);
                }
            }
            Phase::Bind | Phase::Reply | Phase::Cancel => {}
        }
    }

    fn on_progress(&mut self, link: &mut Link, now: Instant, ack: &Ack<'_>) {
        if self.request.is_forgotten(ack) {
            if self.reacts(link, ack.echo_pn) {
                self.send_again(link);
            }
            return;
        }
        let loss_delay = link.round_trip.loss_delay();
        let Some(progress) = self.request.acknowledge(ack, now, loss_delay) else {
            link.counters.optimistic += 1;
            return;
        };
        if let Some(sent) = progress.answered {
            link.round_trip.sample(sent, now, ack.hold());
        }
        if !self.request.is_single() {
            link.congestion.arrived(progress.landed);
            link.congestion.lost(progress.lost, now, loss_delay);
        }
        self.is_asking = false;
        if self.request.has_arrived() {
            self.on_working(link, now);
            return;
        }
        if progress.arrived > 0 {
            link.probing.arrived(self.request.geometry().size);
            self.tries = 0;
            self.due = Some(now + link.timeout(0));
        }
        link.want_to_send(self.id.activity);
    }

    fn on_resp(&mut self, link: &mut Link, now: Instant, packet: &Packet<'_>) -> Option<Ended> {
        let header = &packet.header;
        let geometry = header.geometry;
        let landed = self.request.finish();
        self.forget(link, landed);
        link.probing.arrived(self.request.geometry().size);
        if geometry.msg_len > link.settings.message_max {
            return Some(Self::result_lost(Reason::ReplyTooLarge));
        }
        let is_checked = !link.has(Mutant::NoChecksum);
        let message = if geometry.nfrag == 1 {
            receiver::single(&geometry, packet.body, is_checked)
        } else if self.store(link, now, packet)? {
            let reply = self.reply.take();
            reply.and_then(|reply| reply.finish(is_checked))
        } else {
            return None;
        };
        if message.is_none() {
            link.counters.bad_messages += 1;
            self.ask_anew(link, now);
        }
        message.map(Ended::Reply)
    }

    /// Asks for a reply that came damaged, unless it was asked for already: then the question is
    /// repeated in its time. So damage that lasts brings no more than one question at a time.
    fn ask_anew(&mut self, link: &mut Link, now: Instant) {
        self.reply = None;
        if self.phase != Phase::Cancel {
            self.phase = Phase::Wait;
            if !self.is_asking {
                self.ask(link, now);
            }
        }
    }

    /// Stores a fragment of the reply, and says whether it is whole; nothing, if the fragment does
    /// not belong to it.
    fn store(&mut self, link: &mut Link, now: Instant, packet: &Packet<'_>) -> Option<bool> {
        let header = &packet.header;
        let reply = self
            .reply
            .get_or_insert_with(|| Reassembly::new(header.geometry, now));
        let window = link.settings.window;
        let stored = reply.store(&header.geometry, header.frag, packet.body, window, now);
        let is_ack_due = match stored {
            Stored::Refused => {
                link.counters.malformed += 1;
                return None;
            }
            Stored::Whole => return Some(true),
            Stored::Again => header.wants_ack(),
            Stored::New { is_ack_due } => is_ack_due || header.wants_ack(),
        };
        self.heard = now;
        if is_ack_due {
            self.acknowledge(link, now, 0, Some(header.pn));
        }
        if self.phase != Phase::Cancel {
            self.phase = Phase::Reply;
            (self.is_asking, self.tries) = (false, 0);
            self.due = Some(now + link.timeout(0));
        }
        Some(false)
    }

    /// Says which fragments of the reply have come.
    pub(super) fn acknowledge(
        &mut self,
        link: &mut Link,
        now: Instant,
        flags: u8,
        answered: Option<u32>,
    ) {
        let packet = self.packet(PacketType::Ack);
        let Some(reply) = &mut self.reply else {
            return;
        };
        let mut bitmap = [0; BITMAP_MAX];
        let ack = reply.acknowledge(link.settings.window, &mut bitmap);
        let ack = Ack {
            echo_pn: answered.unwrap_or_default(),
            ..ack
        };
        let (body, len) = ack.to_bytes();
        let body = body.get(..len).unwrap_or_default();
        link.transmit(
            now,
            &Outgoing {
                flags,
                body,
                ..packet
            },
        );
    }

    fn on_cancel_ack(&mut self, code: u8) -> Option<Ended> {
        if self.phase != Phase::Cancel {
            return None;
        }
        Some(if code == CallState::Queued as u8 {
            self.not_executed(self.cancelled)
        } else {
            self.lost(self.cancelled)
        })
    }

    fn on_reject(&mut self, link: &mut Link, now: Instant, packet: &Packet<'_>) -> Option<Ended> {
        let header = &packet.header;
        let code = RejectCode::from_wire(header.code);
        let (Some(reject), Some(code)) = (Reject::parse(packet.body), code) else {
            link.counters.malformed += 1;
            return None;
        };
        let is_mine = match code {
            RejectCode::WrongEpoch => {
                reject.offending_epoch == self.epoch && header.epoch != self.epoch
            }
            _ => header.epoch == self.epoch || link.has(Mutant::NoEpochCheck),
        };
        if !is_mine {
            link.counters.stale += 1;
            return None;
        }
        self.measure(link, now, header);
        self.heard = now;
        match code {
            RejectCode::Refused => Some(self.not_executed(Reason::Refused)),
            RejectCode::TooLarge => Some(self.not_executed(Reason::TooLarge)),
            RejectCode::Draining => Some(self.not_executed(Reason::Draining)),
            RejectCode::CancelledBeforeStart => Some(self.not_executed(self.cancelled)),
            RejectCode::ResultLost => Some(Self::result_lost(Reason::ReplyEvicted)),
            RejectCode::SeqReused => {
                if let Some(identity) = link.identities.find(self.id.client_id) {
                    identity.retire();
                }
                Some(self.not_executed(Reason::SeqReused))
            }
            RejectCode::Busy if link.has(Mutant::BusyIsProof) => {
                Some(self.not_executed(Reason::Busy))
            }
            _ => self.on_advice(link, now, header, code, &reject),
        }
    }

    /// A refusal after which the call may go on, if it is the first of its flight.
    fn on_advice(
        &mut self,
        link: &mut Link,
        now: Instant,
        header: &Header,
        code: RejectCode,
        reject: &Reject,
    ) -> Option<Ended> {
        let (pn, _) = echoed(header.tok);
        link.renew(now, header, code, reject);
        if !self.reacts(link, pn) {
            return None;
        }
        match code {
            RejectCode::Cookie => self.resend(link, now),
            RejectCode::WrongEpoch => {
                let is_safe = !self.all_sent || link.has(Mutant::BlindRetry);
                return self.begin_again(link, now, is_safe, Reason::ServerRestarted);
            }
            RejectCode::StalePin => {
                let is_safe = !self.all_sent || link.has(Mutant::RepinAfterFullSend);
                return self.begin_again(link, now, is_safe, Reason::StalePin);
            }
            _ if self.phase == Phase::Cancel => {}
            _ => return self.pause(link, now, code, reject.arg),
        }
        None
    }

    /// Waits as long as the server asks for, unless that is for ever.
    fn pause(
        &mut self,
        link: &mut Link,
        now: Instant,
        code: RejectCode,
        arg: u32,
    ) -> Option<Ended> {
        let pause = Duration::from_millis(arg.into());
        if code == RejectCode::FuturePin && pause > link.settings.dead {
            return Some(self.lost(Reason::FuturePin));
        }
        self.phase = Phase::Paused;
        self.due = Some(now + pause.min(link.settings.dead / 3));
        None
    }

    /// Sends the call as a new one, unless it may have been executed and must not be twice.
    fn begin_again(
        &mut self,
        link: &mut Link,
        now: Instant,
        is_safe: bool,
        reason: Reason,
    ) -> Option<Ended> {
        if self.phase == Phase::Cancel {
            return Some(self.lost(self.cancelled));
        }
        if !is_safe && !self.options.idempotent {
            return Some(self.lost(reason));
        }
        (self.is_asking, self.tries) = (false, 0);
        self.bind(link, now);
        None
    }
}

impl Link {
    /// Takes what a refusal tells of the server: its cookie, and its epoch if that is a new one.
    fn renew(&mut self, now: Instant, header: &Header, code: RejectCode, reject: &Reject) {
        let keeps_cookie = self.has(Mutant::StaleCookies);
        let takes_any = self.has(Mutant::NoEpochCheck);
        let (pn, _) = echoed(header.tok);
        let Some(binding) = self
            .identities
            .find(header.client_id)
            .and_then(|identity| identity.binding.as_mut())
        else {
            return;
        };
        if code == RejectCode::WrongEpoch && binding.epoch == reject.offending_epoch {
            binding.epoch = header.epoch;
            binding.clock.seconds = header.stamp;
            (binding.clock.heard, binding.clock.pn) = (now, pn);
            if !keeps_cookie {
                (binding.cookie, binding.cookie_pn) = (reject.fresh_cookie, pn);
            }
        } else if (binding.epoch == header.epoch || takes_any) && !keeps_cookie {
            binding.renew_cookie(reject.fresh_cookie, pn);
        }
    }
}
