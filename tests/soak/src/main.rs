//! Mixed load over all transports, with connections killed and calls cancelled at random:
//! `cargo xtask soak` says how. It fails when a call ended without a true outcome, and when a process
//! that has run for long takes more and more memory or descriptors.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this is a command")]

mod caller;
mod chaos;
mod child;
mod resources;
mod server;
mod tally;

/// The stubs of `soak.idl`.
#[allow(
    dead_code,
    clippy::use_self,
    unnameable_types,
    unreachable_pub,
    reason = "generated code, as if it stood at the root of a library"
)]
mod stubs {
    rpc_runtime::include_stubs!("soak");
}

use std::{env, error::Error, process::ExitCode, sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, interval, sleep_until},
};

use caller::Caller;
use chaos::Route;
use child::Child;
use resources::History;
use tally::{QUARANTINE, Tally};

/// Callers of each transport, all at the same time.
const CALLERS: usize = 6;

/// How often processes are measured, and calls that have ended are looked up.
const TICK: Duration = Duration::from_secs(1);

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["server", folder] => server::run(folder).await,
        [seconds] => soak(seconds.parse().ok(), fastrand::u64(..)).await,
        [seconds, seed] => soak(seconds.parse().ok(), seed.parse().unwrap_or(0)).await,
        _ => Err("usage: soak SECONDS [SEED]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            println!("soak: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Calls for so many seconds, and says what came of it.
async fn soak(seconds: Option<u64>, seed: u64) -> Result<(), Box<dyn Error>> {
    let seconds = seconds.ok_or("usage: soak SECONDS [SEED]")?;
    println!("soak: {seconds} s with seed {seed}");
    fastrand::seed(seed);
    let child = Child::start().await?;
    let routes = chaos::routes(&child, seed).await?;
    let tally = Arc::new(Tally::new(routes.iter().map(|route| route.name)));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut callers = JoinSet::new();
    for (index, route) in routes.iter().enumerate() {
        for _ in 0..CALLERS {
            let caller = Caller::new(route, index, fastrand::u64(..));
            callers.spawn(caller.run(Arc::clone(&tally), end));
        }
    }
    let mut history = History::new(child.id());
    watch(&tally, &routes, &mut history, end).await?;
    while let Some(ended) = callers.join_next().await {
        ended?;
    }
    sleep_until(Instant::now() + QUARANTINE).await;
    let mut forgotten = 0;
    for (index, route) in routes.iter().enumerate() {
        tally.settle(index, &route.control).await?;
    }
    for route in &routes {
        forgotten = forgotten.max(route.control.remembered().await?);
    }
    println!("{tally}\n{history}");
    tally.verdict(forgotten)?;
    history.verdict()?;
    println!("soak: passed");
    Ok(())
}

/// Measures, and looks up what became of calls, until the end.
async fn watch(
    tally: &Tally,
    routes: &[Route],
    history: &mut History,
    end: Instant,
) -> Result<(), Box<dyn Error>> {
    let mut ticks = interval(TICK);
    while Instant::now() < end {
        ticks.tick().await;
        for (index, route) in routes.iter().enumerate() {
            tally.settle(index, &route.control).await?;
        }
        history.measure()?;
    }
    Ok(())
}
