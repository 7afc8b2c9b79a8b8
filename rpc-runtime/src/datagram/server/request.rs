//! Calls on their way in.

use std::time::Instant;

use bytes::Bytes;

use super::{
    Origin, ServerEndpoint,
    association::Association,
    record::{Record, State, Tomb},
    shared::Shared,
};
use crate::datagram::{
    RejectCode,
    mutants::Mutant,
    packet::{Ack, BITMAP_MAX, Header, Packet, PacketType},
    receiver::{self, Reassembly, Stored},
    refusal::CallState,
};

/// How far the pin of a call may lie in the future, in seconds: client and server cut their clocks
/// off to seconds, each at its own time.
const PIN_AHEAD_MAX: u32 = 2;

impl ServerEndpoint {
    /// A fragment of a call.
    pub(super) fn on_req(&mut self, now: Instant, origin: Origin, packet: &Packet<'_>) {
        let Self { clients, shared } = self;
        let header = &packet.header;
        let association = origin.slot.and_then(|slot| clients.get(slot));
        let seq = association
            .as_ref()
            .map_or(0, |client| client.seq(header.activity));
        if header.seq == seq {
            if let Some(association) = association {
                association.on_req_again(shared, now, packet);
            }
        } else if header.seq > seq || shared.has(Mutant::NoSequenceCheck) {
            self.on_new_req(now, origin, packet);
        } else {
            shared.counters.stale += 1;
        }
    }

    fn on_new_req(&mut self, now: Instant, origin: Origin, packet: &Packet<'_>) {
        let header = &packet.header;
        let Self { clients, shared } = self;
        let is_worn_out = origin
            .slot
            .and_then(|slot| clients.get(slot))
            .is_some_and(|association| association.is_worn_out());
        if let Some((code, arg)) = shared.refusal(now, header, is_worn_out) {
            self.reject(now, origin, header, code, arg);
            return;
        }
        let Some(association) = clients.place(shared, now, origin, header) else {
            let retry = u32::try_from(shared.settings.busy_retry.as_millis()).unwrap_or(u32::MAX);
            self.reject(now, origin, header, RejectCode::Busy, retry);
            return;
        };
        association.newest_pn = association.newest_pn.max(header.pn);
        let record = Record::begin(header, now, State::Receiving(None));
        association.replace(shared, header.activity, record);
        association.on_fragment(shared, now, packet);
    }

    /// Tells a client that its packet is not taken, whether the client is known or not.
    fn reject(
        &mut self,
        now: Instant,
        origin: Origin,
        header: &Header,
        code: RejectCode,
        arg: u32,
    ) {
        let Self { clients, shared } = self;
        match origin.slot.and_then(|slot| clients.get(slot)) {
            Some(association) => association.reject(shared, now, header, code, arg),
            None => shared.reject_stranger(now, origin.source, header, code, arg),
        }
    }

    /// The client wants no result any more.
    pub(super) fn on_cancel(&mut self, now: Instant, origin: Origin, packet: &Packet<'_>) {
        let header = &packet.header;
        let Self { clients, shared } = self;
        let association = origin.slot.and_then(|slot| clients.get(slot));
        let seq = association
            .as_ref()
            .map_or(0, |client| client.seq(header.activity));
        if header.seq < seq {
            shared.counters.stale += 1;
            return;
        }
        if let Some(association) = association.filter(|_| header.seq == seq) {
            association.on_cancel_again(shared, now, header);
            return;
        }
        if let Some((code, arg)) = shared.pin_refusal(now, header) {
            self.reject(now, origin, header, code, arg);
            return;
        }
        // A late copy of the call has to find that it was cancelled.
        let is_possible = header.activity < u32::from(shared.settings.activities);
        if is_possible && let Some(association) = clients.place(shared, now, origin, header) {
            let record = Record::begin(header, now, State::Tomb(Tomb::Cancelled));
            association.replace(shared, header.activity, record);
            association.acknowledge_cancel(shared, now, header, CallState::Queued);
        }
    }
}

impl Shared {
    /// Why a new call is not taken, whatever room there is.
    fn refusal(
        &self,
        now: Instant,
        header: &Header,
        is_worn_out: bool,
    ) -> Option<(RejectCode, u32)> {
        if let Some(refusal) = self.pin_refusal(now, header) {
            return Some(refusal);
        }
        let is_large = header.geometry.msg_len > self.settings.message_max
            || header.activity >= u32::from(self.settings.activities);
        let code = if self.draining.is_some() {
            RejectCode::Draining
        } else if is_large {
            RejectCode::TooLarge
        } else if is_worn_out {
            RejectCode::SeqReused
        } else {
            return None;
        };
        Some((code, 0))
    }

    /// Why a call that was first sent at this time is not taken now.
    fn pin_refusal(&self, now: Instant, header: &Header) -> Option<(RejectCode, u32)> {
        if self.has(Mutant::NoPinWindow) {
            return None;
        }
        let seconds = self.seconds(now);
        let fresh = u32::try_from(self.settings.fresh.as_secs()).unwrap_or(u32::MAX);
        if header.stamp < seconds.saturating_sub(fresh) {
            return Some((RejectCode::StalePin, 0));
        }
        let ahead = header
            .stamp
            .saturating_sub(seconds.saturating_add(PIN_AHEAD_MAX));
        (ahead > 0).then(|| (RejectCode::FuturePin, ahead.saturating_mul(1000)))
    }
}

impl Association {
    /// Notes the packet about a call that came last: answers name it.
    fn see(&mut self, now: Instant, header: &Header) {
        if let Some(record) = self.record(header.activity) {
            record.seen = (header.pn, now);
        }
    }

    /// A fragment of the call that the record is of.
    fn on_req_again(&mut self, shared: &mut Shared, now: Instant, packet: &Packet<'_>) {
        let header = &packet.header;
        let Some(record) = self.record(header.activity) else {
            return;
        };
        if !record.is_same_call(&header.geometry) {
            self.reject(shared, now, header, RejectCode::SeqReused, 0);
            return;
        }
        match record.state {
            State::Receiving(_) => self.on_fragment(shared, now, packet),
            State::Tomb(_) => self.on_question(shared, now, header),
            _ if header.wants_ack() => self.on_question(shared, now, header),
            _ => {}
        }
        self.see(now, header);
    }

    /// A fragment of a call that is not whole.
    fn on_fragment(&mut self, shared: &mut Shared, now: Instant, packet: &Packet<'_>) {
        let header = &packet.header;
        let geometry = header.geometry;
        let bytes = geometry.bytes();
        let is_short = geometry.msg_len <= shared.settings.message_max;
        let has_room = is_short && self.has_room(shared, bytes);
        if shared.draining.is_some() {
            self.refuse(shared, now, header, RejectCode::Draining);
            return;
        }
        let Some(Record {
            state: State::Receiving(reassembly),
            ..
        }) = self.record(header.activity)
        else {
            return;
        };
        if reassembly.is_none() && !has_room {
            self.refuse(shared, now, header, RejectCode::Refused);
            return;
        }
        let is_checked = !shared.has(Mutant::NoChecksum);
        if geometry.nfrag == 1 {
            match receiver::single(&geometry, packet.body, is_checked) {
                Some(message) => {
                    self.lend(shared, bytes);
                    self.enqueue(shared, now, header, message);
                }
                None => shared.counters.bad_messages += 1,
            }
            return;
        }
        let is_first = reassembly.is_none();
        let reassembly = reassembly.get_or_insert_with(|| Box::new(Reassembly::new(geometry, now)));
        let window = shared.settings.window;
        let stored = reassembly.store(&geometry, header.frag, packet.body, window, now);
        if is_first {
            self.lend(shared, bytes);
            if self.reassembly_due.is_none() {
                self.set_reassembly_timer(shared, now + shared.settings.reassembly);
            }
        }
        match stored {
            Stored::Refused => shared.counters.malformed += 1,
            Stored::Whole => self.on_whole(shared, now, header, is_checked),
            Stored::Again if header.wants_ack() => self.acknowledge(shared, now, header),
            Stored::New { is_ack_due } if is_ack_due || header.wants_ack() => {
                self.acknowledge(shared, now, header);
            }
            Stored::Again | Stored::New { .. } => {}
        }
    }

    /// All fragments have come.
    fn on_whole(&mut self, shared: &mut Shared, now: Instant, header: &Header, is_checked: bool) {
        let Some(record) = self.record(header.activity) else {
            return;
        };
        let State::Receiving(reassembly) = &mut record.state else {
            return;
        };
        let message = reassembly.take().and_then(|all| all.finish(is_checked));
        let Some(message) = message else {
            self.give_back(shared, header.geometry.bytes());
            shared.counters.bad_messages += 1;
            return;
        };
        self.enqueue(shared, now, header, message);
    }

    /// Puts a whole call, for whose message room is lent, into the queue.
    fn enqueue(&mut self, shared: &mut Shared, now: Instant, header: &Header, message: Bytes) {
        let may_run = self.running.has_room(self.queued.used() + 1);
        if !(may_run && self.queued.has_room(1) && shared.queued.has_room(1)) {
            self.give_back(shared, message.len());
            self.refuse(shared, now, header, RejectCode::Refused);
            return;
        }
        let key = self.key(header.activity, header.seq);
        let Some(record) = self.record(header.activity) else {
            return;
        };
        record.state = State::Queued(message);
        self.queued.lend(1);
        shared.queued.lend(1);
        shared.queue.push_back(key);
        shared.counters.calls += 1;
        let due = now + shared.settings.working_delay;
        shared.working.push(due, key);
    }

    /// Refuses a call for good: the record says so to each of its copies.
    fn refuse(&mut self, shared: &mut Shared, now: Instant, header: &Header, code: RejectCode) {
        self.bury(shared, header.activity, Tomb::Refused);
        self.reject(shared, now, header, code, 0);
    }

    /// Says which fragments of a call have come.
    pub(super) fn acknowledge(&mut self, shared: &mut Shared, now: Instant, header: &Header) {
        let mut bitmap = [0; BITMAP_MAX];
        let window = shared.settings.window;
        let state = self.record(header.activity).map(|record| &mut record.state);
        let ack = match state {
            Some(State::Receiving(Some(reassembly))) => reassembly.acknowledge(window, &mut bitmap),
            _ => Ack::nothing(window),
        };
        let ack = Ack {
            echo_pn: header.pn,
            ..ack
        };
        let (body, len) = ack.to_bytes();
        let body = body.get(..len).unwrap_or_default();
        self.answer(shared, now, header, PacketType::Ack, 0, body);
    }

    /// The client gives the call up that the record is of.
    fn on_cancel_again(&mut self, shared: &mut Shared, now: Instant, header: &Header) {
        let token = self.token(header.activity, header.seq);
        match self.record(header.activity).map(|record| &mut record.state) {
            Some(State::Receiving(_) | State::Queued(_)) => {
                self.bury(shared, header.activity, Tomb::Cancelled);
                self.acknowledge_cancel(shared, now, header, CallState::Queued);
            }
            Some(State::Running { is_cancelled }) => {
                if !std::mem::replace(is_cancelled, true) {
                    shared.cancelled.push_back(token);
                }
                self.acknowledge_cancel(shared, now, header, CallState::Running);
            }
            _ => self.on_question(shared, now, header),
        }
        self.see(now, header);
    }

    fn acknowledge_cancel(
        &mut self,
        shared: &mut Shared,
        now: Instant,
        header: &Header,
        state: CallState,
    ) {
        self.answer(shared, now, header, PacketType::CancelAck, state as u8, &[]);
    }
}
