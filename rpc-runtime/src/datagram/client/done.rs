//! Telling the server that it need not keep replies.

use std::time::{Duration, Instant};

use super::link::{Link, Outgoing};
use crate::datagram::{
    CallId,
    packet::{DONE_PAIRS_MAX, Done, PacketType},
};

/// Replies that the server may still keep; the next call of an activity tells it the same.
#[derive(Debug)]
pub(super) struct DoneBatch {
    slots: Vec<Slot>,
    /// The activities that have had a reply since the last DONE.
    listed: Vec<u32>,
    delay: Duration,
    due: Option<Instant>,
}

/// What an activity has to tell.
#[derive(Debug, Clone, Default)]
struct Slot {
    /// Its last reply, while the server may keep it.
    reply: Option<Kept>,
    is_listed: bool,
}

/// A reply that the server may keep.
#[derive(Debug, Clone, Copy)]
struct Kept {
    epoch: u64,
    client_id: u64,
    seq: u32,
}

impl DoneBatch {
    pub(super) fn new(activities: u16, delay: Duration) -> Self {
        Self {
            slots: vec![Slot::default(); activities.into()],
            listed: Vec::new(),
            delay,
            due: None,
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A reply of this epoch has come.
    pub(super) fn add(&mut self, now: Instant, epoch: u64, call: CallId) {
        let CallId {
            client_id,
            activity,
            seq,
        } = call;
        let Some(slot) = self.slot(activity) else {
            return;
        };
        slot.reply = Some(Kept {
            epoch,
            client_id,
            seq,
        });
        if !std::mem::replace(&mut slot.is_listed, true) {
            self.listed.push(activity);
        }
        self.due.get_or_insert(now + self.delay);
    }

    /// The activity has another call, which says that its last reply has come.
    pub(super) fn supersede(&mut self, activity: u32) {
        if let Some(slot) = self.slot(activity) {
            slot.reply = None;
        }
    }

    /// Makes due at once what there is to tell.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.due = self.due.map(|due| due.min(now));
    }

    /// Sends what is due, a packet for each incarnation of client and server.
    pub(super) fn flush(&mut self, link: &mut Link, now: Instant) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.due = None;
        let mut kept = Vec::new();
        for activity in std::mem::take(&mut self.listed) {
            let reply = self.slot(activity).map(std::mem::take);
            let reply = reply.and_then(|slot| slot.reply);
            kept.extend(reply.map(|reply| (reply.epoch, reply.client_id, activity, reply.seq)));
        }
        kept.sort_unstable();
        let is_same = |a: &(u64, u64, u32, u32), b: &(u64, u64, u32, u32)| (a.0, a.1) == (b.0, b.1);
        for run in kept
            .chunk_by(is_same)
            .flat_map(|run| run.chunks(DONE_PAIRS_MAX))
        {
            let calls: Vec<(u32, u32)> = run.iter().map(|kept| (kept.2, kept.3)).collect();
            if let Some(&(epoch, client_id, ..)) = run.first() {
                send(link, now, epoch, client_id, &calls);
            }
        }
    }

    fn slot(&mut self, activity: u32) -> Option<&mut Slot> {
        let place = usize::try_from(activity).ok()?;
        self.slots.get_mut(place)
    }
}

/// Sends a DONE for these calls, given as activity and seq.
pub(super) fn send(
    link: &mut Link,
    now: Instant,
    epoch: u64,
    client_id: u64,
    calls: &[(u32, u32)],
) {
    let out = Outgoing {
        epoch,
        body: &Done::to_bytes(calls),
        ..Outgoing::of_client(PacketType::Done, client_id)
    };
    if link.transmit(now, &out).is_some() {
        link.counters.dones += 1;
    }
}
