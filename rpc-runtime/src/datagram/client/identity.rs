//! Who the client is, and what it knows of the server that it is bound to.

use std::{hash::Hasher, time::Instant};

use siphasher::sip::SipHasher24;

/// Packet numbers that are left for the calls in flight when no new one is begun with a
/// `client_id`: more than these calls can need while they last.
const PN_RESERVE: u32 = 1 << 24;

/// One `client_id`: numbers of packets, and what binds it to a server.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) client_id: u64,
    last_pn: u32,
    /// Calls in flight.
    pub(super) calls: u32,
    pub(super) binding: Option<Binding>,
    is_retired: bool,
}

/// The incarnation of the server that calls go to.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) epoch: u64,
    pub(super) cookie: u64,
    /// The packet whose answer brought the cookie.
    pub(super) cookie_pn: u32,
    pub(super) clock: ServerClock,
    pub(super) message_max: u32,
    pub(super) activities: u16,
    pub(super) window: u16,
}

/// What is known of the server's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerClock {
    /// What it showed, in seconds of the epoch.
    pub(super) seconds: u32,
    /// When that was heard.
    pub(super) heard: Instant,
    /// The packet whose answer told.
    pub(super) pn: u32,
}

impl Binding {
    /// Takes the cookie, unless a later packet brought another.
    pub(super) fn renew_cookie(&mut self, cookie: u64, pn: u32) {
        if pn >= self.cookie_pn {
            (self.cookie, self.cookie_pn) = (cookie, pn);
        }
    }
}

impl ServerClock {
    /// What it shows now.
    pub(super) fn now(&self, now: Instant) -> u32 {
        let elapsed = now.saturating_duration_since(self.heard).as_secs();
        let elapsed = u32::try_from(elapsed).unwrap_or(u32::MAX);
        self.seconds.saturating_add(elapsed)
    }

    /// Takes in what the server says in the answer to a packet, unless that is older news: the
    /// network may have kept it for minutes.
    pub(super) fn set(&mut self, seconds: u32, pn: u32, now: Instant) {
        if pn > self.pn {
            *self = Self {
                seconds,
                heard: now,
                pn,
            };
        }
    }
}

impl Identity {
    pub(super) fn new(client_id: u64, first_pn: u32) -> Self {
        Self {
            client_id,
            last_pn: first_pn.saturating_sub(1),
            calls: 0,
            binding: None,
            is_retired: false,
        }
    }

    /// The number of the packet that was sent last.
    pub(super) fn last_pn(&self) -> u32 {
        self.last_pn
    }

    /// The number of the next packet, unless all are used up.
    pub(super) fn next_pn(&mut self) -> Option<u32> {
        self.last_pn = self.last_pn.checked_add(1)?;
        Some(self.last_pn)
    }

    /// Says that no call is begun any more with this `client_id`.
    pub(super) fn retire(&mut self) {
        self.is_retired = true;
    }

    fn takes_calls(&self) -> bool {
        !self.is_retired && self.last_pn < u32::MAX - PN_RESERVE
    }
}

/// The `client_id` of new calls, and those of calls that began under an earlier one.
#[derive(Debug)]
pub(super) struct Identities {
    current: Identity,
    former: Vec<Identity>,
    seed: u64,
    renewals: u64,
}

impl Identities {
    pub(super) fn new(client_id: u64, seed: u64, first_pn: u32) -> Self {
        Self {
            current: Identity::new(client_id, first_pn),
            former: Vec::new(),
            seed,
            renewals: 0,
        }
    }

    pub(super) fn current(&self) -> &Identity {
        &self.current
    }

    pub(super) fn current_mut(&mut self) -> &mut Identity {
        &mut self.current
    }

    pub(super) fn find(&mut self, client_id: u64) -> Option<&mut Identity> {
        if self.current.client_id == client_id {
            return Some(&mut self.current);
        }
        let mut former = self.former.iter_mut();
        former.find(|identity| identity.client_id == client_id)
    }

    /// Takes a new `client_id` if the current one takes no calls any more; says whether it did.
    pub(super) fn renew_if_needed(&mut self) -> bool {
        if self.current.takes_calls() {
            return false;
        }
        self.renewals += 1;
        let mut hasher = SipHasher24::new_with_keys(self.seed, self.current.client_id);
        hasher.write_u64(self.renewals);
        let next = Identity::new(hasher.finish(), 1);
        let before = std::mem::replace(&mut self.current, next);
        self.former.push(before);
        self.former.retain(|identity| identity.calls > 0);
        true
    }

    /// Notes that a call has ended.
    pub(super) fn call_ended(&mut self, client_id: u64) {
        if let Some(identity) = self.find(client_id) {
            identity.calls = identity.calls.saturating_sub(1);
        }
        self.former.retain(|identity| identity.calls > 0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A17: a new `client_id` comes before the numbers of packets come round (F20).
    #[test]
    fn a17_packet_numbers_are_not_used_again() {
        let mut identities = Identities::new(7, 1, u32::MAX - 1);
        let first = identities.current_mut();
        first.calls = 1;
        assert_eq!(first.next_pn(), Some(u32::MAX - 1));
        assert_eq!(first.next_pn(), Some(u32::MAX));
        assert_eq!(first.next_pn(), None);
        assert!(identities.renew_if_needed());
        assert!(!identities.renew_if_needed());
        assert_ne!(identities.current().client_id, 7);
        assert_eq!(identities.current_mut().next_pn(), Some(1));
        assert!(identities.find(7).is_some(), "its call is in flight");
        identities.call_ended(7);
        assert!(identities.find(7).is_none());
    }

    #[test]
    fn old_news_of_the_clock_is_no_news() {
        let start = Instant::now();
        let mut clock = ServerClock {
            seconds: 100,
            heard: start,
            pn: 5,
        };
        assert_eq!(clock.now(start + Duration::from_millis(2999)), 102);
        clock.set(40, 5, start);
        assert_eq!(clock.seconds, 100);
        clock.set(99, 6, start);
        assert_eq!(
            clock.now(start),
            99,
            "this clock runs faster than that of the server"
        );
    }
}
