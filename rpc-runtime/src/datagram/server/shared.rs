//! What all clients of a server share: its settings and budgets, and what is to be done and sent.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    UdpPath,
    datagram::{
        CallToken, Counters, RejectCode, ServerSettings,
        budget::Budget,
        cookie::Cookies,
        due::Due,
        mutants::Mutant,
        outbox::Outbox,
        packet::{Geometry, Header, HelloAck, PacketType, RETRANSMIT, Reject, VERSIONS, echo},
    },
};

/// What all clients share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: ServerSettings,
    pub(super) epoch: u64,
    started: Instant,
    pub(super) cookies: Cookies,
    pub(super) receiving: Budget,
    /// Calls that are received or queued.
    pub(super) messages: usize,
    pub(super) replies: Budget,
    /// Replies that are kept.
    pub(super) replies_kept: usize,
    pub(super) queued: Budget,
    /// The calls to execute, in their order; some of them are gone.
    pub(super) queue: VecDeque<Key>,
    /// Where replies are kept, the oldest first; some of them are gone.
    pub(super) replied: VecDeque<Key>,
    /// When a call was answered last.
    pub(super) answered: Option<Instant>,
    /// Calls that are being executed.
    pub(super) running: usize,
    /// The calls being executed that nobody waits for any more.
    pub(super) cancelled: VecDeque<CallToken>,
    /// The calls of which their clients may have to be told that they have come.
    pub(super) working: Due<Key>,
    pub(super) timers: Due<Timer>,
    pub(super) outbox: Outbox<(UdpPath, Bytes)>,
    pub(super) counters: Counters,
    /// When the server began to drain.
    pub(super) draining: Option<Instant>,
}

/// Where the record of a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) slot: u32,
    pub(super) activity: u32,
    pub(super) seq: u32,
}

/// What has to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Of a client: whether the rest of each message is still to be expected.
    Reassembly(u32),
    /// Whether a client is to be forgotten.
    Idle(u32),
}

/// A packet that is to be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) packet_type: PacketType,
    pub(super) flags: u8,
    pub(super) code: u8,
    pub(super) token: CallToken,
    pub(super) pn: u32,
    pub(super) tok: u64,
    pub(super) frag: u16,
    pub(super) geometry: Geometry,
    pub(super) body: &'a [u8],
    pub(super) len_min: usize,
}

impl Answer<'_> {
    /// A packet without content, about a call.
    pub(super) fn new(packet_type: PacketType, token: CallToken) -> Self {
        Answer {
            packet_type,
            flags: 0,
            code: 0,
            token,
            pn: 0,
            tok: 0,
            frag: 0,
            geometry: Geometry::NONE,
            body: &[],
            len_min: 0,
        }
    }
}

impl Shared {
    pub(super) fn new(
        settings: ServerSettings,
        epoch: u64,
        secret: [u8; 16],
        now: Instant,
    ) -> Self {
        Self {
            epoch,
            started: now,
            cookies: Cookies::new(secret, epoch, settings.cookie_lifetime),
            receiving: Budget::new(settings.reassembly_bytes),
            messages: 0,
            replies: Budget::new(settings.reply_bytes),
            replies_kept: 0,
            queued: Budget::new(settings.queue),
            queue: VecDeque::new(),
            replied: VecDeque::new(),
            answered: None,
            running: 0,
            cancelled: VecDeque::new(),
            working: Due::new(),
            timers: Due::new(),
            outbox: Outbox::new(),
            counters: Counters::default(),
            draining: None,
            settings,
        }
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.settings.mutants.has(mutant)
    }

    /// For how long this incarnation of the server has existed.
    pub(super) fn uptime(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// The server's clock, in whole seconds.
    pub(super) fn seconds(&self, now: Instant) -> u32 {
        u32::try_from(self.uptime(now).as_secs()).unwrap_or(u32::MAX)
    }

    /// A cookie for a client at the end of a path.
    pub(super) fn cookie(&self, now: Instant, path: UdpPath, client_id: u64) -> u64 {
        self.cookies.mint(path.remote, client_id, self.uptime(now))
    }

    pub(super) fn send(&mut self, now: Instant, to: UdpPath, answer: &Answer<'_>) {
        let header = Header {
            packet_type: answer.packet_type,
            flags: answer.flags,
            code: answer.code,
            activity: answer.token.activity,
            client_id: answer.token.client_id,
            epoch: self.epoch,
            tok: answer.tok,
            seq: answer.token.seq,
            pn: answer.pn,
            frag: answer.frag,
            geometry: answer.geometry,
            stamp: self.seconds(now),
        };
        self.counters.sent += 1;
        self.counters.retransmitted += u64::from(answer.flags & RETRANSMIT != 0);
        let body = answer.body;
        self.outbox
            .push(&header, body, answer.len_min, |datagram| (to, datagram));
    }

    /// Answers a HELLO. Nothing is stored, and the answer is shorter than the question.
    pub(super) fn answer_hello(&mut self, now: Instant, source: UdpPath, client_id: u64, pn: u32) {
        let answer = HelloAck {
            cookie: self.cookie(now, source, client_id),
            max_msg: self.settings.message_max,
            max_act: self.settings.activities,
            window: self.settings.window,
            versions: VERSIONS,
        };
        let token = CallToken {
            client_id,
            activity: 0,
            seq: 0,
        };
        let answer = Answer {
            tok: echo(pn, Duration::ZERO),
            body: &answer.to_bytes(),
            ..Answer::new(PacketType::HelloAck, token)
        };
        self.send(now, source, &answer);
    }

    /// Answers a packet of a client that is not known, or comes from where it is not known.
    pub(super) fn answer_stranger(
        &mut self,
        now: Instant,
        source: UdpPath,
        header: &Header,
        packet_type: PacketType,
        code: u8,
        body: &[u8],
    ) {
        let token = CallToken {
            client_id: header.client_id,
            activity: header.activity,
            seq: header.seq,
        };
        let answer = Answer {
            code,
            tok: echo(header.pn, Duration::ZERO),
            body,
            ..Answer::new(packet_type, token)
        };
        self.send(now, source, &answer);
    }

    /// Tells a stranger that its packet is not taken.
    pub(super) fn reject_stranger(
        &mut self,
        now: Instant,
        source: UdpPath,
        header: &Header,
        code: RejectCode,
        arg: u32,
    ) {
        let reject = Reject {
            offending_epoch: header.epoch,
            fresh_cookie: self.cookie(now, source, header.client_id),
            arg,
        };
        self.counters.rejects += 1;
        let body = reject.to_bytes();
        self.answer_stranger(now, source, header, PacketType::Reject, code as u8, &body);
    }
}
