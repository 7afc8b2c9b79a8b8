//! The oracle: what was executed, beside what the callers were told.
//!
//! It lies outside of everything that crashes.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;

use crate::{
    payload::{self, Kind, payload},
    plan::{Plan, Spec, number_of},
    world::{Ended, Order},
};

/// Faults that are written down at the most: the first is the one that matters.
const FAULTS_MAX: usize = 20;

/// What became of all calls of a run.
#[derive(Debug)]
pub struct Ledger {
    seed: u64,
    calls: Vec<Entry>,
    /// The last call of each channel that was executed since the server started.
    last: HashMap<(u64, u32), u32>,
    /// What must not be.
    faults: Vec<String>,
    counts: Counts,
    latencies: Vec<Duration>,
    reasons: HashMap<&'static str, u64>,
}

/// What became of one call.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    executions: u8,
    started: Duration,
    told: Told,
}

/// What the caller was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Told {
    /// The call is not made yet.
    #[default]
    NotMade,
    /// Nothing yet.
    Nothing,
    Ok,
    NotExecuted,
    ResultLost,
    Unknown,
    /// The caller crashed.
    Gone,
}

/// How calls ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// With a result.
    pub ok: u64,
    /// Not executed, as the caller was told.
    pub not_executed: u64,
    /// Executed, as the caller was told.
    pub result_lost: u64,
    /// With nothing that the caller could be told.
    pub unknown: u64,
    /// With the crash of the caller.
    pub gone: u64,
    /// Executions.
    pub executions: u64,
    /// Calls that were executed more than once.
    pub double: u64,
}

impl Ledger {
    /// A ledger for the calls of a plan.
    #[must_use]
    pub fn new(plan: &Plan, seed: u64) -> Self {
        Self {
            seed,
            calls: vec![Entry::default(); usize::try_from(plan.calls).unwrap_or_default()],
            last: HashMap::new(),
            faults: Vec::new(),
            counts: Counts::default(),
            latencies: Vec::new(),
            reasons: HashMap::new(),
        }
    }

    /// Notes what must not be.
    pub fn fault(&mut self, time: Duration, text: &str) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(format!("at {time:?}: {text}"));
        }
    }

    /// A call is made.
    pub fn start(&mut self, time: Duration, number: u64) {
        let entry = self.entry(number);
        entry.started = time;
        entry.told = Told::Nothing;
    }

    /// The caller of a call crashed.
    pub fn gone(&mut self, number: u64) {
        self.entry(number).told = Told::Gone;
        self.counts.gone += 1;
    }

    /// The server started anew.
    pub fn restart(&mut self) {
        self.last.clear();
    }

    /// A service begins to execute a call with these arguments; gives the call.
    pub fn execute(
        &mut self,
        time: Duration,
        plan: &Plan,
        arguments: &[u8],
        order: Option<Order>,
    ) -> Option<Spec> {
        let token = payload::token(arguments);
        let number = token.and_then(|token| number_of(self.seed, token));
        let made = number.filter(|number| *number < plan.calls);
        let Some(number) = made else {
            self.fault(time, "a call is executed that nobody made");
            return None;
        };
        let spec = plan.call(self.seed, number);
        if arguments != payload(Kind::Arguments, spec.token, spec.arguments) {
            self.fault(
                time,
                &format!("call {number} is executed with other arguments"),
            );
        }
        if let Some(Order { channel, number }) = order
            && let Some(last) = self.last.insert(channel, number)
            && last >= number
        {
            let text = format!("A7: call {number} of {channel:x?} is executed after {last}");
            self.fault(time, &text);
        }
        self.counts.executions += 1;
        let entry = self.entry(number);
        entry.executions = entry.executions.saturating_add(1);
        let (executions, told) = (entry.executions, entry.told);
        if executions == 2 {
            self.counts.double += 1;
            self.fault(time, &format!("A1: call {number} is executed again"));
        }
        if told == Told::NotExecuted {
            self.fault(time, &format!("A3: call {number} is executed after all"));
        }
        Some(spec)
    }

    /// The caller of a call is told how it ended.
    pub fn end(&mut self, time: Duration, spec: &Spec, ended: &Ended) {
        let Some(number) = number_of(self.seed, spec.token) else {
            return;
        };
        let entry = self.entry(number);
        let (executions, started) = (entry.executions, entry.started);
        let (told, is_true) = match ended {
            Ended::Ok(_) => (Told::Ok, executions == 1),
            Ended::NotExecuted(_) => (Told::NotExecuted, executions == 0),
            Ended::ResultLost(_) => (Told::ResultLost, executions == 1),
            Ended::Unknown(_) => (Told::Unknown, executions <= 1),
        };
        let before = std::mem::replace(&mut entry.told, told);
        if before != Told::Nothing {
            self.fault(time, &format!("call {number} ends, which is {before:?}"));
        }
        if !is_true {
            let text = format!("call {number} ends as {told:?}, executed {executions} times");
            self.fault(time, &text);
        }
        match ended {
            Ended::Ok(result) => {
                self.counts.ok += 1;
                self.latencies.push(time.saturating_sub(started));
                if *result != payload(Kind::Result, spec.token, spec.result) {
                    self.fault(
                        time,
                        &format!("A2: call {number} has the result of another"),
                    );
                }
            }
            Ended::NotExecuted(reason) => {
                self.counts.not_executed += 1;
                *self.reasons.entry(reason).or_default() += 1;
            }
            Ended::ResultLost(reason) => {
                self.counts.result_lost += 1;
                *self.reasons.entry(reason).or_default() += 1;
            }
            Ended::Unknown(reason) => {
                self.counts.unknown += 1;
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
    }

    /// The last that is to happen has: every call must have ended.
    pub fn finish(&mut self, time: Duration) {
        let open = |entry: &&Entry| entry.told == Told::Nothing;
        let open = self.calls.iter().filter(open).count();
        if open > 0 {
            self.fault(time, &format!("A6: {open} calls never end"));
        }
    }

    /// Whether anything was that must not be.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    /// How calls ended.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Why calls ended without a result, and how often.
    #[must_use]
    pub fn reasons(&self) -> Vec<(&'static str, u64)> {
        let mut reasons: Vec<_> = self.reasons.iter().map(|(why, n)| (*why, *n)).collect();
        reasons.sort_unstable();
        reasons
    }

    /// What must not be, and was.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// How long calls with a result took, in order of length.
    #[must_use]
    pub fn into_latencies(mut self) -> Vec<Duration> {
        self.latencies.sort_unstable();
        self.latencies
    }

    fn entry(&mut self, number: u64) -> &mut Entry {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        &mut self.calls[number]
    }
}

/// The arguments of a call.
#[must_use]
pub fn arguments(spec: &Spec) -> Bytes {
    payload(Kind::Arguments, spec.token, spec.arguments)
}

/// The result of a call.
#[must_use]
pub fn result(spec: &Spec) -> Bytes {
    payload(Kind::Result, spec.token, spec.result)
}
