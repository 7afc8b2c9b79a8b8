//! Runs scenarios: `cargo xtask sim` says how.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this is a command")]

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use sim::scenarios::{ALL, Scenario};

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

/// Runs a part of each scenario.
fn each(percent: u64) -> Result<(), String> {
    let begin = Instant::now();
    let mut bad = 0;
    for scenario in ALL {
        for seed in 1..=scenario.seeds {
            bad += u64::from(!show(scenario, seed, percent));
        }
    }
    println!("{:.0?} for {percent}% of all", begin.elapsed());
    if bad > 0 {
        return Err(format!("{bad} runs showed faults"));
    }
    Ok(())
}

/// Runs a scenario and says what came of it; whether all was well.
fn show(scenario: &Scenario, seed: u64, percent: u64) -> bool {
    let begin = Instant::now();
    let report = scenario.checked(seed, percent);
    println!("{report}; took {:.1?}", begin.elapsed());
    for fault in &report.faults {
        println!("    FAULT {fault}");
    }
    report.faults.is_empty()
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
    let (mut calls, mut bad, mut seed) = (0, 0, first);
    let mut left_out = Vec::new();
    while begin.elapsed() < share {
        left_out.clear();
        for scenario in ALL {
            if begin.elapsed() >= share {
                left_out.push(scenario.name);
                continue;
            }
            bad += u64::from(!show(scenario, seed, 100));
            calls += (scenario.plan)().calls;
        }
        seed += 1;
    }
    println!(
        "seeds {first} to {}: {calls} calls in {:.0?}, {bad} runs with faults; left out of the last \
         seed: {left_out:?}",
        seed - 1,
        begin.elapsed()
    );
    if bad > 0 {
        return Err("go on with `sim replay`".into());
    }
    Ok(())
}
