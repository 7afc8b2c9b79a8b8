//! Path cookies: the proof that a client receives what is sent to its address.
//!
//! ```text
//! cookie = slot:16 ‖ MAC:48
//! MAC    = SipHash-2-4 of secret (address, port, client_id, epoch, whole slot), its low 48 bits
//! slot   = uptime of the server / 4 s, its low 16 bits
//! ```
//!
//! The server stores nothing for a cookie. The low bits of the slot come round after 72 hours; the
//! MAC covers all of them, and no cookie is older than its lifetime, so none is valid twice.

use std::{
    hash::Hasher,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use siphasher::sip::SipHasher24;

/// Seconds of a slot.
const SLOT_SECONDS: u64 = 4;

/// Bits of the MAC in a cookie.
const MAC_BITS: u32 = 48;

/// Makes and checks the cookies of one epoch.
#[derive(Clone)]
pub(super) struct Cookies {
    secret: [u8; 16],
    epoch: u64,
    lifetime_slots: u64,
}

impl std::fmt::Debug for Cookies {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cookies").finish_non_exhaustive()
    }
}

impl Cookies {
    pub(super) fn new(secret: [u8; 16], epoch: u64, lifetime: Duration) -> Self {
        Self {
            secret,
            epoch,
            lifetime_slots: lifetime.as_secs() / SLOT_SECONDS,
        }
    }

    /// A cookie for a client at an address.
    pub(super) fn mint(&self, address: SocketAddr, client_id: u64, uptime: Duration) -> u64 {
        self.cookie(address, client_id, slot(uptime))
    }

    /// Whether the client got this cookie at this address, not too long ago.
    pub(super) fn is_valid(
        &self,
        cookie: u64,
        address: SocketAddr,
        client_id: u64,
        uptime: Duration,
    ) -> bool {
        let now = slot(uptime);
        let age = now.wrapping_sub(cookie >> MAC_BITS) & 0xffff;
        let Some(then) = now.checked_sub(age) else {
            return false;
        };
        age <= self.lifetime_slots && cookie == self.cookie(address, client_id, then)
    }

    fn cookie(&self, address: SocketAddr, client_id: u64, slot: u64) -> u64 {
        let mut mac = SipHasher24::new_with_key(&self.secret);
        match address.ip() {
            IpAddr::V4(ip) => mac.write(&ip.octets()),
            IpAddr::V6(ip) => mac.write(&ip.octets()),
        }
        mac.write(&address.port().to_be_bytes());
        mac.write(&client_id.to_be_bytes());
        mac.write(&self.epoch.to_be_bytes());
        mac.write(&slot.to_be_bytes());
        (slot << MAC_BITS) | (mac.finish() >> (64 - MAC_BITS))
    }
}

fn slot(uptime: Duration) -> u64 {
    uptime.as_secs() / SLOT_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(3600);

    fn cookies() -> Cookies {
        Cookies::new([7; 16], 0xe90c, LIFETIME)
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_cookie_is_valid_for_its_client_address_and_epoch() {
        let uptime = Duration::from_secs(10);
        let cookie = cookies().mint(address(700), 5, uptime);
        assert!(cookies().is_valid(cookie, address(700), 5, uptime));
        assert!(!cookies().is_valid(cookie, address(701), 5, uptime));
        assert!(!cookies().is_valid(cookie, address(700), 6, uptime));
        assert!(!cookies().is_valid(cookie ^ 1, address(700), 5, uptime));
        let other_epoch = Cookies::new([7; 16], 0xe90d, LIFETIME);
        assert!(!other_epoch.is_valid(cookie, address(700), 5, uptime));
        let other_secret = Cookies::new([8; 16], 0xe90c, LIFETIME);
        assert!(!other_secret.is_valid(cookie, address(700), 5, uptime));
    }

    #[test]
    fn a_cookie_ends_with_its_lifetime() {
        let cookie = cookies().mint(address(700), 5, Duration::from_secs(8));
        let at =
            |seconds| cookies().is_valid(cookie, address(700), 5, Duration::from_secs(seconds));
        assert!(at(8 + 3600));
        assert!(!at(8 + 3604));
        assert!(!at(0), "from the future");
    }

    /// F20: the 16 bits of the slot come round after 2^16 slots.
    #[test]
    fn a17_no_cookie_is_valid_again_when_its_slot_comes_round() {
        let round = 65_536 * SLOT_SECONDS;
        let cookie = cookies().mint(address(700), 5, Duration::from_secs(8));
        let later = Duration::from_secs(8 + round);
        assert!(!cookies().is_valid(cookie, address(700), 5, later));
        let last = cookies().mint(address(700), 5, Duration::from_secs(round - 1));
        let next = Duration::from_secs(round + 3);
        assert!(
            cookies().is_valid(last, address(700), 5, next),
            "across the end of the round"
        );
        assert_eq!(cookies().mint(address(700), 5, later) >> 48, cookie >> 48);
    }
}
