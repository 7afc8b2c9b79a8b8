//! Calls under load, by the contract of the project's comparison of RPC peers.
//!
//! ```text
//! peer tcp|udp|reliable [multi] server
//! peer tcp|udp|reliable [multi] client ADDRESS null|add|echo SIZE seq|pipe|conns|idle WIDTH SECONDS
//! ```

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "its results go to standard output")]

use std::{
    error::Error,
    fmt::Write as _,
    io,
    str::FromStr,
    time::{Duration, Instant},
};

use rpc_runtime::{CallError, Client, Context, Server, ServiceResult};
use rustix::time::{ClockId, clock_gettime};
use xdr::Bytes;

#[allow(
    clippy::use_self,
    unnameable_types,
    unreachable_pub,
    reason = "generated code, as if it stood at the root of a library"
)]
mod stubs {
    rpc_runtime::include_stubs!("bench");
}

use stubs::{AddArgs, bench::v1};

type Fault = Box<dyn Error + Send + Sync>;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Null,
    Add,
    Echo,
}

/// How calls come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One connection, one call at a time.
    Seq,
    /// One connection, several calls at a time.
    Pipe,
    /// Several connections, one call at a time on each.
    Conns,
    /// Several connections without calls, until standard input ends.
    Idle,
}

/// What a client does.
#[derive(Debug, Clone)]
struct Load {
    address: String,
    operation: Operation,
    size: usize,
    mode: Mode,
    width: usize,
    seconds: f64,
}

fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let role = words
        .iter()
        .position(|word| word == "server" || word == "client");
    let usage = "usage: peer tcp|udp|reliable [multi] server|client …";
    let (flavour, rest) = words.split_at_checked(role.ok_or(usage)?).ok_or(usage)?;
    let transport = flavour.first().ok_or(usage)?;
    let mut runtime = if flavour.iter().any(|word| word == "multi") {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2);
        runtime
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build()?;
    match rest.split_first() {
        Some((role, load)) if role == "client" => {
            runtime.block_on(call(transport, &Load::parse(load).ok_or(usage)?))
        }
        _ => runtime.block_on(serve(transport)),
    }
}

impl Load {
    fn parse(words: &[String]) -> Option<Self> {
        let [address, operation, size, mode, width, seconds] = words else {
            return None;
        };
        Some(Self {
            address: address.clone(),
            operation: match operation.as_str() {
                "null" => Operation::Null,
                "add" => Operation::Add,
                "echo" => Operation::Echo,
                _ => return None,
            },
            size: number(size)?,
            mode: match mode.as_str() {
                "seq" => Mode::Seq,
                "pipe" => Mode::Pipe,
                "conns" => Mode::Conns,
                "idle" => Mode::Idle,
                _ => return None,
            },
            width: number(width)?,
            seconds: number(seconds)?,
        })
    }

    fn connections(&self) -> usize {
        match self.mode {
            Mode::Seq | Mode::Pipe => 1,
            Mode::Conns | Mode::Idle => self.width,
        }
    }

    fn callers_per_connection(&self) -> usize {
        if self.mode == Mode::Pipe {
            self.width
        } else {
            1
        }
    }
}

fn number<T: FromStr>(word: &str) -> Option<T> {
    word.parse().ok()
}

struct Bench;

impl v1::Service for Bench {
    async fn add(&self, _: &Context, arg: AddArgs) -> ServiceResult<i32> {
        Ok(arg.a.wrapping_add(arg.b))
    }

    async fn echo(&self, _: &Context, arg: Bytes) -> ServiceResult<Bytes> {
        Ok(arg)
    }
}

async fn serve(transport: &str) -> Result<(), Fault> {
    let server = Server::builder().service(v1::Server::new(Bench));
    let server = match transport {
        "tcp" => server.tcp("127.0.0.1:0"),
        _ => server.udp("127.0.0.1:0"),
    };
    let server = server.start().await?;
    for address in server.local_addrs() {
        println!("LISTEN {address}");
    }
    std::future::pending().await
}

async fn call(transport: &str, load: &Load) -> Result<(), Fault> {
    let mut callers = Vec::new();
    for _ in 0..load.connections() {
        let client = Client::connect(&format!("{transport}://{}", load.address)).await?;
        let client = v1::Client::new(client);
        client.null().await?;
        for number in 0..load.callers_per_connection() {
            callers.push(Caller {
                client: client.clone(),
                operation: load.operation,
                body: vec![u8::try_from(number % 256)?; load.size].into(),
            });
        }
    }
    if load.mode == Mode::Idle {
        println!("IDLE");
        tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
        return Ok(());
    }
    let used_before = processor_time();
    let window = Window::open(load);
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| tokio::spawn(caller.run(window)))
        .collect();
    let mut samples = Samples::default();
    for task in tasks {
        let caller = task.await??;
        samples.warm += caller.warm;
        samples.nanoseconds.extend(caller.nanoseconds);
    }
    let used = processor_time().saturating_sub(used_before);
    println!("{}", report(load, window, used, samples)?);
    Ok(())
}

/// Calls again as soon as the last call has ended.
struct Caller {
    client: v1::Client,
    operation: Operation,
    body: Bytes,
}

impl Caller {
    async fn run(self, window: Window) -> Result<Samples, Fault> {
        let mut samples = Samples::default();
        loop {
            let began = Instant::now();
            self.call().await?;
            let ended = Instant::now();
            if began < window.warm_until {
                samples.warm += 1;
            } else {
                let nanoseconds = u32::try_from((ended - began).as_nanos());
                samples.nanoseconds.push(nanoseconds.unwrap_or(u32::MAX));
            }
            if ended >= window.end {
                return Ok(samples);
            }
        }
    }

    async fn call(&self) -> Result<(), CallError> {
        match self.operation {
            Operation::Null => self.client.null().await,
            Operation::Add => {
                let sum = self.client.add(AddArgs { a: 1, b: 41 }).await?;
                assert_eq!(sum, 42);
                Ok(())
            }
            Operation::Echo => {
                let echo = self.client.echo(self.body.clone()).await?;
                assert_eq!(echo.len(), self.body.len());
                Ok(())
            }
        }
    }
}

/// What callers measured.
#[derive(Debug, Default)]
struct Samples {
    /// Calls before it counted.
    warm: u64,
    /// The time of each call that counts.
    nanoseconds: Vec<u32>,
}

/// The time of a run: one to warm up, and one that counts.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: Instant,
    warm_until: Instant,
    end: Instant,
}

impl Window {
    fn open(load: &Load) -> Self {
        let start = Instant::now();
        let warm_until = start + Duration::from_secs_f64((load.seconds / 4.0).min(0.3));
        Self {
            start,
            warm_until,
            end: warm_until + Duration::from_secs_f64(load.seconds),
        }
    }
}

/// The line of results.
fn report(
    load: &Load,
    window: Window,
    used: Duration,
    samples: Samples,
) -> Result<String, std::fmt::Error> {
    let seconds = window.warm_until.elapsed().as_secs_f64();
    let mut nanoseconds = samples.nanoseconds;
    nanoseconds.sort_unstable();
    let calls = nanoseconds.len();
    let percentile = |part: usize| nanoseconds.get(calls * part / 100).copied().unwrap_or(0);
    let mut line = String::new();
    let (operation, mode) = (load.operation, load.mode);
    write!(
        line,
        "{{\"op\":\"{}\",\"size\":{},\"mode\":\"{}\",\"width\":{}",
        format!("{operation:?}").to_lowercase(),
        load.size,
        format!("{mode:?}").to_lowercase(),
        load.width
    )?;
    write!(
        line,
        ",\"calls\":{calls},\"total_calls\":{},\"secs\":{seconds:.4},\"total_secs\":{:.4}",
        calls + usize::try_from(samples.warm).unwrap_or_default(),
        window.start.elapsed().as_secs_f64()
    )?;
    let rate = f64::from(u32::try_from(calls).unwrap_or(u32::MAX)) / seconds;
    write!(
        line,
        ",\"calls_per_s\":{rate:.1},\"p50_ns\":{},\"p99_ns\":{},\"cpu_ns\":{}}}",
        percentile(50),
        percentile(99),
        used.as_nanos()
    )?;
    Ok(line)
}

/// The time that the processors have spent on this process.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}
