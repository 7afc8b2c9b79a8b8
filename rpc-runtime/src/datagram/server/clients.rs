//! The clients that a server remembers.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, Hasher},
    net::IpAddr,
    time::Instant,
};

use siphasher::sip::SipHasher13;

use super::{
    Origin,
    association::Association,
    record::Record,
    shared::{Key, Shared, Timer},
};
use crate::{
    UdpPath,
    datagram::{ServerSettings, budget::Budget, packet::Header},
    peer::host,
};

/// The clients by their `client_id`, in slots that keep their numbers.
#[derive(Debug)]
pub(super) struct Clients {
    slots_by_id: HashMap<u64, u32, Keyed>,
    slots: Vec<Option<Box<Association>>>,
    free: Vec<u32>,
    associations: Budget,
    by_host: HashMap<IpAddr, Budget, Keyed>,
    host_associations: usize,
    records: Budget,
}

/// A hash with a key: a client chooses its `client_id`, and must not choose its place in the table.
#[derive(Clone)]
struct Keyed([u8; 16]);

impl std::fmt::Debug for Keyed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keyed").finish_non_exhaustive()
    }
}

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(b"clients");
        hasher
    }
}

impl Clients {
    pub(super) fn new(secret: [u8; 16], settings: &ServerSettings) -> Self {
        Self {
            slots_by_id: HashMap::with_hasher(Keyed(secret)),
            slots: Vec::new(),
            free: Vec::new(),
            associations: Budget::new(settings.associations),
            by_host: HashMap::with_hasher(Keyed(secret)),
            host_associations: settings.host_associations,
            records: Budget::new(settings.records),
        }
    }

    pub(super) fn slot(&self, client_id: u64) -> Option<u32> {
        self.slots_by_id.get(&client_id).copied()
    }

    pub(super) fn get(&mut self, slot: u32) -> Option<&mut Association> {
        let place = usize::try_from(slot).ok()?;
        self.slots.get_mut(place)?.as_deref_mut()
    }

    /// The record that a key names, unless there is a later one in its place.
    pub(super) fn record(&mut self, key: Key) -> Option<&mut Record> {
        let record = self.get(key.slot)?.record(key.activity)?;
        (record.seq == key.seq).then_some(record)
    }

    /// Makes room for the record that a packet needs, whose client may be new; nothing, if the
    /// tables are full.
    pub(super) fn place(
        &mut self,
        shared: &mut Shared,
        now: Instant,
        origin: Origin,
        header: &Header,
    ) -> Option<&mut Association> {
        let known = origin.slot;
        let place = usize::try_from(header.activity).ok()?;
        let has = match known {
            Some(slot) => self.get(slot)?.records.len(),
            None => 0,
        };
        let more = (place + 1).saturating_sub(has);
        let is_refused = || !self.has_room_for_one(origin.source);
        if !self.records.has_room(more) || (known.is_none() && is_refused()) {
            return None;
        }
        self.records.lend(more);
        let slot = match known {
            Some(slot) => slot,
            None => self.insert(shared, now, header.client_id, origin.source)?,
        };
        let association = self.get(slot)?;
        if more > 0 {
            association
                .records
                .resize_with(place + 1, || Record::none(now));
        }
        Some(association)
    }

    /// Whether one more client may come from there.
    fn has_room_for_one(&self, source: UdpPath) -> bool {
        let of_host = self.by_host.get(&host(source.remote.ip()));
        let has_room = of_host.map_or(self.host_associations > 0, |clients| clients.has_room(1));
        has_room && self.associations.has_room(1)
    }

    fn insert(
        &mut self,
        shared: &mut Shared,
        now: Instant,
        client_id: u64,
        source: UdpPath,
    ) -> Option<u32> {
        self.associations.lend(1);
        let slot = if let Some(slot) = self.free.pop() {
            slot
        } else {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).ok()?
        };
        let association = Association::new(slot, client_id, source, &shared.settings, now);
        let host_associations = Budget::new(self.host_associations);
        let of_host = self.by_host.entry(association.host);
        of_host.or_insert(host_associations).lend(1);
        let place = usize::try_from(slot).ok()?;
        *self.slots.get_mut(place)? = Some(Box::new(association));
        self.slots_by_id.insert(client_id, slot);
        shared
            .timers
            .push(now + shared.settings.kept(), Timer::Idle(slot));
        Some(slot)
    }

    /// Forgets a client.
    pub(super) fn remove(&mut self, shared: &mut Shared, now: Instant, slot: u32) {
        let place = usize::try_from(slot).ok();
        let entry = place.and_then(|place| self.slots.get_mut(place));
        let Some(mut association) = entry.and_then(Option::take) else {
            return;
        };
        for activity in (0..association.records.len()).filter_map(|place| u32::try_from(place).ok())
        {
            association.replace(shared, activity, Record::none(now));
        }
        self.slots_by_id.remove(&association.client_id);
        if let Entry::Occupied(mut of_host) = self.by_host.entry(association.host) {
            of_host.get_mut().give_back(1);
            if of_host.get().used() == 0 {
                of_host.remove();
            }
        }
        self.free.push(slot);
        self.associations.give_back(1);
        self.records.give_back(association.records.len());
    }

    /// Clients that are remembered, and records.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.associations.used(), self.records.used())
    }
}
