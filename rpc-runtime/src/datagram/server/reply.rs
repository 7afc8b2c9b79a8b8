//! Calls on their way out: execution, replies, and room for these.

use std::time::Instant;

use bytes::Bytes;

use super::{
    ServerEndpoint,
    answer::Urgency,
    clients::Clients,
    record::{State, Tomb},
    shared::{Key, Shared},
};
use crate::datagram::{
    CallToken, RejectCode,
    packet::{FragmentSize, Header, PacketType},
    sender::Sender,
    settings::WINDOW,
};

/// A call that is to be executed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Call {
    /// Its name.
    pub token: CallToken,
    /// The address of the client.
    pub peer: std::net::SocketAddr,
    /// The message.
    pub message: Bytes,
    /// When it began to come.
    pub arrived: Instant,
}

impl ServerEndpoint {
    /// The next call to execute: from now on it is running, until [`reply`](Self::reply).
    pub fn next_call(&mut self, now: Instant) -> Option<Call> {
        let Self { clients, shared } = self;
        while let Some(key) = shared.queue.pop_front() {
            let Some(association) = clients.get(key.slot) else {
                continue;
            };
            let Some(record) = association
                .record(key.activity)
                .filter(|record| record.seq == key.seq)
            else {
                continue;
            };
            if !matches!(record.state, State::Queued(_)) {
                continue;
            }
            let running = State::Running {
                is_cancelled: false,
            };
            let State::Queued(message) = std::mem::replace(&mut record.state, running) else {
                continue;
            };
            let arrived = std::mem::replace(&mut record.since, now);
            association.give_back(shared, message.len());
            association.queued.give_back(1);
            shared.queued.give_back(1);
            association.running.lend(1);
            shared.running += 1;
            return Some(Call {
                token: association.token(key.activity, key.seq),
                peer: association.path.remote,
                message,
                arrived,
            });
        }
        None
    }

    /// Gives the result of a call that is running. It is dropped if nobody waits for it any more.
    pub fn reply(&mut self, now: Instant, token: CallToken, message: Bytes) {
        let Some((key, size)) = self.finish(token, Tomb::Evicted) else {
            return;
        };
        let Self { clients, shared } = self;
        let fits = u32::try_from(message.len()).is_ok_and(|len| len <= shared.settings.message_max);
        let sender = fits.then(|| Sender::new(message, size, WINDOW)).flatten();
        let has_room = |sender: &Sender| make_room(clients, shared, key, sender.message().len());
        if let Some(sender) = sender.filter(has_room) {
            store(clients, shared, now, key, sender);
        } else {
            shared.counters.evicted += 1;
            refuse(clients, shared, now, key, RejectCode::ResultLost);
        }
    }

    /// Says of a call that is running that its message is no call, so that it has no result and was
    /// not executed.
    pub fn refuse(&mut self, now: Instant, token: CallToken) {
        if let Some((key, _)) = self.finish(token, Tomb::Refused) {
            let Self { clients, shared } = self;
            refuse(clients, shared, now, key, RejectCode::Refused);
        }
    }

    /// Ends the execution of a call, and leaves of it what became of it. Gives where its record is,
    /// unless nobody waits for its result, and the size of the fragments that its path carries.
    fn finish(&mut self, token: CallToken, tomb: Tomb) -> Option<(Key, FragmentSize)> {
        let Self { clients, shared } = self;
        let CallToken {
            client_id,
            activity,
            seq,
        } = token;
        let slot = clients.slot(client_id)?;
        let association = clients.get(slot)?;
        let orphan = association
            .orphans
            .iter()
            .position(|orphan| *orphan == (activity, seq));
        if let Some(place) = orphan {
            association.orphans.swap_remove(place);
            association.running.give_back(1);
            shared.running -= 1;
            shared.counters.orphaned += 1;
            return None;
        }
        let record = association
            .record(activity)
            .filter(|record| record.seq == seq)?;
        if !matches!(record.state, State::Running { .. }) {
            return None;
        }
        record.state = State::Tomb(tomb);
        let size = record.size;
        association.running.give_back(1);
        shared.running -= 1;
        Some((association.key(activity, seq), size))
    }

    /// Drops entries of the rows of calls and replies that stand for nothing any more, when they
    /// are more than those that do: so the rows stay within their budgets.
    pub(super) fn tidy(&mut self) {
        let Self { clients, shared } = self;
        if shared.queue.len() > ROW_MIN + 2 * shared.queued.used() {
            let is_queued = |state: &State| matches!(state, State::Queued(_));
            shared.queue.retain(|key| {
                clients
                    .record(*key)
                    .is_some_and(|record| is_queued(&record.state))
            });
        }
        if shared.replied.len() > ROW_MIN + 2 * shared.replies_kept {
            let has_reply = |state: &State| matches!(state, State::Replied(_));
            shared.replied.retain(|key| {
                clients
                    .record(*key)
                    .is_some_and(|record| has_reply(&record.state))
            });
        }
    }
}

/// Entries of a row that are not worth looking for what is gone.
const ROW_MIN: usize = 1024;

/// Keeps a reply, and sends its first fragments.
fn store(clients: &mut Clients, shared: &mut Shared, now: Instant, key: Key, sender: Sender) {
    let Some(association) = clients.get(key.slot) else {
        return;
    };
    let bytes = sender.message().len();
    association.replies.lend(bytes);
    shared.replies.lend(bytes);
    shared.replies_kept += 1;
    shared.replied.push_back(key);
    shared.answered = Some(now);
    if let Some(record) = association.record(key.activity) {
        record.state = State::Replied(Box::new(sender));
    }
    association.send_reply(shared, now, key.activity, Urgency::Usual);
}

/// Tells the client that there will be no reply, and why. The record says so already.
fn refuse(clients: &mut Clients, shared: &mut Shared, now: Instant, key: Key, code: RejectCode) {
    let Some(association) = clients.get(key.slot) else {
        return;
    };
    let epoch = shared.epoch;
    let Some(record) = association.record(key.activity) else {
        return;
    };
    let header = Header {
        activity: key.activity,
        seq: key.seq,
        pn: record.seen.0,
        epoch,
        ..Header::empty(PacketType::Req)
    };
    association.reject(shared, now, &header, code, 0);
}

/// Drops older replies until there is room for one of so many bytes; says whether there is.
fn make_room(clients: &mut Clients, shared: &mut Shared, key: Key, bytes: usize) -> bool {
    let Some(association) = clients.get(key.slot) else {
        return false;
    };
    if bytes > association.replies.limit().min(shared.replies.limit()) {
        return false;
    }
    while !association.replies.has_room(bytes) {
        let oldest = association.oldest_reply();
        let Some(activity) = oldest else {
            return false;
        };
        shared.counters.evicted += 1;
        association.bury(shared, activity, Tomb::Evicted);
    }
    while !shared.replies.has_room(bytes) {
        let Some(key) = shared.replied.pop_front() else {
            return false;
        };
        let has_reply = clients
            .record(key)
            .is_some_and(|record| matches!(record.state, State::Replied(_)));
        if let Some(association) = clients.get(key.slot).filter(|_| has_reply) {
            shared.counters.evicted += 1;
            association.bury(shared, key.activity, Tomb::Evicted);
        }
    }
    true
}
