//! A message on its way out: which fragments were sent, which have arrived, which are lost.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::packet::{Ack, FragmentSize, Geometry};

/// A packet is lost if one that was sent more than so many later has arrived.
const REORDERING_MAX: u32 = 3;

/// Fragments that are sent before the receiver has said anything.
const UNANSWERED_MAX: u16 = 10;

/// A message in fragments.
#[derive(Debug)]
pub(super) struct Sender {
    message: Bytes,
    geometry: Geometry,
    /// The first fragment that has not arrived.
    cum: u16,
    /// The fragments from `cum` on that were sent, since the message was begun last.
    flight: Flights,
    /// Fragments that were ever sent.
    sent: usize,
    /// Fragments behind `cum` that the receiver takes.
    window: u16,
    /// Whether the receiver has said anything.
    is_answered: bool,
    /// The transmission that was last.
    last: Option<Transmission>,
}

/// A packet that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transmission {
    pub(super) pn: u32,
    pub(super) at: Instant,
}

/// A fragment that was sent.
#[derive(Debug, Clone, Copy)]
struct Flight {
    sent: Transmission,
    fate: Fate,
}

/// Fragments that were sent, in their order. The first needs no memory of its own: most messages
/// have no other.
#[derive(Debug, Default)]
struct Flights {
    first: Option<Flight>,
    others: VecDeque<Flight>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Arrived,
    Lost,
}

/// What an acknowledgement changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Fragments of which it is now known that they arrived.
    pub(super) arrived: u32,
    /// Fragments of those that were under way until now.
    pub(super) landed: u32,
    /// Fragments that are now taken for lost.
    pub(super) lost: u32,
    /// When the packet was sent that the acknowledgement answers.
    pub(super) answered: Option<Instant>,
}

impl Sender {
    /// A message of which nothing was sent; none that is empty or too long for this size.
    pub(super) fn new(message: Bytes, size: FragmentSize, window: u16) -> Option<Self> {
        let geometry = Geometry::of(&message, size)?;
        Some(Self {
            message,
            geometry,
            cum: 0,
            flight: Flights::default(),
            sent: 0,
            window,
            is_answered: false,
            last: None,
        })
    }

    pub(super) fn geometry(&self) -> Geometry {
        self.geometry
    }

    pub(super) fn message(&self) -> &Bytes {
        &self.message
    }

    /// The bytes of a fragment.
    pub(super) fn fragment(&self, frag: u16) -> &[u8] {
        let range = self.geometry.range(frag);
        self.message.get(range).unwrap_or_default()
    }

    /// Whether it is sent in one packet.
    pub(super) fn is_single(&self) -> bool {
        self.geometry.nfrag == 1
    }

    /// Whether each fragment was sent at least once.
    pub(super) fn is_fully_sent(&self) -> bool {
        self.next_new() >= usize::from(self.geometry.nfrag)
    }

    /// Whether each fragment has arrived.
    pub(super) fn has_arrived(&self) -> bool {
        self.cum >= self.geometry.nfrag
    }

    /// The transmission that was last.
    pub(super) fn last(&self) -> Option<Transmission> {
        self.last
    }

    /// Fragments that are under way.
    pub(super) fn in_flight(&self) -> u32 {
        let under_way = self.flight.iter();
        count(under_way.filter(|flight| flight.fate == Fate::Unknown))
    }

    /// The fragment to send next: one that is lost, or else a new one that the receiver takes.
    pub(super) fn next(&self) -> Option<u16> {
        let lost = self.flight.iter().position(|sent| sent.fate == Fate::Lost);
        let place = lost.unwrap_or(self.flight.len());
        let unanswered = if self.is_answered {
            u16::MAX
        } else {
            UNANSWERED_MAX
        };
        if place >= usize::from(self.window.min(unanswered)) {
            return None;
        }
        let next = usize::from(self.cum) + place;
        u16::try_from(next)
            .ok()
            .filter(|next| *next < self.geometry.nfrag)
    }

    /// The first fragment that has not arrived, if it was sent.
    pub(super) fn first_in_doubt(&self) -> Option<u16> {
        (!self.flight.is_empty() && !self.has_arrived()).then_some(self.cum)
    }

    /// Whether a fragment was sent before.
    pub(super) fn was_sent(&self, frag: u16) -> bool {
        usize::from(frag) < self.sent
    }

    /// Notes that a fragment was sent; says whether there is one more under way now.
    pub(super) fn sent(&mut self, frag: u16, sent: Transmission) -> bool {
        self.last = Some(sent);
        self.sent = self.sent.max(usize::from(frag) + 1);
        let flight = Flight {
            sent,
            fate: Fate::Unknown,
        };
        let place = usize::from(frag).checked_sub(usize::from(self.cum));
        let Some(before) = place.and_then(|place| self.flight.get_mut(place)) else {
            self.flight.push_back(flight);
            return true;
        };
        let is_more = before.fate != Fate::Unknown;
        *before = flight;
        is_more
    }

    /// Takes in an acknowledgement; nothing, if it tells of fragments that were never sent.
    pub(super) fn acknowledge(
        &mut self,
        ack: &Ack<'_>,
        now: Instant,
        loss_delay: Duration,
    ) -> Option<Progress> {
        let highest = (0..ack.nbits).rev().find(|bit| ack.has(*bit));
        let told = usize::from(ack.cum) + highest.map_or(0, |bit| usize::from(bit) + 1);
        if told > self.sent {
            return None;
        }
        let mut progress = Progress {
            answered: self.sent_at(ack.echo_pn),
            ..Progress::default()
        };
        self.is_answered = true;
        if ack.cum >= self.cum {
            self.window = ack.window;
        }
        while self.cum < ack.cum {
            if let Some(mut flight) = self.flight.pop_front() {
                flight.arrive(&mut progress);
            }
            self.cum += 1;
        }
        for bit in 0..ack.nbits {
            let place = usize::from(ack.cum) + usize::from(bit);
            let place = place.checked_sub(usize::from(self.cum));
            let flight = place.and_then(|place| self.flight.get_mut(place));
            if let Some(flight) = flight.filter(|_| ack.has(bit)) {
                flight.arrive(&mut progress);
            }
        }
        progress.lost = self.find_lost(ack.echo_pn, now, loss_delay);
        Some(progress)
    }

    /// Whether the receiver, when it answered what was sent last, had no more what it had
    /// acknowledged: a message that makes no progress for long is dropped.
    pub(super) fn is_forgotten(&self, ack: &Ack<'_>) -> bool {
        ack.cum < self.cum && self.last.is_some_and(|last| ack.echo_pn >= last.pn)
    }

    /// Takes for lost what was sent well before a packet that arrived.
    fn find_lost(&mut self, arrived_pn: u32, now: Instant, loss_delay: Duration) -> u32 {
        let is_lost = |flight: &&mut Flight| {
            let Transmission { pn, at } = flight.sent;
            let is_late = at + loss_delay <= now && pn < arrived_pn;
            let is_overtaken = arrived_pn.saturating_sub(pn) > REORDERING_MAX;
            flight.fate == Fate::Unknown && (is_late || is_overtaken)
        };
        let lost = self.flight.iter_mut().filter(is_lost);
        count(lost.map(|flight| flight.fate = Fate::Lost))
    }

    /// Takes all that is under way for lost, and gives how many fragments that were.
    pub(super) fn lose_all(&mut self) -> u32 {
        let under_way = self.flight.iter_mut();
        let under_way = under_way.filter(|flight| flight.fate == Fate::Unknown);
        count(under_way.map(|flight| flight.fate = Fate::Lost))
    }

    /// Begins again, as the receiver may have nothing of the message; gives how many fragments
    /// were under way. What it says that it has all the same is believed.
    pub(super) fn restart(&mut self) -> u32 {
        let in_flight = self.in_flight();
        self.cum = 0;
        self.flight.clear();
        in_flight
    }

    /// Notes that the receiver has the whole message; gives how many fragments were under way.
    pub(super) fn finish(&mut self) -> u32 {
        let in_flight = self.in_flight();
        self.cum = self.geometry.nfrag;
        self.flight.clear();
        in_flight
    }

    /// Whether the receiver takes nothing at present.
    pub(super) fn is_stopped(&self) -> bool {
        self.window == 0
    }

    /// The first fragment that was never sent.
    fn next_new(&self) -> usize {
        usize::from(self.cum) + self.flight.len()
    }

    fn sent_at(&self, pn: u32) -> Option<Instant> {
        let mut sent = self.flight.iter().map(|flight| flight.sent);
        sent.find(|sent| sent.pn == pn).map(|sent| sent.at)
    }
}

impl Flights {
    fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn get_mut(&mut self, place: usize) -> Option<&mut Flight> {
        match place.checked_sub(1) {
            None => self.first.as_mut(),
            Some(place) => self.others.get_mut(place),
        }
    }

    fn push_back(&mut self, flight: Flight) {
        if self.is_empty() {
            self.first = Some(flight);
        } else {
            self.others.push_back(flight);
        }
    }

    fn pop_front(&mut self) -> Option<Flight> {
        std::mem::replace(&mut self.first, self.others.pop_front())
    }

    fn clear(&mut self) {
        self.first = None;
        self.others.clear();
    }

    fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.first.iter().chain(&self.others)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Flight> {
        self.first.iter_mut().chain(&mut self.others)
    }
}

impl Flight {
    fn arrive(&mut self, progress: &mut Progress) {
        progress.arrived += u32::from(self.fate != Fate::Arrived);
        progress.landed += u32::from(self.fate == Fate::Unknown);
        self.fate = Fate::Arrived;
    }
}

fn count(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "sender/tests.rs"]
mod tests;
