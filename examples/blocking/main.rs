//! Calls from a program without a runtime: plain functions that return when the server has answered.
//!
//! `cargo run -p examples --bin blocking` starts itself once more, as a server (`server.rs`), and calls it: one
//! call after the other, several at once from one thread, and from several threads over one connection.
//! In the end it kills the server, to show what a caller learns then.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rpc_runtime::{
    CallResult, Outcome,
    blocking::{Client, wait_all, wait_first},
};

mod server;

rpc_runtime::include_stubs!("calc");

use calc::v1;

/// What makes this program a server.
const SERVE: &str = "serve";

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().any(|argument| argument == SERVE) {
        return server::serve();
    }
    let mut server = ServerProcess::start()?;
    let client = Client::builder()
        .deadline(Duration::from_secs(2))
        .connect(&server.address)?;
    one_after_the_other(&client)?;
    several_at_once(&client)?;
    from_several_threads(&client);
    server.process.kill()?;
    server.process.wait()?;
    without_a_server(&client);
    Ok(())
}

/// Each call returns its result.
fn one_after_the_other(client: &Client) -> CallResult<()> {
    let calc = v1::Client::new(client.clone());
    println!("one after the other");
    println!("    func1(21) = {}", calc.func1(21)?);
    println!("    func2(40, 2) = {}", calc.func2(40, 2)?);
    Ok(())
}

/// Calls that are started are on their way at once; the results are waited for later.
fn several_at_once(client: &Client) -> CallResult<()> {
    let calc = v1::Client::new(client.starting());
    println!("several at once");
    let calls: Vec<_> = (1..=5).map(|number| calc.func1(number)).collect();
    let results: CallResult<Vec<i32>> = wait_all(calls).into_iter().collect();
    println!("    all of five: {:?}", results?);

    let mut calls = vec![calc.func1(100), calc.func2(50, 50)];
    if let Some((_, first)) = wait_first(&mut calls) {
        println!("    the first of two: {}", first?);
    }
    // The other is given up: nobody waits for it any more.
    drop(calls);
    Ok(())
}

/// Threads share a client. They use one connection, and no thread but these.
fn from_several_threads(client: &Client) {
    println!("from several threads");
    let sum: i32 = thread::scope(|threads| {
        let calls: Vec<_> = (1..=4)
            .map(|number| {
                let calc = v1::Client::new(client.clone());
                threads.spawn(move || calc.func2(number, number))
            })
            .collect();
        let results = calls.into_iter().filter_map(|call| call.join().ok()?.ok());
        results.sum()
    });
    println!("    the sum of four results: {sum}");
}

/// An error says what went wrong, and whether the call may have been executed.
fn without_a_server(client: &Client) {
    println!("without a server");
    let hasty = client.clone().with_deadline(Duration::from_millis(100));
    match v1::Client::new(hasty).func1(21) {
        Ok(result) => println!("    func1(21) = {result}"),
        Err(error) if error.outcome() == Outcome::NotExecuted => {
            println!("    safe to try again: {error}");
        }
        Err(error) => println!("    it may have been executed: {error}"),
    }
}

/// This program once more, as a server that ends with this one.
struct ServerProcess {
    process: Child,
    address: String,
}

impl ServerProcess {
    fn start() -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(env::current_exe()?)
            .arg(SERVE)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { process, address })
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
