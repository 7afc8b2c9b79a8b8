//! Runs scenarios: `cargo xtask sim` says how.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this is a command")]

use std::{
    env, fmt,
    num::NonZero,
    process::ExitCode,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use sim::{
    report::Report,
    scenarios::{ALL, Scenario},
};

const USAGE: &str =
    "usage: sim [PERCENT] | sim replay SCENARIO SEED [CALLS] | sim nightly SECONDS [FIRST_SEED]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<u64>().ok();
    let outcome = match words[..] {
        [] => each(100),
        ["replay", name, seed] => replay(name, number(seed), None),
        ["replay", name, seed, calls] => replay(name, number(seed), number(calls)),
        ["nightly", seconds] => nightly(number(seconds), 1000),
        ["nightly", seconds, first] => nightly(number(seconds), number(first).unwrap_or(1000)),
        [percent] => number(percent).map_or_else(|| Err(USAGE.into()), each),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            println!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a part of each scenario, as many at once as there are processors.
fn each(percent: u64) -> Result<(), String> {
    let begin = Instant::now();
    let runs = ALL
        .iter()
        .flat_map(|scenario| (1..=scenario.seeds).map(move |seed| (scenario, seed)));
    let (runs, sums) = (Mutex::new(runs), Mutex::new(Sums::default()));
    let next = || runs.lock().ok()?.next();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((scenario, seed)) = next() {
                    let report = show(scenario, seed, percent);
                    if let Ok(mut sums) = sums.lock() {
                        sums.add(&report);
                    }
                }
            });
        }
    });
    let sums = sums.into_inner().map_err(|_| "a run panicked")?;
    println!("{sums}; {:.0?} for {percent}% of all", begin.elapsed());
    if sums.bad > 0 {
        return Err(format!("{} runs showed faults", sums.bad));
    }
    Ok(())
}

/// What all runs showed together.
#[derive(Debug, Default)]
struct Sums {
    runs: u64,
    /// Runs that showed faults.
    bad: u64,
    calls: u64,
    double: u64,
    server_crashes: u64,
    client_crashes: u64,
}

impl Sums {
    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.bad += u64::from(!report.faults.is_empty());
        self.calls += report.calls;
        self.double += report.counts.double;
        self.server_crashes += report.server_crashes;
        self.client_crashes += report.client_crashes;
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            bad,
            calls,
            double,
            server_crashes,
            client_crashes,
        } = self;
        write!(
            f,
            "{runs} runs, {calls} calls, {double} executed twice, {server_crashes} server and \
             {client_crashes} client crashes, {bad} runs with faults"
        )
    }
}

/// Runs a scenario and says what came of it.
fn show(scenario: &Scenario, seed: u64, percent: u64) -> Report {
    let begin = Instant::now();
    let report = scenario.checked(seed, percent);
    let faults = report.faults.iter();
    let faults = faults.map(|fault| format!("\n    FAULT {fault}"));
    let faults = faults.collect::<String>();
    println!("{report}; took {:.1?}{faults}", begin.elapsed());
    report
}

/// Runs a scenario again, and shows everything that happens.
fn replay(name: &str, seed: Option<u64>, calls: Option<u64>) -> Result<(), String> {
    let Some((scenario, seed)) = Scenario::named(name).zip(seed) else {
        let scenarios = ALL.iter();
        let about = scenarios.map(|one| format!("\n    {:<10}{}", one.name, one.about));
        return Err(format!("{USAGE}\nscenarios:{}", about.collect::<String>()));
    };
    let mut plan = (scenario.plan)();
    plan.calls = calls.unwrap_or(plan.calls);
    let report = (scenario.run)(&plan, seed, true);
    println!("{report}");
    println!("{}", report.faults.join("\n"));
    Ok(())
}

/// Runs all scenarios with one seed after the other for a time, and says how far it came.
fn nightly(seconds: Option<u64>, first: u64) -> Result<(), String> {
    let Some(seconds) = seconds else {
        return Err(USAGE.into());
    };
    let (begin, share) = (Instant::now(), Duration::from_secs(seconds));
    let (mut sums, mut seed) = (Sums::default(), first);
    let mut left_out = Vec::new();
    while begin.elapsed() < share {
        left_out.clear();
        for scenario in ALL {
            if begin.elapsed() >= share {
                left_out.push(scenario.name);
                continue;
            }
            sums.add(&show(scenario, seed, 100));
        }
        seed += 1;
    }
    println!(
        "seeds {first} to {}: {sums} in {:.0?}; left out of the last seed: {left_out:?}",
        seed - 1,
        begin.elapsed()
    );
    if sums.bad > 0 {
        return Err("go on with `sim replay`".into());
    }
    Ok(())
}
