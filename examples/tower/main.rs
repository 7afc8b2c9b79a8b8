//! Layers of tower around a client and a server: a timeout, a limit, and load that is shed.
//!
//! `cargo run -p examples --bin tower` shows each at work, and what the caller is told of its call.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

use std::{error::Error, time::Duration};

use ::tower::ServiceBuilder;
use rpc_runtime::{
    CallResult, Client, Context, Server, ServiceResult, VersionServer, memory, tower,
};
use tokio::{task::JoinSet, time::sleep};

rpc_runtime::include_stubs!("calc");

/// A service that takes its time.
struct Slow;

impl calc::v1::Service for Slow {
    /// Takes so many milliseconds.
    async fn func1(&self, _: &Context, arg1: i32) -> ServiceResult<i32> {
        sleep(Duration::from_millis(arg1.unsigned_abs().into())).await;
        Ok(arg1)
    }

    async fn func2(&self, _: &Context, arg1: i32, arg2: i32) -> ServiceResult<i32> {
        Ok(arg1.wrapping_add(arg2))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    around_a_client().await?;
    around_a_server().await
}

/// A stack around a client: the generated stubs are as they are without it.
async fn around_a_client() -> Result<(), Box<dyn Error>> {
    let (listener, connector) = memory::channel();
    let server = Server::builder().service(calc::v1::Server::new(Slow));
    let server = server.memory(listener).start().await?;
    let stack = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(2)
        .timeout(Duration::from_millis(500))
        .service(connector.connect());
    let calc = calc::v1::Client::new(tower::Caller::new(stack));

    println!("a timeout around a client");
    println!("    func2(40, 2) = {}", calc.func2(40, 2).await?);
    show(vec![calc.func1(60_000)]).await;

    println!("a client that has two calls in flight, and sheds others");
    let calls = (0..5).map(|_| calc.func1(10));
    show(calls.collect()).await;
    // In order it would end when the call has that nobody waits for.
    drop(server);
    Ok(())
}

/// A stack around a service: its clients know nothing of it.
async fn around_a_server() -> Result<(), Box<dyn Error>> {
    let stack = ServiceBuilder::new().load_shed().concurrency_limit(2);
    let service = VersionServer::from(calc::v1::Server::new(Slow)).layer(&stack.into_inner());
    let (listener, connector) = memory::channel();
    let server = Server::builder()
        .service(service)
        .memory(listener)
        .start()
        .await?;
    let calc: calc::v1::Client<Client> = calc::v1::Client::new(connector.connect());

    println!("a server that executes two calls at a time, and sheds others");
    let calls = (0..5).map(|_| calc.func1(10));
    show(calls.collect()).await;
    server.shutdown().await;
    Ok(())
}

/// Makes calls at once, and shows what comes of them.
async fn show<C>(calls: Vec<C>)
where
    C: Future<Output = CallResult<i32>> + Send + 'static,
{
    let results = calls
        .into_iter()
        .collect::<JoinSet<C::Output>>()
        .join_all()
        .await;
    for result in results {
        match result {
            Ok(result) => println!("    func1({result}) = {result}"),
            Err(error) => println!("    {error}"),
        }
    }
}
