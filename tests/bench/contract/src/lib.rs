//! What every program of the comparison of calls does, whatever carries them.
//!
//! ```text
//! PEER [FLAVOUR..] server
//!     prints `LISTEN ADDRESS` and serves until it is killed
//! PEER [FLAVOUR..] client ADDRESS null|add|echo SIZE seq|pipe|conns|idle WIDTH SECONDS
//!     calls for so long, after a time to warm up, and prints one line of JSON;
//!     `idle` makes WIDTH connections with one call on each, prints `IDLE`, and keeps them until
//!     its standard input ends
//! ```
//!
//! A caller calls again as soon as its last call has ended. [`drive`] runs any number of them.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "results go to standard output")]

mod load;
mod result;

use std::{error::Error, fmt::Display, io, process, thread, time::Duration};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

pub use load::{BlockingCaller, Caller, LocalCaller, drive, drive_blocking, drive_local};
pub use result::{Samples, Window, processor_time, report};

/// What may go wrong in a measuring program: it ends with that.
pub type Fault = Box<dyn Error + Send + Sync>;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Nothing.
    Null,
    /// Adds two integers.
    Add,
    /// Sends bytes there and back.
    Echo,
}

/// How calls come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
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
pub struct Load {
    /// Where the server is.
    pub address: String,
    /// What a call does.
    pub operation: Operation,
    /// Bytes of an echo.
    pub size: usize,
    /// How calls come.
    pub mode: Mode,
    /// Calls or connections at a time.
    pub width: usize,
    /// The time that counts, behind the one to warm up.
    pub time: Duration,
}

/// What a program is told to be.
#[derive(Debug, Clone)]
pub enum Role {
    /// It answers calls.
    Server,
    /// It calls.
    Client(Load),
}

/// The words before the role, and the role.
///
/// A client that hangs ends by itself from now on, and the process may have as many descriptors
/// as it is allowed.
///
/// # Errors
///
/// These are not the words of the contract.
pub fn arguments() -> Result<(Vec<String>, Role), Fault> {
    let mut flavour: Vec<String> = std::env::args().skip(1).collect();
    let role = flavour
        .iter()
        .position(|word| word == "server" || word == "client");
    let rest = flavour.split_off(role.unwrap_or(flavour.len()));
    let role = Role::parse(&rest).ok_or(
        "usage: PEER [FLAVOUR..] server | client ADDRESS null|add|echo SIZE seq|pipe|conns|idle WIDTH SECONDS",
    )?;
    if let Role::Client(load) = &role
        && load.mode != Mode::Idle
    {
        end_after(2 * load.time + Duration::from_secs(10));
    }
    let (_, descriptors) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, descriptors, descriptors)?;
    Ok((flavour, role))
}

impl Role {
    fn parse(words: &[String]) -> Option<Self> {
        match words.split_first()? {
            (word, []) if word == "server" => Some(Self::Server),
            (word, load) if word == "client" => Load::parse(load).map(Self::Client),
            _ => None,
        }
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
            size: size.parse().ok()?,
            mode: match mode.as_str() {
                "seq" => Mode::Seq,
                "pipe" => Mode::Pipe,
                "conns" => Mode::Conns,
                "idle" => Mode::Idle,
                _ => return None,
            },
            width: width.parse().ok()?,
            time: Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?,
        })
    }

    /// Connections to make.
    #[must_use]
    pub fn connections(&self) -> usize {
        match self.mode {
            Mode::Seq | Mode::Pipe => 1,
            Mode::Conns | Mode::Idle => self.width,
        }
    }

    /// Calls at a time on each of them.
    #[must_use]
    pub fn callers_per_connection(&self) -> usize {
        if self.mode == Mode::Pipe {
            self.width
        } else {
            1
        }
    }
}

/// Ends the process without a result after this time.
fn end_after(limit: Duration) {
    thread::spawn(move || {
        thread::sleep(limit);
        eprintln!("no result within {limit:?}");
        process::exit(3);
    });
}

/// The runtime that the flavour asks for: of one thread, or with the word `multi` of two.
///
/// # Errors
///
/// The operating system has no thread or descriptor for it.
pub fn runtime(flavour: &[String]) -> io::Result<Runtime> {
    let mut builder = if flavour.iter().any(|word| word == "multi") {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2);
        builder
    } else {
        Builder::new_current_thread()
    };
    builder.enable_all().build()
}

/// Says where the server listens.
pub fn announce(address: impl Display) {
    println!("LISTEN {address}");
}

/// Keeps connections until standard input ends.
///
/// # Errors
///
/// The runtime ends before.
pub async fn idle() -> Result<(), Fault> {
    tokio::task::spawn_blocking(idle_blocking).await?
}

/// The same, blocking.
///
/// # Errors
///
/// Standard input cannot be read.
pub fn idle_blocking() -> Result<(), Fault> {
    println!("IDLE");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
