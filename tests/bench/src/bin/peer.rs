//! Our runtime in the comparison of calls; the command line is that of every program in it.
//!
//! Flavours: `tcp`, `unix`, `udp`, `reliable`; `multi` besides for a runtime of two threads.
//! `blocking-tcp`, `blocking-unix`, `blocking-udp`: the blocking client, and the same server.

#![forbid(unsafe_code)]

use std::{env, process};

use bench_contract::{
    BlockingCaller, Caller, Fault, Load, Operation, Role, announce, arguments, drive,
    drive_blocking, runtime,
};
use rpc_runtime::{Client, Context, Server, ServiceResult, blocking};
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

fn main() -> Result<(), Fault> {
    let (flavour, role) = arguments()?;
    let transport = flavour.first().ok_or("which transport?")?;
    let (is_blocking, transport) = match transport.strip_prefix("blocking-") {
        Some(transport) => (true, transport),
        None => (false, transport.as_str()),
    };
    match role {
        Role::Server => runtime(&flavour)?.block_on(serve(transport)),
        Role::Client(load) if is_blocking => call_blocking(transport, &load),
        Role::Client(load) => runtime(&flavour)?.block_on(call(transport, &load)),
    }
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
    let path = env::temp_dir().join(format!("bench-ours-{}.sock", process::id()));
    let server = match transport {
        "tcp" => server.tcp("127.0.0.1:0"),
        "unix" => server.unix(&path),
        "udp" | "reliable" => server.udp("127.0.0.1:0"),
        other => return Err(format!("no server has the transport `{other}`").into()),
    };
    let server = server.start().await?;
    match server.local_addrs().next() {
        Some(address) => announce(address),
        None => announce(path.display()),
    }
    std::future::pending().await
}

async fn call(transport: &str, load: &Load) -> Result<(), Fault> {
    let mut callers = Vec::new();
    let address = address(transport, load);
    for _ in 0..load.connections() {
        let client = Client::connect(&address).await?;
        let client = v1::Client::new(client);
        for _ in 0..load.callers_per_connection() {
            callers.push(Stub {
                client: client.clone(),
                data: vec![7; load.size].into(),
            });
        }
    }
    drive(load, callers).await
}

/// The address as clients take it.
fn address(transport: &str, load: &Load) -> String {
    match transport {
        "unix" => format!("unix:{}", load.address),
        _ => format!("{transport}://{}", load.address),
    }
}

struct Stub {
    client: v1::Client,
    data: Bytes,
}

impl Caller for Stub {
    async fn call(&mut self, operation: Operation) -> Result<(), Fault> {
        match operation {
            Operation::Null => self.client.null().await?,
            Operation::Add => {
                let sum = self.client.add(AddArgs { a: 40, b: 2 }).await?;
                assert_eq!(sum, 42);
            }
            Operation::Echo => {
                let echo = self.client.echo(self.data.clone()).await?;
                assert_eq!(echo.len(), self.data.len());
            }
        }
        Ok(())
    }
}

fn call_blocking(transport: &str, load: &Load) -> Result<(), Fault> {
    let address = address(transport, load);
    let mut callers = Vec::new();
    for _ in 0..load.connections() {
        let client = v1::Client::new(blocking::Client::connect(&address)?);
        for _ in 0..load.callers_per_connection() {
            callers.push(BlockingStub {
                client: client.clone(),
                data: vec![7; load.size].into(),
            });
        }
    }
    drive_blocking(load, callers)
}

struct BlockingStub {
    client: v1::Client<blocking::Client>,
    data: Bytes,
}

impl BlockingCaller for BlockingStub {
    fn call(&mut self, operation: Operation) -> Result<(), Fault> {
        match operation {
            Operation::Null => self.client.null()?,
            Operation::Add => {
                let sum = self.client.add(AddArgs { a: 40, b: 2 })?;
                assert_eq!(sum, 42);
            }
            Operation::Echo => {
                let echo = self.client.echo(self.data.clone())?;
                assert_eq!(echo.len(), self.data.len());
            }
        }
        Ok(())
    }
}
