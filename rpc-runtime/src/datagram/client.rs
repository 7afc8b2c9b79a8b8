//! The client of ORD/1: calls to one server, each in an activity of its own.

mod call;
mod done;
mod hello;
mod identity;
mod input;
mod link;
mod options;
mod probe;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    CallId, ClientSettings, Counters, Reason,
    due::Due,
    mutants::Mutant,
    packet::{Packet, PacketType, echoed},
    sender::Sender,
};
use call::{Burst, ClientCall, Phase};
use done::DoneBatch;
use link::Link;
pub use options::{CallOptions, Ended, StartFailure};

/// The pause between the first packets of calls that waited together for a sign of the server.
const RELEASE_PAUSE: Duration = Duration::from_micros(100);

/// One incarnation of a client, and its calls to one server.
///
/// It knows no socket and no clock. After each of [`start`](Self::start), [`cancel`](Self::cancel),
/// [`receive`](Self::receive) and [`expire`](Self::expire) send what
/// [`next_transmit`](Self::next_transmit) gives, and take what [`next_end`](Self::next_end) gives;
/// then wait for a datagram, or until [`next_timeout`](Self::next_timeout).
#[derive(Debug)]
pub struct ClientAssociation {
    link: Link,
    activities: Vec<Activity>,
    /// Activities without a call; the one that was in use last is the next.
    free: Vec<u32>,
    timers: Due<u32>,
    /// When the pace lets more packets leave.
    paced_until: Option<Instant>,
    done: DoneBatch,
    ended: VecDeque<(CallId, Ended)>,
}

/// A channel of the client.
#[derive(Debug, Default)]
struct Activity {
    client_id: u64,
    /// The number of its last call.
    seq: u32,
    call: Option<ClientCall>,
    /// The time of its entry among the timers, if it has one.
    timer: Option<Instant>,
    /// Whether its last call that ended was begun again after a server may have had it.
    was_begun_again: bool,
}

impl ClientAssociation {
    /// A client that nobody knows yet.
    ///
    /// Neither `client_id` nor `seed` may be guessed or repeated: take them from the operating
    /// system's source of randomness, for each incarnation of the client and each server anew.
    #[must_use]
    pub fn new(settings: ClientSettings, client_id: u64, seed: u64, now: Instant) -> Self {
        let settings = settings.bounded();
        let activities = u32::from(settings.activities);
        Self {
            activities: (0..activities).map(|_| Activity::default()).collect(),
            free: (0..activities).rev().collect(),
            timers: Due::new(),
            paced_until: None,
            done: DoneBatch::new(settings.activities, settings.done_delay),
            ended: VecDeque::new(),
            link: Link::new(settings, client_id, seed, now),
        }
    }

    /// Begins a call.
    ///
    /// # Errors
    ///
    /// No activity is free, or the message cannot be sent.
    pub fn start(
        &mut self,
        now: Instant,
        message: Bytes,
        options: CallOptions,
    ) -> Result<CallId, StartFailure> {
        if self.link.identities.renew_if_needed() {
            self.link.hello = None;
        }
        // First of all: whoever waits for an activity tries again and again.
        let place = self.free_activity().ok_or(StartFailure::TooManyCalls)?;
        let binding = self.link.binding();
        let (message_max, window) = binding.map_or((u32::MAX, super::settings::WINDOW), |bound| {
            (bound.message_max, bound.window)
        });
        let message_max = message_max.min(self.link.settings.message_max);
        let size = self.link.probing.size();
        let request = Sender::new(message, size, window)
            .filter(|request| request.geometry().msg_len <= message_max)
            .ok_or(StartFailure::MessageLength)?;
        let id = self
            .take_activity(place)
            .ok_or(StartFailure::TooManyCalls)?;
        let mut call = ClientCall::new(id, request, options, &self.link, now);
        self.link.counters.calls += 1;
        self.link.identities.current_mut().calls += 1;
        self.done.supersede(id.activity);
        if self.link.knows_the_clock(now) {
            call.bind(&mut self.link, now);
        } else {
            self.link.say_hello(now);
        }
        if let Some(activity) = self.activity(id.activity) {
            activity.call = Some(call);
        }
        self.after(now, id.activity, None);
        Ok(id)
    }

    /// Gives a call up: its end comes from [`next_end`](Self::next_end) all the same.
    pub fn cancel(&mut self, now: Instant, call: CallId) {
        self.with_call(now, call, |call, link| {
            call.cancel(link, now, Reason::Cancelled)
        });
    }

    /// Whether each fragment of a call was sent at least once, or the call has ended.
    #[must_use]
    pub fn was_sent(&self, call: CallId) -> bool {
        let call = self.find(call).and_then(|activity| activity.call.as_ref());
        call.is_none_or(|call| call.all_sent || call.may_run_elsewhere)
    }

    /// Whether a call that has ended, the last one of its activity, was begun again after a server may
    /// have had it, as an idempotent one is. Then a refusal in its reply does not say that it was never
    /// executed.
    #[must_use]
    pub fn was_begun_again(&self, call: CallId) -> bool {
        self.find(call)
            .is_some_and(|activity| activity.was_begun_again)
    }

    /// Tells the server at once of the replies that have come: the last that a client does.
    pub fn close(&mut self, now: Instant) {
        self.done.hurry(now);
        self.flush_done(now);
    }

    /// Takes in a datagram from the server; any bytes at all.
    pub fn receive(&mut self, now: Instant, datagram: &[u8]) {
        let is_checked = !self.link.has(Mutant::NoChecksum);
        match Packet::parse_with(datagram, is_checked) {
            Ok(packet) => self.on_packet(now, &packet),
            Err(fault) => self.link.counters.dropped(fault),
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) {
        self.link.say_hello_again(now);
        self.link.probe_again(now);
        while let Some((at, activity)) = self.timers.pop(now) {
            self.on_timer(now, activity, at);
        }
        self.flush_done(now);
        self.pump(now);
    }

    /// When [`expire`](Self::expire) has to be called, at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let hello = self.link.hello.as_ref().map(|hello| hello.due);
        let probe = self.link.probing.due();
        let due = [
            hello,
            probe,
            self.timers.first(),
            self.paced_until,
            self.done.due(),
        ];
        due.into_iter().flatten().min()
    }

    /// The next datagram to send to the server.
    pub fn next_transmit(&mut self, _now: Instant) -> Option<Bytes> {
        self.link.outbox.pop()
    }

    /// The next call that has ended.
    pub fn next_end(&mut self) -> Option<(CallId, Ended)> {
        self.ended.pop_front()
    }

    /// What the client has seen and done.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.link.counters
    }

    fn activity(&mut self, activity: u32) -> Option<&mut Activity> {
        let place = usize::try_from(activity).ok()?;
        self.activities.get_mut(place)
    }

    /// The activity whose last call is this one.
    fn find(&self, call: CallId) -> Option<&Activity> {
        let place = usize::try_from(call.activity).ok()?;
        let activity = self.activities.get(place)?;
        let is_last = activity.client_id == call.client_id && activity.seq == call.seq;
        is_last.then_some(activity)
    }

    /// The place in the list of free activities of one that the server allows.
    fn free_activity(&self) -> Option<usize> {
        let binding = self.link.binding();
        let allowed = binding.map_or(u16::MAX, |bound| bound.activities);
        let is_allowed = |number: &u32| *number < u32::from(allowed);
        self.free.iter().rposition(is_allowed)
    }

    /// The name of a new call, in the activity at this place in the list of free ones.
    fn take_activity(&mut self, place: usize) -> Option<CallId> {
        let client_id = self.link.identities.current().client_id;
        let first_seq = self.link.settings.first_seq;
        let number = self.free.remove(place);
        let activity = self.activity(number)?;
        if activity.client_id != client_id {
            let is_first = activity.client_id == 0;
            activity.client_id = client_id;
            activity.seq = if is_first {
                first_seq.saturating_sub(1)
            } else {
                0
            };
        }
        activity.seq += 1;
        let seq = activity.seq;
        if seq >= SEQ_LAST {
            self.link.identities.current_mut().retire();
        }
        Some(CallId {
            client_id,
            activity: number,
            seq,
        })
    }

    /// Does something with a call, if it is in flight.
    fn with_call(
        &mut self,
        now: Instant,
        id: CallId,
        act: impl FnOnce(&mut ClientCall, &mut Link) -> Option<Ended>,
    ) {
        let Self {
            activities, link, ..
        } = self;
        let place = usize::try_from(id.activity).ok();
        let activity = place.and_then(|place| activities.get_mut(place));
        let call = activity.and_then(|activity| activity.call.as_mut());
        if let Some(call) = call.filter(|call| call.id == id) {
            let ended = act(call, link);
            self.after(now, id.activity, ended);
        }
    }

    fn on_timer(&mut self, now: Instant, number: u32, at: Instant) {
        let Self {
            activities, link, ..
        } = self;
        let place = usize::try_from(number).ok();
        let Some(activity) = place.and_then(|place| activities.get_mut(place)) else {
            return;
        };
        // It was set to an earlier time since.
        if activity.timer != Some(at) {
            return;
        }
        activity.timer = None;
        if let Some(call) = &mut activity.call {
            let ended = call.tick(link, now);
            self.settle(now, number, ended);
        }
    }

    fn on_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        let header = &packet.header;
        let (pn, _) = echoed(header.tok);
        let Some(identity) = self.link.identities.find(header.client_id) else {
            self.link.counters.stale += 1;
            return;
        };
        if pn > identity.last_pn() {
            self.link.counters.optimistic += 1;
            return;
        }
        if let Some(binding) = &mut identity.binding
            && binding.epoch == header.epoch
        {
            binding.clock.set(header.stamp, pn, now);
        }
        self.link.counters.received += 1;
        self.link.heard();
        match header.packet_type {
            PacketType::HelloAck => {
                if self.link.on_hello_ack(now, packet) {
                    self.bind_calls(now);
                }
            }
            PacketType::ProbeAck => self.link.on_probe_ack(now, packet),
            PacketType::Resp
            | PacketType::Ack
            | PacketType::Working
            | PacketType::NoCall
            | PacketType::Reject
            | PacketType::CancelAck => self.on_call_packet(now, packet),
            _ => self.link.counters.malformed += 1,
        }
        self.release(now);
        self.pump(now);
    }

    fn on_call_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        let header = &packet.header;
        let id = CallId {
            client_id: header.client_id,
            activity: header.activity,
            seq: header.seq,
        };
        let Some(activity) = self.activity(header.activity) else {
            self.link.counters.stale += 1;
            return;
        };
        let is_former = activity.client_id != id.client_id || activity.seq >= id.seq;
        if activity.call.as_ref().is_some_and(|call| call.id == id) {
            self.with_call(now, id, |call, link| call.receive(link, now, packet));
            return;
        }
        self.link.counters.stale += 1;
        // The server keeps a reply that nobody waits for.
        if header.packet_type == PacketType::Resp && header.wants_ack() && is_former {
            done::send(
                &mut self.link,
                now,
                header.epoch,
                id.client_id,
                &[(id.activity, id.seq)],
            );
        }
    }

    /// Sends the calls that waited for an epoch and a cookie.
    fn bind_calls(&mut self, now: Instant) {
        let client_id = self.link.identities.current().client_id;
        for number in 0..u32::from(self.link.settings.activities) {
            let call = self
                .activity(number)
                .and_then(|activity| activity.call.as_ref());
            let waiting = call.filter(|call| call.phase == Phase::Bind);
            let Some(id) = waiting.map(|call| call.id) else {
                continue;
            };
            if id.client_id == client_id {
                self.with_call(now, id, |call, link| {
                    call.heard = now;
                    call.bind(link, now);
                    None
                });
            }
        }
    }

    /// Lets the calls go on that waited for a sign of the server.
    fn release(&mut self, now: Instant) {
        if !self.link.releases() {
            return;
        }
        let held = std::mem::take(&mut self.link.held);
        for (number, place) in held.into_iter().zip(0..) {
            let due = now + RELEASE_PAUSE * place;
            let activity = self.activity(number);
            if let Some(call) = activity.and_then(|activity| activity.call.as_mut()) {
                call.release(due);
                self.settle(now, number, None);
            }
        }
    }

    /// What follows on anything that was done with a call.
    fn after(&mut self, now: Instant, number: u32, ended: Option<Ended>) {
        self.settle(now, number, ended);
        self.pump(now);
    }

    /// Ends a call that has ended, and sets the timer of one that has not.
    fn settle(&mut self, now: Instant, number: u32, ended: Option<Ended>) {
        match ended {
            Some(ended) => self.end(now, number, ended),
            None => self.set_timer(number),
        }
    }

    fn set_timer(&mut self, number: u32) {
        let Self {
            activities,
            link,
            timers,
            ..
        } = self;
        let place = usize::try_from(number).ok();
        let Some(activity) = place.and_then(|place| activities.get_mut(place)) else {
            return;
        };
        let Some(call) = &activity.call else {
            return;
        };
        let due = call.next_due(link);
        if activity.timer.is_none_or(|timer| due < timer) {
            activity.timer = Some(due);
            timers.push(due, number);
        }
    }

    fn end(&mut self, now: Instant, number: u32, ended: Ended) {
        let Some(activity) = self.activity(number) else {
            return;
        };
        let Some(call) = activity.call.take() else {
            return;
        };
        activity.was_begun_again = call.may_run_elsewhere;
        call.forget(&mut self.link, call.request.in_flight());
        if matches!(ended, Ended::Reply(_)) {
            self.done.add(now, call.epoch, call.id);
            self.link.start_probing(now);
        }
        self.link.identities.call_ended(call.id.client_id);
        self.free.push(number);
        let is_last = self.free.len() == self.activities.len();
        self.link.call_ended(number, is_last);
        self.ended.push_back((call.id, ended));
        self.release(now);
    }

    /// Sends what the calls have to send, in turn. One that has to wait holds up no other: short
    /// calls wait for no window.
    fn pump(&mut self, now: Instant) {
        self.paced_until = None;
        let mut turns = self.link.sending.len();
        while turns > 0
            && let Some(number) = self.link.sending.pop_front()
        {
            turns -= 1;
            let Self {
                activities, link, ..
            } = &mut *self;
            let place = usize::try_from(number).ok();
            let activity = place.and_then(|place| activities.get_mut(place));
            let Some(call) = activity.and_then(|activity| activity.call.as_mut()) else {
                continue;
            };
            let burst = call.burst(link, now);
            match burst {
                Burst::Over => {}
                Burst::Full => link.sending.push_back(number),
                Burst::More => {
                    link.sending.push_back(number);
                    turns += 1;
                }
                Burst::Until(ready) => {
                    link.sending.push_back(number);
                    self.paced_until = Some(ready);
                }
            }
            self.set_timer(number);
        }
    }

    /// Tells the server of replies that have come, if that is due.
    fn flush_done(&mut self, now: Instant) {
        self.done.flush(&mut self.link, now);
    }
}

/// The last number of a call in an activity: the one behind it is never used, so that none wraps.
const SEQ_LAST: u32 = u32::MAX - 1;
