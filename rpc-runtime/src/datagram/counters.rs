//! What an endpoint has seen and done.

use super::packet::Fault;

/// Counts since an endpoint was made. They rise only, and wrap never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Datagrams that were sent.
    pub sent: u64,
    /// Packets that were received and understood.
    pub received: u64,
    /// Datagrams that were dropped because their checksum is wrong.
    pub damaged: u64,
    /// Datagrams that were dropped because they are not of this protocol and version.
    pub foreign: u64,
    /// Packets that were dropped because they break a rule.
    pub malformed: u64,
    /// Packets that were dropped because they acknowledge what was never sent.
    pub optimistic: u64,
    /// Packets that were dropped because their call is over.
    pub stale: u64,
    /// Packets whose content was sent before.
    pub retransmitted: u64,
    /// Refusals and holes that were not reacted to, as the flight had its reaction.
    pub ignored_by_flight_rule: u64,
    /// Messages whose checksum was wrong although those of all their fragments were right.
    pub bad_messages: u64,
    /// Calls that were opened, or taken by the server.
    pub calls: u64,
    /// PINGs that were sent.
    pub pings: u64,
    /// DONEs that were sent.
    pub dones: u64,
    /// REJECTs that were sent.
    pub rejects: u64,
    /// Replies that were dropped to stay within the budget.
    pub evicted: u64,
    /// Results of calls that had been superseded or forgotten meanwhile.
    pub orphaned: u64,
    /// Clients whose address changed.
    pub migrated: u64,
}

impl Counters {
    /// Counts a datagram that is no packet.
    pub(super) fn dropped(&mut self, fault: Fault) {
        match fault {
            Fault::Damaged => self.damaged += 1,
            Fault::Foreign | Fault::OtherVersion { .. } => self.foreign += 1,
            Fault::Malformed => self.malformed += 1,
        }
    }
}
