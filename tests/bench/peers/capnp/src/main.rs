//! Cap'n Proto in the comparison of calls.

#![forbid(unsafe_code)]

use std::{io, rc::Rc};

use bench_contract::{
    Fault, Load, LocalCaller, Operation, Role, announce, arguments, drive_local, runtime,
};
use capnp_rpc::{RpcSystem, VatNetwork, rpc_twoparty_capnp::Side, twoparty};
use futures::{
    AsyncReadExt as _,
    io::{BufReader, BufWriter},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{LocalSet, spawn_local},
};
use tokio_util::compat::TokioAsyncReadCompatExt as _;

#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    reason = "generated code"
)]
mod bench_capnp {
    include!(concat!(env!("OUT_DIR"), "/bench_capnp.rs"));
}

use bench_capnp::bench;

struct Service;

impl bench::Server for Service {
    async fn null(
        self: Rc<Self>,
        _: bench::NullParams,
        _: bench::NullResults,
    ) -> Result<(), capnp::Error> {
        Ok(())
    }

    async fn add(
        self: Rc<Self>,
        params: bench::AddParams,
        mut results: bench::AddResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let sum = params.get_a().wrapping_add(params.get_b());
        results.get().set_sum(sum);
        Ok(())
    }

    async fn echo(
        self: Rc<Self>,
        params: bench::EchoParams,
        mut results: bench::EchoResults,
    ) -> Result<(), capnp::Error> {
        results.get().set_data(params.get()?.get_data()?);
        Ok(())
    }
}

struct Client {
    stub: bench::Client,
    data: Vec<u8>,
}

impl LocalCaller for Client {
    async fn call(&mut self, operation: Operation) -> Result<(), Fault> {
        match operation {
            Operation::Null => {
                self.stub.null_request().send().promise.await?;
            }
            Operation::Add => {
                let mut request = self.stub.add_request();
                request.get().set_a(40);
                request.get().set_b(2);
                let reply = request.send().promise.await?;
                assert_eq!(reply.get()?.get_sum(), 42);
            }
            Operation::Echo => {
                let mut request = self.stub.echo_request();
                request.get().set_data(&self.data);
                let reply = request.send().promise.await?;
                assert_eq!(reply.get()?.get_data()?.len(), self.data.len());
            }
        }
        Ok(())
    }
}

fn network(stream: TcpStream, side: Side) -> io::Result<Box<dyn VatNetwork<Side>>> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.compat().split();
    let (reader, writer) = (BufReader::new(reader), BufWriter::new(writer));
    let options = capnp::message::ReaderOptions::default();
    Ok(Box::new(twoparty::VatNetwork::new(
        reader, writer, side, options,
    )))
}

async fn serve() -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?);
    let service: bench::Client = capnp_rpc::new_client(Service);
    loop {
        let (stream, _) = listener.accept().await?;
        let network = network(stream, Side::Server)?;
        spawn_local(RpcSystem::new(network, Some(service.clone().client)));
    }
}

async fn call(load: &Load) -> Result<(), Fault> {
    let mut callers = Vec::new();
    for _ in 0..load.connections() {
        let stream = TcpStream::connect(&load.address).await?;
        let mut system = RpcSystem::new(network(stream, Side::Client)?, None);
        let stub: bench::Client = system.bootstrap(Side::Server);
        spawn_local(system);
        for _ in 0..load.callers_per_connection() {
            callers.push(Client {
                stub: stub.clone(),
                data: vec![7; load.size],
            });
        }
    }
    drive_local(load, callers).await
}

fn main() -> Result<(), Fault> {
    let (flavour, role) = arguments()?;
    let (runtime, tasks) = (runtime(&flavour)?, LocalSet::new());
    match role {
        Role::Server => tasks.block_on(&runtime, serve()),
        Role::Client(load) => tasks.block_on(&runtime, call(&load)),
    }
}
