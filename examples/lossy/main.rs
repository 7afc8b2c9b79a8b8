//! Calls over a network that loses, duplicates, reorders and corrupts: plain UDP, reliable
//! datagrams and TCP side by side.
//!
//! `cargo run -p examples --release --bin lossy -- --loss 0.3` shows, while it runs, how far each
//! has come, and at the end what callers were told and what the server did. Each call carries a
//! number of its own, so that the server sees which of them it executes more than once.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

mod network;
mod report;

use std::{
    collections::HashMap,
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use network::Network;
use report::Report;
use rpc_runtime::{Client, Context, Outcome, Server, ServiceResult};
use tokio::task::JoinSet;

rpc_runtime::include_stubs!("calc");

/// Calls a service over a bad network.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Arguments {
    /// The part of the datagrams that is lost, in each direction
    #[arg(long, default_value_t = 0.1)]
    loss: f64,

    /// The part of the datagrams that comes twice
    #[arg(long, default_value_t = 0.1)]
    duplication: f64,

    /// The part of the datagrams that is overtaken
    #[arg(long, default_value_t = 0.1)]
    reordering: f64,

    /// The part of the datagrams in which one bit is flipped; plain UDP does not see it
    #[arg(long, default_value_t = 0.0)]
    corruption: f64,

    /// Milliseconds that each datagram, or piece of a TCP stream, is on the way
    #[arg(long, default_value_t = 1)]
    delay: u64,

    /// TCP connections are reset after so many bytes: the operating system hides losses
    #[arg(long, default_value_t = 10_000)]
    reset: u64,

    /// Calls over each transport
    #[arg(long, default_value_t = 2000)]
    calls: u32,

    /// Callers at once
    #[arg(long, default_value_t = 16)]
    callers: u32,

    /// Seconds that a call may take
    #[arg(long, default_value_t = 30)]
    deadline: u64,

    /// The seed of the network's faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Counts how often each call is executed.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<HashMap<i32, u32>>>);

impl calc::v1::Service for Counting {
    async fn func1(&self, _: &Context, arg1: i32) -> ServiceResult<i32> {
        let mut executed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *executed.entry(arg1).or_default() += 1;
        Ok(arg1.wrapping_mul(2))
    }

    async fn func2(&self, _: &Context, arg1: i32, arg2: i32) -> ServiceResult<i32> {
        Ok(arg1.wrapping_add(arg2))
    }
}

/// What callers were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) answered: u32,
    pub(crate) wrong: u32,
    pub(crate) not_executed: u32,
    pub(crate) unknown: u32,
    /// How long the answered calls took.
    pub(crate) took: Vec<Duration>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut running = JoinSet::new();
    let mut progress = Vec::new();
    for scheme in network::SCHEMES {
        let done = Arc::new(AtomicU32::new(0));
        progress.push((scheme, Arc::clone(&done)));
        let arguments = arguments.clone();
        // The errors of one task are told to another.
        let run = async move {
            run(scheme, &arguments, &done)
                .await
                .map_err(|error| error.to_string())
        };
        running.spawn(run);
    }
    let mut reports = Vec::new();
    while !running.is_empty() {
        tokio::select! {
            Some(report) = running.join_next() => reports.push(report??),
            () = tokio::time::sleep(Duration::from_millis(200)) => show(&progress, arguments.calls),
        }
    }
    show(&progress, arguments.calls);
    eprintln!();
    reports.sort_by_key(Report::place);
    report::print(&arguments, &reports);
    Ok(())
}

/// One line that is written over itself.
fn show(progress: &[(&str, Arc<AtomicU32>)], calls: u32) {
    eprint!("\r");
    for (scheme, done) in progress {
        eprint!("{scheme} {}/{calls}   ", done.load(Relaxed));
    }
}

/// All calls over one transport, with a server and a network of its own.
async fn run(
    scheme: &'static str,
    arguments: &Arguments,
    done: &Arc<AtomicU32>,
) -> Result<Report, Box<dyn Error>> {
    let service = Counting::default();
    let server = Server::builder()
        .service(calc::v1::Server::new(service.clone()))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .start()
        .await?;
    let network = Network::start(scheme, &server, arguments).await?;
    let client = Client::connect(&network.address()).await?;
    let client = client.with_deadline(Duration::from_secs(arguments.deadline));
    let next = Arc::new(AtomicU32::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..arguments.callers {
        let calc = calc::v1::Client::new(client.clone());
        let (next, done, calls) = (Arc::clone(&next), Arc::clone(done), arguments.calls);
        callers.spawn(async move { call(&calc, &next, &done, calls).await });
    }
    let mut told = Told::default();
    while let Some(one) = callers.join_next().await {
        told.add(one?);
    }
    server.shutdown().await;
    let executed = service.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Report::new(scheme, told, executed.values(), &network))
}

/// One caller: takes the next call until there are no more.
async fn call(calc: &calc::v1::Client, next: &AtomicU32, done: &AtomicU32, calls: u32) -> Told {
    let mut told = Told::default();
    loop {
        let number = next.fetch_add(1, Relaxed);
        if number >= calls {
            return told;
        }
        let token = number.cast_signed();
        let start = Instant::now();
        match calc.func1(token).await {
            Ok(result) => {
                told.answered += 1;
                told.wrong += u32::from(result != token.wrapping_mul(2));
                told.took.push(start.elapsed());
            }
            Err(error) if error.outcome() == Outcome::NotExecuted => told.not_executed += 1,
            Err(_) => told.unknown += 1,
        }
        done.fetch_add(1, Relaxed);
    }
}

impl Told {
    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.wrong += other.wrong;
        self.not_executed += other.not_executed;
        self.unknown += other.unknown;
        self.took.extend(other.took);
    }
}
