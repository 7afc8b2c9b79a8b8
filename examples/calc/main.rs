//! The first call: a server and a client of `calc.idl`, in memory, over TCP and over UDP.
//!
//! `cargo run -p examples --bin calc` shows all three. With `--serve 127.0.0.1:4000` in one
//! terminal and `--call tcp://127.0.0.1:4000` in another they are two processes.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

use clap::Parser;
use rpc_runtime::{Client, Context, Server, ServiceResult, memory};
use std::{error::Error, process::ExitCode};

rpc_runtime::include_stubs!("calc");

/// What the procedures do.
struct Calc;

impl calc::v1::Service for Calc {
    async fn func1(&self, context: &Context, arg1: i32) -> ServiceResult<i32> {
        println!("    server: func1({arg1}) for {}", context.peer());
        Ok(arg1.wrapping_mul(2))
    }

    async fn func2(&self, context: &Context, arg1: i32, arg2: i32) -> ServiceResult<i32> {
        println!("    server: func2({arg1}, {arg2}) for {}", context.peer());
        Ok(arg1.wrapping_add(arg2))
    }
}

/// Serves and calls the textbook's interface.
#[derive(Debug, Parser)]
struct Arguments {
    /// Serve on this address, TCP and UDP, until Ctrl-C
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "call")]
    serve: Option<String>,

    /// Call the server at this address: tcp://HOST:PORT, or udp://HOST:PORT (which waits 30
    /// seconds for an answer)
    #[arg(long, value_name = "ADDRESS")]
    call: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("calc: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    match (arguments.serve, arguments.call) {
        (Some(address), _) => serve(&address).await,
        (None, Some(address)) => call(&address, Client::connect(&address).await?).await,
        (None, None) => show_all().await,
    }
}

/// Serves until Ctrl-C, then answers what was received and ends.
async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .service(calc::v1::Server::new(Calc))
        .tcp(address)
        .udp(address)
        .start()
        .await?;
    for (scheme, address) in [("tcp", server.tcp_addr()), ("udp", server.udp_addr())] {
        let address = address.ok_or("the server has no such socket")?;
        println!("serving on {scheme}://{address}");
    }
    println!("Ctrl-C ends");
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}

/// One server, called over each transport.
async fn show_all() -> Result<(), Box<dyn Error>> {
    let (listener, connector) = memory::channel();
    let server = Server::builder()
        .service(calc::v1::Server::new(Calc))
        .memory(listener)
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .start()
        .await?;
    call("memory", connector.connect()).await?;
    for (scheme, address) in [("tcp", server.tcp_addr()), ("udp", server.udp_addr())] {
        let address = format!(
            "{scheme}://{}",
            address.ok_or("the server has no such socket")?
        );
        call(&address, Client::connect(&address).await?).await?;
    }
    server.shutdown().await;
    println!("the server has stopped");
    Ok(())
}

/// Calls both procedures.
async fn call(address: &str, client: Client) -> Result<(), Box<dyn Error>> {
    let calc = calc::v1::Client::new(client);
    println!("{address}");
    println!("    client: func1(21) = {}", calc.func1(21).await?);
    println!("    client: func2(40, 2) = {}", calc.func2(40, 2).await?);
    Ok(())
}
