use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use nix::time::{ClockId, clock_gettime};

use crate::{Fault, Load};

/// The longest time to warm up: tables have grown and round trips are known by then.
const WARM_UP_MAX: Duration = Duration::from_millis(300);

/// The time of a run: one to warm up, and one that counts.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    start: Instant,
    warm_until: Instant,
    end: Instant,
}

impl Window {
    /// A run that begins now.
    #[must_use]
    pub fn open(load: &Load) -> Self {
        let start = Instant::now();
        let warm_until = start + (load.time / 4).min(WARM_UP_MAX);
        Self {
            start,
            warm_until,
            end: warm_until + load.time,
        }
    }
}

/// What a caller measured.
#[derive(Debug, Default)]
pub struct Samples {
    /// Calls before it counted.
    warm: usize,
    /// The time of each call that counts.
    nanoseconds: Vec<u32>,
}

impl Samples {
    /// Takes note of a call; says whether the run goes on.
    pub fn record(&mut self, window: &Window, began: Instant, ended: Instant) -> bool {
        if began < window.warm_until {
            self.warm += 1;
        } else {
            let nanoseconds = u32::try_from((ended - began).as_nanos());
            self.nanoseconds.push(nanoseconds.unwrap_or(u32::MAX));
        }
        ended < window.end
    }

    /// Adds what another caller measured.
    pub fn append(&mut self, mut other: Self) {
        self.warm += other.warm;
        self.nanoseconds.append(&mut other.nanoseconds);
    }
}

/// Prints the line of results of a run that ends now.
///
/// # Errors
///
/// There are more calls than the report can count.
#[expect(clippy::print_stdout, reason = "results go to standard output")]
pub fn report(
    load: &Load,
    window: &Window,
    used_before: Duration,
    samples: Samples,
) -> Result<(), Fault> {
    let used = processor_time().saturating_sub(used_before);
    let seconds = window.warm_until.elapsed().as_secs_f64();
    let total_seconds = window.start.elapsed().as_secs_f64();
    let mut nanoseconds = samples.nanoseconds;
    nanoseconds.sort_unstable();
    let calls = nanoseconds.len();
    let percentile = |part: usize| nanoseconds.get(calls * part / 100).copied().unwrap_or(0);
    let rate = f64::from(u32::try_from(calls)?) / seconds;
    let mut line = String::new();
    write!(
        line,
        "{{\"op\":\"{}\",\"size\":{},\"mode\":\"{}\",\"width\":{}",
        format!("{:?}", load.operation).to_lowercase(),
        load.size,
        format!("{:?}", load.mode).to_lowercase(),
        load.width
    )?;
    write!(
        line,
        ",\"calls\":{calls},\"total_calls\":{},\"secs\":{seconds:.4},\"total_secs\":{total_seconds:.4}",
        calls + samples.warm
    )?;
    write!(
        line,
        ",\"calls_per_s\":{rate:.1},\"p50_ns\":{},\"p99_ns\":{},\"cpu_ns\":{}}}",
        percentile(50),
        percentile(99),
        used.as_nanos()
    )?;
    println!("{line}");
    Ok(())
}

/// The time that the processors have spent on this process.
#[must_use]
pub fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
