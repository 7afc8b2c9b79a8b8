//! What can be set, with the constants of the protocol as defaults.

use std::time::Duration;

use super::{mutants::Mutants, packet::FragmentSize};

/// Bytes of the longest message: an argument of 1 MiB fits with its header.
pub(super) const MESSAGE_MAX: u32 = 2 << 20;

/// Fragments of a message that may be under way, or stored ahead of a missing one.
pub(super) const WINDOW: u16 = 64;

/// Activities of a client.
pub(super) const ACTIVITIES: u16 = 128;

/// How long a client may be late, or a call may wait for its first fragment to arrive.
const T_FRESH: Duration = Duration::from_secs(60);

/// What a record outlives [`ServerSettings::fresh`] by at least: two seconds that a pin may lie in
/// the future, and one that the clock is cut off to.
pub(super) const KEEP_MARGIN: Duration = Duration::from_secs(3);

/// The longest time that is set, a year: a clock could not tell the end of much longer ones.
const TIME_MAX: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// How a client calls.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// `T_dead`: silence about a call after which it ends.
    pub dead: Duration,
    /// The pause before the first PING; each is half as long again as the one before.
    pub ping: Duration,
    /// The longest pause between PINGs, if a third of [`dead`](Self::dead) is not shorter.
    pub ping_max: Duration,
    /// The longest time for which a DONE waits for a call that makes it needless, or for others.
    pub done_delay: Duration,
    /// The age of what is known of the server's clock at which the server is asked again.
    pub clock_age_max: Duration,
    /// Bytes of the longest message, sent or received.
    pub message_max: u32,
    /// Calls that may be open: one an activity. The server may allow fewer.
    pub activities: u16,
    /// Fragments of a reply that may be under way.
    pub window: u16,
    /// The largest fragments that are tried; larger ones than [`FragmentSize::Any`] need a path
    /// that carries them, and are used once a PROBE of this length was answered.
    pub fragment_size_max: FragmentSize,
    /// Where the numbers of the calls begin in each activity: 1, and higher in tests of their end.
    pub first_seq: u32,
    /// Where the numbers of the packets begin: 1, and higher in tests of their end.
    pub first_pn: u32,
    /// Rules that are broken, in tests.
    pub mutants: Mutants,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            dead: Duration::from_secs(30),
            ping: Duration::from_secs(1),
            ping_max: Duration::from_secs(30),
            done_delay: Duration::from_millis(100),
            clock_age_max: Duration::from_secs(3600),
            message_max: MESSAGE_MAX,
            activities: ACTIVITIES,
            window: WINDOW,
            fragment_size_max: FragmentSize::Any,
            first_seq: 1,
            first_pn: 1,
            mutants: Mutants::default(),
        }
    }
}

impl ClientSettings {
    /// These, without times that no clock can tell the end of.
    pub(super) fn bounded(self) -> Self {
        Self {
            dead: self.dead.min(TIME_MAX),
            ping: self.ping.min(TIME_MAX),
            ping_max: self.ping_max.min(TIME_MAX),
            done_delay: self.done_delay.min(TIME_MAX),
            ..self
        }
    }
}

/// How a server serves, and how much memory it takes for it.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// `T_fresh`: how old the pin of a call may be when the call is first seen.
    pub fresh: Duration,
    /// `T_keep`: how long a client that sends nothing is remembered; at least
    /// [`fresh`](Self::fresh) and three seconds, and longer where less is set.
    pub keep: Duration,
    /// `T_reasm`: how long a message that is not whole is kept without progress.
    pub reassembly: Duration,
    /// How long a cookie is valid.
    pub cookie_lifetime: Duration,
    /// After this time in the queue or in execution a client is told that its call has come.
    pub working_delay: Duration,
    /// How long a server that drains goes on answering clients that have not acknowledged.
    pub linger: Duration,
    /// When a client that finds no room should try again.
    pub busy_retry: Duration,
    /// Bytes of the longest message, received or sent.
    pub message_max: u32,
    /// Fragments of a call that may be under way.
    pub window: u16,
    /// Clients that are remembered.
    pub associations: usize,
    /// Those of one host among them, which is an address, or a network of 64 bits of IPv6: nobody
    /// has all places, nor keeps others out for [`keep`](Self::keep).
    pub host_associations: usize,
    /// Activities of a client.
    pub activities: u16,
    /// Records of all clients.
    pub records: usize,
    /// Bytes of all calls that are received or queued.
    pub reassembly_bytes: usize,
    /// The same of one client.
    pub client_reassembly_bytes: usize,
    /// Calls of one client that are received or queued.
    pub client_messages: usize,
    /// Bytes of all replies that are kept.
    pub reply_bytes: usize,
    /// The same of one client.
    pub client_reply_bytes: usize,
    /// Calls in the queue.
    pub queue: usize,
    /// The same of one client.
    pub client_queue: usize,
    /// Calls of one client that are executed, those among them that nobody waits for any more: a
    /// client that gives up call after call of a slow service must leave room for others.
    pub client_running: usize,
    /// Where the numbers of the packets begin: 1, and higher in tests of their end.
    pub first_pn: u32,
    /// Rules that are broken, in tests.
    pub mutants: Mutants,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            fresh: T_FRESH,
            keep: Duration::from_secs(600),
            reassembly: Duration::from_secs(30),
            cookie_lifetime: Duration::from_secs(3600),
            working_delay: super::ACK_DELAY,
            linger: Duration::from_secs(5),
            busy_retry: Duration::from_millis(100),
            message_max: MESSAGE_MAX,
            window: WINDOW,
            associations: 65_536,
            host_associations: 8192,
            activities: ACTIVITIES,
            records: 262_144,
            reassembly_bytes: 128 << 20,
            client_reassembly_bytes: 8 << 20,
            client_messages: 128,
            reply_bytes: 128 << 20,
            client_reply_bytes: 8 << 20,
            queue: 1024,
            client_queue: 128,
            client_running: 256,
            first_pn: 1,
            mutants: Mutants::default(),
        }
    }
}

impl ServerSettings {
    /// These, without times that no clock can tell the end of.
    pub(super) fn bounded(self) -> Self {
        Self {
            fresh: self.fresh.min(TIME_MAX),
            keep: self.keep.min(TIME_MAX),
            reassembly: self.reassembly.min(TIME_MAX),
            working_delay: self.working_delay.min(TIME_MAX),
            linger: self.linger.min(TIME_MAX),
            ..self
        }
    }

    /// How long a client is remembered: long enough that no copy of a call that it sent could
    /// still be taken for a new one.
    pub(super) fn kept(&self) -> Duration {
        self.keep.max(self.fresh + KEEP_MARGIN)
    }
}
