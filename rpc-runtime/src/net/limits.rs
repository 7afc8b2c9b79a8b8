//! What a server grants its peers, and what it does with one that asks for more.

use std::time::Duration;

use super::{amplification::Amplification, deadlines::Patience, server::ServerBuilder};
use crate::record::RECORD_MAX;

/// Connections of a server: idle ones take a few KiB each, all of them less than 100 MiB.
const CONNECTIONS_MAX: usize = 16_384;

/// Connections of one address: more than any client opens, enough for a few hundred clients behind
/// one address translator, and a sixteenth of what the server has.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 1024;

/// Calls that may wait for a service on one connection, or UDP socket: enough to keep services
/// busy, and a bound on what one peer can occupy.
const CALLS_MAX: usize = 1024;

/// Calls of all connections that may wait for a service: as many as 16 greedy connections have.
const CALLS_TOTAL_MAX: usize = 16_384;

/// Bytes of replies that may wait on one connection: 64 of 1 MiB, as many as clients of NFS have
/// under way.
const REPLY_BYTES_MAX: usize = 64 << 20;

/// Bytes a second of plain datagrams to one network beyond those that came from there: 8 Mbit/s are
/// of little use to an attacker, and enough for clients that call from far away.
const AMPLIFICATION_MAX: u32 = 1 << 20;

/// From the first byte of a record to its last: a record of 4 MiB takes this long at 1 Mbit/s.
const RECORD_DEADLINE: Duration = Duration::from_secs(30);

/// Without progress while replies wait: longer than a network is gone that comes back.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);

/// Without a call: clients of NFS close a connection themselves after five minutes, which costs no
/// call.
const IDLE_TIMEOUT: Duration = Duration::from_secs(360);

/// The longest time that is set, a year: a clock could not tell the end of much longer ones.
const TIME_MAX: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// What a server does with calls that are more than may wait for services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overload {
    /// It reads no more from the connection, or UDP socket, until a call has ended, so that callers
    /// wait: those over a stream are slowed down by it, plain datagrams get lost and are sent again.
    #[default]
    Wait,
    /// It answers them at once, unexecuted: by `SYSTEM_ERR`, of which a client cannot tell whether
    /// the call was executed (RFC 5531 has no status that says so), and over reliable datagrams by
    /// a refusal that proves that it was not.
    Shed,
}

/// What a server grants its peers.
#[derive(Debug, Clone)]
pub(super) struct ServerLimits {
    pub(super) connections_max: usize,
    pub(super) connections_per_address_max: usize,
    pub(super) exempts_loopback: bool,
    pub(super) calls_max: usize,
    pub(super) calls_total_max: usize,
    pub(super) overload: Overload,
    pub(super) record_max: usize,
    pub(super) reply_bytes_max: usize,
    pub(super) amplification_max: Option<u32>,
    pub(super) patience: Patience,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_MAX,
            connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
            exempts_loopback: true,
            calls_max: CALLS_MAX,
            calls_total_max: CALLS_TOTAL_MAX,
            overload: Overload::default(),
            record_max: RECORD_MAX,
            reply_bytes_max: REPLY_BYTES_MAX,
            amplification_max: Some(AMPLIFICATION_MAX),
            patience: Patience {
                record: Some(RECORD_DEADLINE),
                write: Some(WRITE_DEADLINE),
                idle: Some(IDLE_TIMEOUT),
            },
        }
    }
}

impl ServerLimits {
    /// What limits the replies of a UDP socket.
    pub(super) fn amplification(&self) -> Option<Amplification> {
        let bytes_per_second = self.amplification_max?;
        let exempts_loopback = self.exempts_loopback;
        Some(Amplification::new(bytes_per_second, exempts_loopback))
    }
}

/// Limits on what peers may take. Whoever goes beyond one of its own is cut off alone.
///
/// | limit | default | beyond it |
/// |---|---|---|
/// | [`connections_max`](Self::connections_max) | 16,384 | a newcomer is closed at once |
/// | [`connections_per_address_max`](Self::connections_per_address_max) | 1024 | a newcomer is closed at once |
/// | [`calls_max`](Self::calls_max) | 1024 a connection | [`Overload`] |
/// | [`calls_total_max`](Self::calls_total_max) | 16,384 | [`Overload`] |
/// | [`record_max`](Self::record_max) | 4 MiB | the connection is closed |
/// | [`reply_bytes_max`](Self::reply_bytes_max) | 64 MiB a connection | the connection is closed |
/// | [`udp_amplification_max`](Self::udp_amplification_max) | 1 MiB/s a network | the reply is lost |
/// | [`record_deadline`](Self::record_deadline) | 30 s | the connection is closed |
/// | [`write_deadline`](Self::write_deadline) | 30 s | the connection is closed |
/// | [`idle_timeout`](Self::idle_timeout) | 6 min | the connection is closed |
impl ServerBuilder {
    /// Sets how many connections there may be; one more is closed as soon as it is accepted. The
    /// default is 16,384.
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.server_limits.connections_max = connections;
        self
    }

    /// Sets how many connections there may be from one address, which for IPv6 is a network of 64
    /// bits: hosts have these whole. One more is closed as soon as it is accepted. The default is
    /// 1024.
    pub fn connections_per_address_max(mut self, connections: usize) -> Self {
        self.server_limits.connections_per_address_max = connections;
        self
    }

    /// Sets whether limits for one address hold for those of this machine, too. By default they
    /// do not: a proxy on this machine brings the clients of all others, and who is on this machine
    /// has easier ways to harm it.
    pub fn limits_loopback(mut self, limits: bool) -> Self {
        self.server_limits.exempts_loopback = !limits;
        self
    }

    /// Sets how many calls may wait for a service on one connection, or UDP socket; what happens to
    /// others, [`overload`](Self::overload) says. The default is 1024.
    pub fn calls_max(mut self, calls: usize) -> Self {
        self.server_limits.calls_max = calls.max(1);
        self
    }

    /// Sets how many calls of all connections may wait for a service. The default is 16,384.
    pub fn calls_total_max(mut self, calls: usize) -> Self {
        self.server_limits.calls_total_max = calls.max(1);
        self
    }

    /// Sets what becomes of calls that are more than may wait. By default they wait unread.
    pub fn overload(mut self, overload: Overload) -> Self {
        self.server_limits.overload = overload;
        self
    }

    /// Sets how many bytes a call over a stream may have. The default is 4 MiB.
    pub fn record_max(mut self, bytes: usize) -> Self {
        self.server_limits.record_max = bytes;
        self
    }

    /// Sets how many bytes of replies may wait for one connection to take them. No call is begun
    /// while more than 1 MiB wait, so that only calls that were under way before can add more. One
    /// reply may always wait, whatever its length. The default is 64 MiB.
    pub fn reply_bytes_max(mut self, bytes: usize) -> Self {
        self.server_limits.reply_bytes_max = bytes;
        self
    }

    /// Sets how many bytes a second plain replies over UDP to one network may have beyond those of
    /// the calls from there; more are lost, and nothing is no limit. The default is 1 MiB, of
    /// which a second may gather.
    ///
    /// Anybody can send calls with the address of somebody else, who then gets the replies. A
    /// network is 24 bits of an IPv4 address, or 56 of one of IPv6. Replies of up to 120 bytes
    /// are always sent. Raise the limit where clients of a local network read much over UDP; TCP and
    /// reliable datagrams are not limited, since their clients prove where they are.
    pub fn udp_amplification_max(mut self, bytes_per_second: impl Into<Option<u32>>) -> Self {
        self.server_limits.amplification_max = bytes_per_second.into();
        self
    }

    /// Sets how long a record may take from its first byte to its last, on a connection that the
    /// server reads from; nothing is for ever. The default is 30 seconds.
    pub fn record_deadline(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.server_limits.patience.record = bounded(time.into());
        self
    }

    /// Sets how long replies may wait for a peer that takes less than 16 KiB of them, and not all;
    /// nothing is for ever. The default is 30 seconds.
    pub fn write_deadline(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.server_limits.patience.write = bounded(time.into());
        self
    }

    /// Sets after which time without a call a connection is closed, at the latest after twice this
    /// time; nothing is never. The default is six minutes.
    pub fn idle_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.server_limits.patience.idle = bounded(time.into());
        self
    }
}

/// A time that a clock can tell the end of.
fn bounded(time: Option<Duration>) -> Option<Duration> {
    time.map(|time| time.min(TIME_MAX))
}

#[cfg(test)]
mod tests;
