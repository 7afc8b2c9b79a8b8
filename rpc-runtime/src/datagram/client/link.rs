//! What all calls of a client share: its identity, the path to the server, what is to be sent.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    hello::Hello,
    identity::{Binding, Identities},
    probe::Probing,
};
use crate::{
    datagram::{
        CallToken, ClientSettings, Counters,
        mutants::Mutant,
        outbox::Outbox,
        pacing::{Congestion, Pacer, interval},
        packet::{CLIENT_DATAGRAM_MIN, Geometry, Header, PacketType, RETRANSMIT},
        rtt::RoundTrip,
        sender::Transmission,
    },
    retransmission::Jitter,
};

/// Silence of so many time-outs means that the server may be gone: then one call asks for all.
const SILENT_TIMEOUTS: u32 = 3;

/// What all calls share.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) settings: ClientSettings,
    pub(super) identities: Identities,
    pub(super) hello: Option<Hello>,
    pub(super) probing: Probing,
    pub(super) round_trip: RoundTrip,
    pub(super) congestion: Congestion,
    pacer: Pacer,
    jitter: Jitter,
    pub(super) outbox: Outbox<Bytes>,
    pub(super) counters: Counters,
    /// Activities whose calls have fragments to send, in turn.
    pub(super) sending: VecDeque<u32>,
    /// When the first packet was sent that wants an answer, of those since the last answer.
    waiting_since: Option<Instant>,
    /// The activity that asks for all while the server is silent.
    prober: Option<u32>,
    /// The activities that wait meanwhile.
    pub(super) held: Vec<u32>,
}

/// A packet that is to be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) packet_type: PacketType,
    pub(super) flags: u8,
    pub(super) token: CallToken,
    pub(super) epoch: u64,
    pub(super) stamp: u32,
    pub(super) frag: u16,
    pub(super) geometry: Geometry,
    pub(super) body: &'a [u8],
    pub(super) len_min: usize,
}

impl Outgoing<'_> {
    /// A packet that is about no call.
    pub(super) fn of_client(packet_type: PacketType, client_id: u64) -> Self {
        Outgoing {
            packet_type,
            flags: 0,
            token: CallToken {
                client_id,
                activity: 0,
                seq: 0,
            },
            epoch: 0,
            stamp: 0,
            frag: 0,
            geometry: Geometry::NONE,
            body: &[],
            len_min: CLIENT_DATAGRAM_MIN,
        }
    }
}

impl Link {
    pub(super) fn new(settings: ClientSettings, client_id: u64, seed: u64, now: Instant) -> Self {
        Self {
            identities: Identities::new(client_id, seed, settings.first_pn),
            hello: None,
            probing: Probing::default(),
            round_trip: RoundTrip::default(),
            congestion: Congestion::default(),
            pacer: Pacer::new(now),
            jitter: Jitter::new(seed),
            outbox: Outbox::new(),
            counters: Counters::default(),
            sending: VecDeque::new(),
            waiting_since: None,
            prober: None,
            held: Vec::new(),
            settings,
        }
    }

    /// What binds new calls to the server.
    pub(super) fn binding(&self) -> Option<&Binding> {
        self.identities.current().binding.as_ref()
    }

    /// Whether the client is bound, and knows the server's clock well enough to give a pin.
    pub(super) fn knows_the_clock(&self, now: Instant) -> bool {
        let age_max = self.settings.clock_age_max;
        let binding = self.binding();
        binding.is_some_and(|bound| now.saturating_duration_since(bound.clock.heard) <= age_max)
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.settings.mutants.has(mutant)
    }

    /// Sends a packet, unless the `client_id` is unknown or has no packet numbers left.
    pub(super) fn transmit(&mut self, now: Instant, out: &Outgoing<'_>) -> Option<Transmission> {
        let identity = self.identities.find(out.token.client_id)?;
        let pn = identity.next_pn()?;
        let cookie = identity.binding.as_ref().map_or(0, |bound| bound.cookie);
        let header = Header {
            packet_type: out.packet_type,
            flags: out.flags,
            code: 0,
            activity: out.token.activity,
            client_id: out.token.client_id,
            epoch: out.epoch,
            tok: cookie,
            seq: out.token.seq,
            pn,
            frag: out.frag,
            geometry: out.geometry,
            stamp: out.stamp,
        };
        let wants_answer = matches!(
            out.packet_type,
            PacketType::Hello | PacketType::Req | PacketType::Ping | PacketType::Cancel
        );
        if wants_answer {
            self.waiting_since.get_or_insert(now);
        }
        self.counters.sent += 1;
        self.counters.retransmitted += u64::from(out.flags & RETRANSMIT != 0);
        self.outbox
            .push(&header, out.body, out.len_min, |datagram| datagram);
        Some(Transmission { pn, at: now })
    }

    /// How long to wait for an answer, after so many that did not come.
    pub(super) fn timeout(&mut self, tries: u32) -> Duration {
        self.jitter.spread(self.round_trip.timeout(tries))
    }

    /// Puts an activity into the row of those that send.
    pub(super) fn want_to_send(&mut self, activity: u32) {
        if !self.sending.contains(&activity) {
            self.sending.push_back(activity);
        }
    }

    /// Whether a packet of a long message may leave now: the time at which it may, if that is
    /// later.
    pub(super) fn pace(&self, now: Instant) -> Option<Instant> {
        let ready = self.pacer.ready(self.interval());
        (ready > now).then_some(ready)
    }

    /// Notes that a packet of a long message leaves.
    pub(super) fn paced(&mut self, now: Instant) {
        let interval = self.interval();
        self.pacer.sent(now, interval);
    }

    fn interval(&self) -> Duration {
        interval(self.congestion.window(), self.round_trip.mean())
    }

    /// Whether this activity has to wait, because the server is silent and another one asks.
    pub(super) fn is_held(&mut self, activity: u32, now: Instant) -> bool {
        let silent = self.round_trip.timeout(0) * SILENT_TIMEOUTS;
        let is_silent = self.waiting_since.is_some_and(|since| since + silent < now);
        is_silent && *self.prober.get_or_insert(activity) != activity
    }

    /// Whether this activity asks for all.
    pub(super) fn is_prober(&self, activity: u32) -> bool {
        self.prober == Some(activity)
    }

    /// Notes that the server was heard.
    pub(super) fn heard(&mut self) {
        (self.waiting_since, self.prober) = (None, None);
    }

    /// Notes that the call of an activity has ended. If it asked for all, the next one does.
    pub(super) fn call_ended(&mut self, activity: u32, is_last: bool) {
        if self.prober == Some(activity) {
            self.prober = None;
        }
        if is_last {
            self.heard();
            self.hello = None;
        }
    }

    /// Whether a held activity may go on.
    pub(super) fn releases(&self) -> bool {
        self.prober.is_none()
    }
}
