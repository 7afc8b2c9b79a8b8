//! What a run showed.

use std::{fmt, time::Duration};

use crate::ledger::Counts;

/// What a run showed.
#[derive(Debug, Clone)]
pub struct Report {
    /// The scenario.
    pub name: &'static str,
    /// What decided everything.
    pub seed: u64,
    /// Calls of the plan.
    pub calls: u64,
    /// How they ended.
    pub counts: Counts,
    /// Why they ended without a result, and how often.
    pub reasons: Vec<(&'static str, u64)>,
    /// What must not be, and was.
    pub faults: Vec<String>,
    /// Events until the last call had ended and the network was empty.
    pub events: u64,
    /// Datagrams that clients and servers sent.
    pub sent: u64,
    /// Bytes of these datagrams.
    pub sent_bytes: u64,
    /// Datagrams that were sent after the last call had ended and the network was empty.
    pub idle_sent: u64,
    /// Questions of clients whether a call is still worked on.
    pub pings: u64,
    /// Crashes of the server.
    pub server_crashes: u64,
    /// Crashes of clients.
    pub client_crashes: u64,
    /// How long calls with a result took, in order of length.
    pub latencies: Vec<Duration>,
    /// How long it took until the last call ended, on the clock of the simulation.
    pub virtual_time: Duration,
    /// The number that stands for everything that happened.
    pub hash: u64,
}

impl Report {
    /// The time within which so many of a thousand calls had their result.
    #[must_use]
    pub fn latency(&self, per_thousand: usize) -> Duration {
        let at = self.latencies.len() * per_thousand / 1000;
        let at = at.min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).copied().unwrap_or_default()
    }

    /// Datagrams sent for each call.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is for people to read")]
    pub fn sent_per_call(&self) -> f64 {
        self.sent as f64 / self.calls as f64
    }

    /// Panics where something was that must not be, and says how to see it again.
    ///
    /// # Panics
    ///
    /// If there are faults.
    pub fn assert_faultless(&self) {
        assert!(
            self.faults.is_empty(),
            "{self}\n{}\nseen again by `cargo xtask sim replay {} {} {}`",
            self.faults.join("\n"),
            self.name,
            self.seed,
            self.calls
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            ok,
            not_executed,
            result_lost,
            unknown,
            gone,
            executions,
            double,
        } = self.counts;
        write!(
            f,
            "{}: seed {}, {} calls: {ok} answered, {not_executed} not executed, {result_lost} results \
             lost, {unknown} unknown, {gone} callers gone, {double} double of {executions} executions; \
             {:.2} datagrams a call; p50 {:?}, p99.9 {:?}; {} server and {} client crashes; \
             {:.0?} of virtual time; trace {:016x}",
            self.name,
            self.seed,
            self.calls,
            self.sent_per_call(),
            self.latency(500),
            self.latency(999),
            self.server_crashes,
            self.client_crashes,
            self.virtual_time,
            self.hash,
        )?;
        for (reason, times) in &self.reasons {
            write!(f, "; {times} × {reason}")?;
        }
        Ok(())
    }
}
