//! What a server answers to packets about calls that it has.

use std::{cmp::Ordering, time::Instant};

use super::{
    association::Association,
    record::{State, Tomb},
    shared::{Answer, Key, Shared, Timer},
};
use crate::datagram::{
    pacing::BURST_MAX,
    packet::{ACK_REQ, Ack, Done, Header, Packet, PacketType, RETRANSMIT, echo},
    receiver::Reassembly,
    refusal::CallState,
    sender::Transmission,
};

/// Why a reply is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// There is something to send.
    Usual,
    /// The client has waited in vain: it gets a fragment even when the window is full. The packets
    /// that fill it may be lost, and those who would ask for them wait for this answer.
    Asked,
}

impl Association {
    /// A client asks what has become of a call. One that sends a PING has nothing of the reply.
    pub(super) fn on_question(&mut self, shared: &mut Shared, now: Instant, header: &Header) {
        let Some(record) = self.record(header.activity) else {
            return;
        };
        record.seen = (header.pn, now);
        match &mut record.state {
            State::Receiving(_) => self.acknowledge(shared, now, header),
            State::Queued(_) | State::Running { .. } => {
                self.send_working(shared, now, header.activity);
            }
            State::Replied(reply) => {
                let in_flight = if header.packet_type == PacketType::Ping {
                    reply.restart()
                } else {
                    reply.lose_all()
                };
                if !reply.is_single() {
                    self.congestion.forget(in_flight);
                }
                self.send_reply(shared, now, header.activity, Urgency::Asked);
            }
            State::Tomb(tomb) => {
                if let Some(code) = tomb.rejection() {
                    self.reject(shared, now, header, code, 0);
                }
            }
        }
    }

    /// A PING: like a question about the last call of the activity, if it is about that.
    pub(super) fn on_ping(&mut self, shared: &mut Shared, now: Instant, header: &Header) {
        let seq = self.seq(header.activity);
        match header.seq.cmp(&seq) {
            Ordering::Less => shared.counters.stale += 1,
            Ordering::Equal => self.on_question(shared, now, header),
            Ordering::Greater => self.answer(shared, now, header, PacketType::NoCall, 0, &[]),
        }
    }

    /// The client says which fragments of a reply it has; one that wants an answer has waited for
    /// the rest in vain.
    pub(super) fn on_ack(&mut self, shared: &mut Shared, now: Instant, packet: &Packet<'_>) {
        let header = &packet.header;
        let Some(ack) = Ack::parse(packet.body) else {
            shared.counters.malformed += 1;
            return;
        };
        let is_known = ack.echo_pn <= self.last_pn;
        let seq = self.seq(header.activity);
        let delay = self.round_trip.loss_delay();
        let record = self.record(header.activity).filter(|_| seq == header.seq);
        let Some(State::Replied(reply)) = record.map(|record| &mut record.state) else {
            if header.wants_ack() {
                self.on_ping(shared, now, header);
            }
            return;
        };
        let progress = is_known.then(|| reply.acknowledge(&ack, now, delay));
        let Some(progress) = progress.flatten() else {
            shared.counters.optimistic += 1;
            return;
        };
        let (is_single, has_arrived) = (reply.is_single(), reply.has_arrived());
        let resent = if header.wants_ack() {
            reply.lose_all()
        } else {
            0
        };
        if let Some(sent) = progress.answered {
            self.round_trip.sample(sent, now, ack.hold());
        }
        if !is_single {
            self.congestion.arrived(progress.landed);
            self.congestion.lost(progress.lost, now, delay);
            self.congestion.forget(resent);
        }
        if has_arrived {
            self.bury(shared, header.activity, Tomb::Done);
        } else if let Some(record) = self.record(header.activity) {
            record.seen = (header.pn, now);
            let urgency = if header.wants_ack() {
                Urgency::Asked
            } else {
                Urgency::Usual
            };
            self.send_reply(shared, now, header.activity, urgency);
        }
        self.send_waiting(shared, now);
    }

    /// Sends the first fragments of replies that waited for others, now that there is room.
    fn send_waiting(&mut self, shared: &mut Shared, now: Instant) {
        while self.congestion.room() > 0
            && let Some(activity) = self.waiting.pop_front()
        {
            self.send_reply(shared, now, activity, Urgency::Usual);
        }
    }

    /// The client has these replies.
    pub(super) fn on_done(&mut self, shared: &mut Shared, now: Instant, packet: &Packet<'_>) {
        let Some(done) = Done::parse(packet.body) else {
            shared.counters.malformed += 1;
            return;
        };
        for (activity, seq) in done.calls() {
            let record = self.record(activity).filter(|record| record.seq == seq);
            if record.is_some_and(|record| matches!(record.state, State::Replied(_))) {
                self.bury(shared, activity, Tomb::Done);
            }
        }
        self.send_waiting(shared, now);
    }

    /// Sends of a reply what may be sent now.
    pub(super) fn send_reply(
        &mut self,
        shared: &mut Shared,
        now: Instant,
        activity: u32,
        urgency: Urgency,
    ) {
        let token = self.token(activity, self.seq(activity));
        let Self {
            records,
            congestion,
            last_pn,
            path,
            waiting,
            ..
        } = self;
        let place = usize::try_from(activity).ok();
        let Some(record) = place.and_then(|place| records.get_mut(place)) else {
            return;
        };
        let State::Replied(reply) = &mut record.state else {
            return;
        };
        let (seen_pn, seen_at) = record.seen;
        let tok = echo(seen_pn, now.saturating_duration_since(seen_at));
        for sent in 1..=BURST_MAX {
            let is_due = reply.is_single() || urgency == Urgency::Asked && sent == 1;
            let room = congestion.room().max(u32::from(is_due));
            let Some(frag) = reply.next() else {
                return;
            };
            if room == 0 {
                // What is under way brings acknowledgements, and these send the rest.
                if reply.in_flight() == 0 && !waiting.contains(&activity) {
                    waiting.push_back(activity);
                }
                return;
            }
            let Some(pn) = last_pn.checked_add(1) else {
                return;
            };
            *last_pn = pn;
            let is_again = reply.was_sent(frag);
            let geometry = reply.geometry();
            let is_last = room == 1 || sent == BURST_MAX || frag + 1 == geometry.nfrag;
            let mut flags = if is_again { ACK_REQ | RETRANSMIT } else { 0 };
            flags |= if is_last && !reply.is_single() {
                ACK_REQ
            } else {
                0
            };
            let answer = Answer {
                flags,
                pn,
                tok,
                frag,
                geometry,
                body: reply.fragment(frag),
                ..Answer::new(PacketType::Resp, token)
            };
            shared.send(now, *path, &answer);
            if reply.sent(frag, Transmission { pn, at: now }) && !reply.is_single() {
                congestion.sent();
            }
        }
    }

    /// Says that a call has come and has no result yet, and how far it is.
    fn send_working(&mut self, shared: &mut Shared, now: Instant, activity: u32) {
        let token = self.token(activity, self.seq(activity));
        let Some(record) = self.record(activity) else {
            return;
        };
        let state = match record.state {
            State::Queued(_) => CallState::Queued,
            _ => CallState::Running,
        };
        let (seen_pn, seen_at) = record.seen;
        let elapsed = now.saturating_duration_since(record.since).as_millis();
        let elapsed = u32::try_from(elapsed).unwrap_or(u32::MAX);
        let answer = Answer {
            code: state as u8,
            tok: echo(seen_pn, now.saturating_duration_since(seen_at)),
            body: &elapsed.to_be_bytes(),
            ..Answer::new(PacketType::Working, token)
        };
        self.send(shared, now, &answer);
    }

    /// Tells the client once, unasked, that its call takes its time.
    pub(super) fn on_working_timer(&mut self, shared: &mut Shared, now: Instant, key: Key) {
        let record = self
            .record(key.activity)
            .filter(|record| record.seq == key.seq);
        let state = record.map(|record| &record.state);
        if matches!(state, Some(State::Queued(_) | State::Running { .. })) {
            self.send_working(shared, now, key.activity);
        }
    }

    /// Asks to be looked at for messages that are not whole: one timer for all of a client, so that
    /// those that it never ends leave none behind.
    pub(super) fn set_reassembly_timer(&mut self, shared: &mut Shared, due: Instant) {
        self.reassembly_due = Some(due);
        shared.timers.push(due, Timer::Reassembly(self.slot));
    }

    /// Drops the messages of which no fragment has come for too long.
    pub(super) fn on_reassembly_timer(&mut self, shared: &mut Shared, now: Instant, at: Instant) {
        // Another one could be of a client that was in this slot before.
        if self.reassembly_due != Some(at) {
            return;
        }
        self.reassembly_due = None;
        let (mut next, mut dropped) = (None, Vec::new());
        for record in &mut self.records {
            let State::Receiving(partial) = &mut record.state else {
                continue;
            };
            let due = |partial: &Reassembly| partial.progress() + shared.settings.reassembly;
            if let Some(late) = partial.take_if(|partial| due(partial) <= now) {
                dropped.push(late.geometry().bytes());
            }
            next = partial.as_deref().map(due).into_iter().chain(next).min();
        }
        for bytes in dropped {
            self.give_back(shared, bytes);
        }
        if let Some(due) = next {
            self.set_reassembly_timer(shared, due);
        }
    }
}
