//! The server of ORD/1: takes each call once, keeps its reply until the client has it, and
//! remembers that it had it for longer than any copy of it can be on its way.

mod answer;
mod association;
mod clients;
mod record;
mod reply;
mod request;
mod shared;

use std::{
    num::NonZeroU64,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    CallToken, Counters, RejectCode, ServerSettings,
    mutants::Mutant,
    packet::{CLIENT_DATAGRAM_MIN, Fault, HEADER_LEN, HELLO_MIN, Header, Packet, PacketType},
};
use crate::UdpPath;
use clients::Clients;
pub use reply::Call;
use shared::{Answer, Shared, Timer};

/// One incarnation of a server: its epoch.
///
/// It knows no socket and no clock. After each of [`receive`](Self::receive),
/// [`reply`](Self::reply) and [`expire`](Self::expire) send what
/// [`next_transmit`](Self::next_transmit) gives, and execute what [`next_call`](Self::next_call)
/// gives; then wait for a datagram or a result, or until [`next_timeout`](Self::next_timeout).
#[derive(Debug)]
pub struct ServerEndpoint {
    clients: Clients,
    shared: Shared,
}

impl ServerEndpoint {
    /// A server that knows nobody yet.
    ///
    /// Take `epoch` and `secret` from the operating system's source of randomness at each start,
    /// never from a clock: a server must not have the epoch of another that was here before.
    #[must_use]
    pub fn new(
        settings: ServerSettings,
        epoch: NonZeroU64,
        secret: [u8; 16],
        now: Instant,
    ) -> Self {
        let settings = settings.bounded();
        Self {
            clients: Clients::new(secret, &settings),
            shared: Shared::new(settings, epoch.get(), secret, now),
        }
    }

    /// Takes in a datagram; any bytes at all, from anybody.
    pub fn receive(&mut self, now: Instant, source: impl Into<UdpPath>, datagram: &[u8]) {
        let source = source.into();
        let is_checked = !self.shared.has(Mutant::NoChecksum);
        match Packet::parse_with(datagram, is_checked) {
            Ok(packet) => {
                let is_hello = packet.header.packet_type == PacketType::Hello;
                let len_min = if is_hello {
                    HELLO_MIN
                } else {
                    CLIENT_DATAGRAM_MIN
                };
                if datagram.len() < len_min || packet.header.pn == 0 {
                    self.shared.counters.malformed += 1;
                    return;
                }
                self.shared.counters.received += 1;
                self.on_packet(now, source, &packet);
                self.tidy();
            }
            Err(fault) => {
                self.shared.counters.dropped(fault);
                if let Fault::OtherVersion {
                    hello: Some((client_id, pn)),
                } = fault
                    && datagram.len() >= HELLO_MIN
                {
                    self.shared.answer_hello(now, source, client_id, pn);
                }
            }
        }
    }

    /// The next call that is running and that nobody waits for any more.
    pub fn next_cancelled(&mut self) -> Option<CallToken> {
        self.shared.cancelled.pop_front()
    }

    /// Takes no new calls from now on; those that it has are executed and answered.
    pub fn drain(&mut self, now: Instant) {
        self.shared.draining.get_or_insert(now);
    }

    /// Whether a server that drains has nothing left to do: each call that it took is answered, and
    /// the clients have the replies, or had the time to ask for them.
    #[must_use]
    pub fn is_drained(&self, now: Instant) -> bool {
        let shared = &self.shared;
        let Some(draining) = shared.draining else {
            return false;
        };
        let last = shared
            .answered
            .map_or(draining, |answered| answered.max(draining));
        let is_quiet = shared.messages == 0 && shared.replies_kept == 0;
        let had_time = last + shared.settings.linger <= now;
        shared.running == 0 && shared.queued.used() == 0 && (is_quiet || had_time)
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) {
        let Self { clients, shared } = self;
        while let Some((_, key)) = shared.working.pop(now) {
            if let Some(association) = clients.get(key.slot) {
                association.on_working_timer(shared, now, key);
            }
        }
        while let Some((at, timer)) = shared.timers.pop(now) {
            match timer {
                Timer::Reassembly(slot) => {
                    if let Some(association) = clients.get(slot) {
                        association.on_reassembly_timer(shared, now, at);
                    }
                }
                Timer::Idle(slot) => forget(clients, shared, now, slot),
            }
        }
    }

    /// When [`expire`](Self::expire) has to be called, at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let Shared {
            working, timers, ..
        } = &self.shared;
        working.first().into_iter().chain(timers.first()).min()
    }

    /// The next datagram to send, and where to.
    pub fn next_transmit(&mut self, _now: Instant) -> Option<(UdpPath, Bytes)> {
        self.shared.outbox.pop()
    }

    /// What the server has seen and done.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// What the server remembers now, for the comparison with the budgets of its settings.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let (associations, records) = self.clients.len();
        let shared = &self.shared;
        Usage {
            associations,
            records,
            reassembly_bytes: shared.receiving.used(),
            reply_bytes: shared.replies.used(),
            queued: shared.queued.used(),
            running: shared.running,
        }
    }

    fn on_packet(&mut self, now: Instant, source: UdpPath, packet: &Packet<'_>) {
        let header = &packet.header;
        let shared = &mut self.shared;
        let is_from_client = matches!(
            header.packet_type,
            PacketType::Hello
                | PacketType::Req
                | PacketType::Ack
                | PacketType::Ping
                | PacketType::Done
                | PacketType::Cancel
                | PacketType::Probe
        );
        let is_about_call = !matches!(
            header.packet_type,
            PacketType::Hello | PacketType::Done | PacketType::Probe
        );
        if !is_from_client || (is_about_call && header.seq == 0) {
            shared.counters.malformed += 1;
            return;
        }
        if header.packet_type == PacketType::Hello {
            shared.answer_hello(now, source, header.client_id, header.pn);
            return;
        }
        if header.epoch != shared.epoch && !shared.has(Mutant::NoEpochCheck) {
            if header.packet_type != PacketType::Done {
                shared.reject_stranger(now, source, header, RejectCode::WrongEpoch, 0);
            }
            return;
        }
        if let Some(origin) = self.admit(now, source, header) {
            self.dispatch(now, origin, packet);
        }
    }

    /// Where a packet comes from, if its client is there, and is known or may become so by it;
    /// otherwise it is answered without any memory of it.
    fn admit(&mut self, now: Instant, source: UdpPath, header: &Header) -> Option<Origin> {
        let Self { clients, shared } = self;
        let client_id = header.client_id;
        let uptime = shared.uptime(now);
        let is_proven = || {
            shared
                .cookies
                .is_valid(header.tok, source.remote, client_id, uptime)
        };
        let slot = clients.slot(client_id);
        let origin = Origin { source, slot };
        let Some(association) = slot.and_then(|slot| clients.get(slot)) else {
            if header.packet_type == PacketType::Done {
                return None;
            }
            if !is_proven() {
                shared.reject_stranger(now, source, header, RejectCode::Cookie, 0);
                return None;
            }
            let begins = matches!(header.packet_type, PacketType::Req | PacketType::Cancel);
            if !begins {
                shared.answer_stranger(now, source, header, PacketType::NoCall, 0, &[]);
            }
            return begins.then_some(origin);
        };
        if association.path != source {
            if !is_proven() {
                if header.packet_type != PacketType::Done {
                    shared.reject_stranger(now, source, header, RejectCode::Cookie, 0);
                }
                return None;
            }
            // The network may have kept this packet since the client was there.
            if header.pn > association.newest_pn {
                association.path = source;
                shared.counters.migrated += 1;
            }
        }
        association.touched = now;
        association.newest_pn = association.newest_pn.max(header.pn);
        Some(origin)
    }

    fn dispatch(&mut self, now: Instant, origin: Origin, packet: &Packet<'_>) {
        let header = &packet.header;
        match header.packet_type {
            PacketType::Req => return self.on_req(now, origin, packet),
            PacketType::Cancel => return self.on_cancel(now, origin, packet),
            _ => {}
        }
        let Self { clients, shared } = self;
        let Some(association) = origin.slot.and_then(|slot| clients.get(slot)) else {
            return;
        };
        match header.packet_type {
            PacketType::Ack => association.on_ack(shared, now, packet),
            PacketType::Ping => association.on_ping(shared, now, header),
            PacketType::Done => association.on_done(shared, now, packet),
            PacketType::Probe if association.path == origin.source => {
                let token = association.token(0, 0);
                let answer = Answer {
                    tok: super::packet::echo(header.pn, Duration::ZERO),
                    len_min: HEADER_LEN + packet.body.len(),
                    ..Answer::new(PacketType::ProbeAck, token)
                };
                association.send(shared, now, &answer);
            }
            _ => {}
        }
    }
}

/// Where a packet comes from: an address at which its client receives.
#[derive(Debug, Clone, Copy)]
struct Origin {
    source: UdpPath,
    /// Where the client is remembered, unless it is new.
    slot: Option<u32>,
}

/// What a server remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Clients.
    pub associations: usize,
    /// Records of calls.
    pub records: usize,
    /// Bytes of calls that are received or queued.
    pub reassembly_bytes: usize,
    /// Bytes of replies.
    pub reply_bytes: usize,
    /// Calls in the queue.
    pub queued: usize,
    /// Calls that are being executed.
    pub running: usize,
}

/// Forgets a client that has sent nothing for so long that no copy of any of its calls is taken any
/// more, and of whose calls none is being executed.
fn forget(clients: &mut Clients, shared: &mut Shared, now: Instant, slot: u32) {
    let Some(association) = clients.get(slot) else {
        return;
    };
    let kept = shared.settings.kept();
    let due = association.touched + kept;
    if association.running.used() > 0 {
        shared.timers.push(now + kept, Timer::Idle(slot));
    } else if due > now {
        shared.timers.push(due, Timer::Idle(slot));
    } else {
        clients.remove(shared, now, slot);
    }
}
