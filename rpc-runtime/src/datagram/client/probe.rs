//! Trying whether longer datagrams arrive, in both directions.

use std::time::Instant;

use super::link::{Link, Outgoing};
use crate::datagram::packet::{FragmentSize, HEADER_LEN, Packet, PacketType, echoed};

/// Probes of one length, and losses of longer datagrams in a row, that mean that the path does not
/// carry them.
const LOSSES_MAX: u32 = 3;

/// The size of fragments of new calls, and the one that is being tried.
#[derive(Debug, Default)]
pub(super) struct Probing {
    size: FragmentSize,
    probe: Option<Probe>,
    /// Time-outs of long datagrams in a row.
    losses: u32,
    /// Whether the largest size is known that the path carries, or is being looked for.
    is_over: bool,
}

#[derive(Debug)]
struct Probe {
    size: FragmentSize,
    pn: u32,
    tries: u32,
    due: Instant,
}

impl Probing {
    /// The size of fragments of new calls.
    pub(super) fn size(&self) -> FragmentSize {
        self.size
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.probe.as_ref().map(|probe| probe.due)
    }

    /// Notes that a fragment of this size was answered.
    pub(super) fn arrived(&mut self, size: FragmentSize) {
        if size > FragmentSize::Any {
            self.losses = 0;
        }
    }

    /// Notes that a fragment of this size was not answered in time. After the third, new calls
    /// have fragments again that every path carries; those of a call never change.
    pub(super) fn timed_out(&mut self, size: FragmentSize) {
        if size == FragmentSize::Any {
            return;
        }
        self.losses += 1;
        if self.losses >= LOSSES_MAX {
            *self = Self {
                is_over: true,
                ..Self::default()
            };
        }
    }
}

impl Link {
    /// Tries larger sizes, once, as the server knows the client now.
    pub(super) fn start_probing(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.probing.is_over, true) {
            self.probe_larger(now);
        }
    }

    /// Tries the next larger size, if larger ones are allowed.
    fn probe_larger(&mut self, now: Instant) {
        let larger = self.probing.size.larger();
        let allowed = larger.filter(|size| *size <= self.settings.fragment_size_max);
        if let Some(size) = allowed {
            self.send_probe(now, size, 0);
        }
    }

    /// Tries again, if that is due.
    pub(super) fn probe_again(&mut self, now: Instant) {
        let Some(probe) = self.probing.probe.take_if(|probe| probe.due <= now) else {
            return;
        };
        if probe.tries + 1 < LOSSES_MAX {
            self.send_probe(now, probe.size, probe.tries + 1);
        }
    }

    fn send_probe(&mut self, now: Instant, size: FragmentSize, tries: u32) {
        let epoch = self.binding().map_or(0, |binding| binding.epoch);
        let client_id = self.identities.current().client_id;
        let out = Outgoing {
            epoch,
            len_min: HEADER_LEN + size.bytes(),
            ..Outgoing::of_client(PacketType::Probe, client_id)
        };
        let due = now + self.timeout(tries);
        self.probing.probe = self.transmit(now, &out).map(|sent| Probe {
            size,
            pn: sent.pn,
            tries,
            due,
        });
    }

    /// Takes the answer, which is as long as the question.
    pub(super) fn on_probe_ack(&mut self, now: Instant, packet: &Packet<'_>) {
        let (pn, _) = echoed(packet.header.tok);
        let answered = self
            .probing
            .probe
            .take_if(|probe| probe.pn == pn && packet.body.len() == probe.size.bytes());
        match answered {
            None => self.counters.stale += 1,
            Some(probe) => {
                self.probing.size = probe.size;
                self.probe_larger(now);
            }
        }
    }
}
