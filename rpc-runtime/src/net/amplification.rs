//! What a server sends to addresses that nobody has proven to be the sender's: a plain datagram may
//! carry any source address, and a short call may have a long reply, which then floods whoever
//! has that address.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Instant,
};

/// Bytes that any reply may have: three times those of the shortest call, which is what QUIC allows a
/// server, too (RFC 9000 §8).
const REPLY_FREE: usize = 120;

/// Networks that are told apart: others share the allowance of one of these. They take 64 KiB, once
/// there is one.
const NETWORKS: usize = 4096;

/// Bytes that an allowance may hold at least: a reply of any length can be sent.
const BURST_MIN: f64 = 131_072.0;

/// Bytes that replies may have beyond those of calls, for each network: 24 bits of an IPv4 address,
/// 56 of one of IPv6.
#[derive(Debug)]
pub(super) struct Amplification {
    bytes_per_second: f64,
    exempts_loopback: bool,
    allowances: Vec<Allowance>,
    /// Has a key, so that nobody chooses whose allowance is shared.
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Allowance {
    /// Bytes that were sent beyond those that came, and are not made up for.
    debt: f64,
    at: Instant,
}

impl Amplification {
    pub(super) fn new(bytes_per_second: u32, exempts_loopback: bool) -> Self {
        Self {
            bytes_per_second: bytes_per_second.into(),
            exempts_loopback,
            allowances: Vec::new(),
            hasher: RandomState::new(),
        }
    }

    /// Takes note of a call.
    pub(super) fn received(&mut self, now: Instant, from: IpAddr, len: usize) {
        if !self.is_exempt(from)
            && let Some(allowance) = self.allowance(now, from)
        {
            allowance.debt = (allowance.debt - bytes(len)).max(0.0);
        }
    }

    /// Whether a reply may be sent, which is then taken note of.
    pub(super) fn allows(&mut self, now: Instant, to: IpAddr, len: usize) -> bool {
        if len <= REPLY_FREE || self.is_exempt(to) {
            return true;
        }
        let burst = self.bytes_per_second.max(BURST_MIN);
        let Some(allowance) = self.allowance(now, to) else {
            return true;
        };
        let debt = allowance.debt + bytes(len);
        let is_allowed = debt <= burst;
        if is_allowed {
            allowance.debt = debt;
        }
        is_allowed
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        self.exempts_loopback && address.to_canonical().is_loopback()
    }

    /// The allowance of an address, as it is by now.
    fn allowance(&mut self, now: Instant, address: IpAddr) -> Option<&mut Allowance> {
        if self.allowances.is_empty() {
            let debt = 0.0;
            self.allowances = vec![Allowance { debt, at: now }; NETWORKS];
        }
        let hash =
            usize::try_from(self.hasher.hash_one(network(address)) % NETWORKS as u64).ok()?;
        let allowance = self.allowances.get_mut(hash)?;
        let passed = now.saturating_duration_since(allowance.at).as_secs_f64();
        allowance.debt = (allowance.debt - passed * self.bytes_per_second).max(0.0);
        allowance.at = now;
        Some(allowance)
    }
}

/// The network of an address: as much of it as a victim often has whole.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() >> 8 << 8).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 72 << 72).into(),
    }
}

/// The length of a datagram.
fn bytes(len: usize) -> f64 {
    u32::try_from(len).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RATE: u32 = 200_000;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Sends as many replies as are allowed; gives their bytes.
    fn sent(limit: &mut Amplification, now: Instant, to: &str) -> usize {
        let replies = (0..1000).take_while(|_| limit.allows(now, address(to), 1000));
        1000 * replies.count()
    }

    #[test]
    fn h14_long_replies_to_spoofed_calls_are_few() {
        let (mut limit, begun) = (Amplification::new(RATE, true), Instant::now());
        let mut total = 0;
        for second in 0..60 {
            let now = begun + Duration::from_secs(second);
            // 10,000 calls a second from all addresses of the victim, a megabyte of replies to each
            // thousand.
            for call in 0..10_000_u32 {
                let from = Ipv4Addr::from_bits(0xc633_6400 | (call % 256)).into();
                limit.received(now, from, 40);
                total += 1000 * usize::from(limit.allows(now, from, 1000));
            }
        }
        let came = 60 * 10_000 * 40;
        let allowed = 61 * usize::try_from(RATE).unwrap() + came;
        assert!(total <= allowed, "{total} of {allowed} bytes");
        assert!(total > allowed / 10 * 9, "{total} of {allowed} bytes");
    }

    #[test]
    fn short_replies_and_those_that_are_no_longer_than_their_calls_always_go() {
        let (mut limit, now) = (Amplification::new(0, true), Instant::now());
        let peer = address("192.0.2.1");
        assert!(sent(&mut limit, now, "192.0.2.1") > 0);
        for _ in 0..10_000 {
            assert!(limit.allows(now, peer, REPLY_FREE));
            limit.received(now, peer, 1000);
            assert!(limit.allows(now, peer, 1000));
        }
        assert!(!limit.allows(now, peer, 1000));
    }

    #[test]
    fn networks_have_allowances_of_their_own() {
        let (mut limit, now) = (Amplification::new(RATE, true), Instant::now());
        let all = usize::try_from(RATE).unwrap();
        assert_eq!(sent(&mut limit, now, "192.0.2.1"), all);
        assert_eq!(sent(&mut limit, now, "192.0.2.255"), 0);
        assert_eq!(sent(&mut limit, now, "::ffff:192.0.2.7"), 0);
        assert_eq!(sent(&mut limit, now, "2001:db8::1"), all);
        assert_eq!(sent(&mut limit, now, "2001:db8:0:ff::1"), 0);
        // One in 4096 shares an allowance with another.
        let others = ["198.51.100.1", "203.0.113.1", "2001:db8:0:100::1"];
        let sent = others.map(|other| sent(&mut limit, now, other));
        assert!(sent.contains(&all));
    }

    #[test]
    fn loopback_is_exempt_unless_it_is_told_not_to_be() {
        let now = Instant::now();
        for exempts in [true, false] {
            let mut limit = Amplification::new(RATE, exempts);
            for to in ["127.0.0.9", "::1", "::ffff:127.0.0.1"] {
                assert_eq!(sent(&mut limit, now, to) == 1_000_000, exempts);
            }
        }
    }

    #[test]
    fn longest_reply_can_be_sent() {
        let mut limit = Amplification::new(1, true);
        assert!(limit.allows(Instant::now(), address("192.0.2.1"), 65_507));
    }
}
