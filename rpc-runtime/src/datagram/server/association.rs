//! What a server remembers of a client.

use std::{collections::VecDeque, net::IpAddr, time::Instant};

use super::{
    record::{Record, State, Tomb},
    shared::{Answer, Key, Shared},
};
use crate::{
    UdpPath,
    datagram::{
        CallToken, RejectCode, ServerSettings,
        budget::Budget,
        pacing::Congestion,
        packet::{Header, PacketType, Reject, echo},
        rtt::RoundTrip,
    },
    peer::host,
};

/// A client, and the last call of each of its activities.
#[derive(Debug)]
pub(super) struct Association {
    pub(super) slot: u32,
    pub(super) client_id: u64,
    pub(super) path: UdpPath,
    /// Where the client was when it was first seen: it counts there.
    pub(super) host: IpAddr,
    /// When a packet of this client came last.
    pub(super) touched: Instant,
    /// The highest number of its packets.
    pub(super) newest_pn: u32,
    /// The number of the packet that was sent to it last.
    pub(super) last_pn: u32,
    pub(super) records: Vec<Record>,
    /// Calls that are being executed, those that were superseded among them.
    pub(super) running: Budget,
    /// Those that were superseded, as activity and seq.
    pub(super) orphans: Vec<(u32, u32)>,
    pub(super) queued: Budget,
    /// Bytes, and number, of the calls that are received or queued.
    pub(super) receiving: Budget,
    pub(super) messages: Budget,
    /// The time of its entry among the timers for messages that are not whole, if it has one.
    pub(super) reassembly_due: Option<Instant>,
    pub(super) replies: Budget,
    pub(super) round_trip: RoundTrip,
    pub(super) congestion: Congestion,
    /// Activities whose replies wait for others to leave room in the window.
    pub(super) waiting: VecDeque<u32>,
}

/// Packet numbers that are left for answers when a client gets no new calls any more.
const PN_RESERVE: u32 = 1 << 24;

impl Association {
    pub(super) fn new(
        slot: u32,
        client_id: u64,
        path: UdpPath,
        settings: &ServerSettings,
        now: Instant,
    ) -> Self {
        Self {
            slot,
            client_id,
            path,
            host: host(path.remote.ip()),
            touched: now,
            newest_pn: 0,
            last_pn: settings.first_pn.saturating_sub(1),
            records: Vec::new(),
            running: Budget::new(settings.client_running),
            orphans: Vec::new(),
            queued: Budget::new(settings.client_queue),
            receiving: Budget::new(settings.client_reassembly_bytes),
            messages: Budget::new(settings.client_messages),
            reassembly_due: None,
            replies: Budget::new(settings.client_reply_bytes),
            round_trip: RoundTrip::default(),
            congestion: Congestion::default(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn record(&mut self, activity: u32) -> Option<&mut Record> {
        let place = usize::try_from(activity).ok()?;
        self.records.get_mut(place)
    }

    /// The number of the last call of an activity; 0 if it has none.
    pub(super) fn seq(&self, activity: u32) -> u32 {
        let place = usize::try_from(activity).ok();
        let record = place.and_then(|place| self.records.get(place));
        record.map_or(0, |record| record.seq)
    }

    pub(super) fn token(&self, activity: u32, seq: u32) -> CallToken {
        CallToken {
            client_id: self.client_id,
            activity,
            seq,
        }
    }

    pub(super) fn key(&self, activity: u32, seq: u32) -> Key {
        Key {
            slot: self.slot,
            activity,
            seq,
        }
    }

    /// Whether the numbers of packets to this client come to their end.
    pub(super) fn is_worn_out(&self) -> bool {
        self.last_pn >= u32::MAX - PN_RESERVE
    }

    /// Whether a message of so many bytes may be received.
    pub(super) fn has_room(&self, shared: &Shared, bytes: usize) -> bool {
        self.receiving.has_room(bytes)
            && self.messages.has_room(1)
            && shared.receiving.has_room(bytes)
    }

    pub(super) fn lend(&mut self, shared: &mut Shared, bytes: usize) {
        self.receiving.lend(bytes);
        self.messages.lend(1);
        shared.receiving.lend(bytes);
        shared.messages += 1;
    }

    pub(super) fn give_back(&mut self, shared: &mut Shared, bytes: usize) {
        self.receiving.give_back(bytes);
        self.messages.give_back(1);
        shared.receiving.give_back(bytes);
        shared.messages -= 1;
    }

    /// Replaces what is known of the call of an activity, and frees what it held.
    pub(super) fn replace(&mut self, shared: &mut Shared, activity: u32, next: Record) {
        let Some(record) = self.record(activity) else {
            return;
        };
        let before = std::mem::replace(record, next);
        match before.state {
            State::Receiving(Some(reassembly)) => {
                self.give_back(shared, reassembly.geometry().bytes());
            }
            State::Queued(message) => {
                self.give_back(shared, message.len());
                self.queued.give_back(1);
                shared.queued.give_back(1);
            }
            State::Running { is_cancelled } => {
                self.orphans.push((activity, before.seq));
                if !is_cancelled {
                    shared.cancelled.push_back(self.token(activity, before.seq));
                }
            }
            State::Replied(reply) => {
                let bytes = reply.message().len();
                self.replies.give_back(bytes);
                shared.replies.give_back(bytes);
                shared.replies_kept -= 1;
                if !reply.is_single() {
                    self.congestion.forget(reply.in_flight());
                }
            }
            State::Receiving(None) | State::Tomb(_) => {}
        }
    }

    /// Leaves of a call only what became of it. Its result, if it is being executed, has to be
    /// taken care of by the caller.
    pub(super) fn bury(&mut self, shared: &mut Shared, activity: u32, tomb: Tomb) {
        let Some(record) = self.record(activity) else {
            return;
        };
        let next = Record {
            seq: record.seq,
            msg_crc: record.msg_crc,
            size: record.size,
            seen: record.seen,
            since: record.since,
            state: State::Tomb(tomb),
        };
        self.replace(shared, activity, next);
    }

    /// The activity whose reply was sent longest ago.
    pub(super) fn oldest_reply(&self) -> Option<u32> {
        let replies = self
            .records
            .iter()
            .zip(0..)
            .filter_map(|(record, activity)| {
                let State::Replied(reply) = &record.state else {
                    return None;
                };
                Some((reply.last().map(|sent| sent.at), activity))
            });
        replies.min().map(|(_, activity)| activity)
    }

    /// The number of the next packet.
    pub(super) fn next_pn(&mut self) -> Option<u32> {
        self.last_pn = self.last_pn.checked_add(1)?;
        Some(self.last_pn)
    }

    /// Answers a packet.
    pub(super) fn answer(
        &mut self,
        shared: &mut Shared,
        now: Instant,
        header: &Header,
        packet_type: PacketType,
        code: u8,
        body: &[u8],
    ) {
        let token = self.token(header.activity, header.seq);
        let tok = echo(header.pn, std::time::Duration::ZERO);
        let answer = Answer {
            code,
            tok,
            body,
            ..Answer::new(packet_type, token)
        };
        self.send(shared, now, &answer);
    }

    /// Sends a packet to the client.
    pub(super) fn send(&mut self, shared: &mut Shared, now: Instant, answer: &Answer<'_>) {
        if let Some(pn) = self.next_pn() {
            shared.send(now, self.path, &Answer { pn, ..*answer });
        }
    }

    /// Tells the client that a packet is not taken.
    pub(super) fn reject(
        &mut self,
        shared: &mut Shared,
        now: Instant,
        header: &Header,
        code: RejectCode,
        arg: u32,
    ) {
        let reject = Reject {
            offending_epoch: header.epoch,
            fresh_cookie: shared.cookie(now, self.path, self.client_id),
            arg,
        };
        shared.counters.rejects += 1;
        self.answer(
            shared,
            now,
            header,
            PacketType::Reject,
            code as u8,
            &reject.to_bytes(),
        );
    }
}
