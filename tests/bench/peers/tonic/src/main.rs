//! tonic in the comparison of calls.

#![forbid(unsafe_code)]

use bench_contract::{Caller, Fault, Load, Operation, Role, announce, arguments, drive, runtime};
use bytes::Bytes;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};

#[allow(clippy::pedantic, unreachable_pub, reason = "generated code")]
mod stubs {
    tonic::include_proto!("bench");
}

use stubs::{
    AddArgs, AddReply, Blob, Empty,
    bench_client::BenchClient,
    bench_server::{Bench, BenchServer},
};

/// Bytes of a message, which tonic would otherwise keep below 4 MiB.
const MESSAGE_MAX: usize = 16 << 20;

struct Service;

#[tonic::async_trait]
impl Bench for Service {
    async fn null(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn add(&self, request: Request<AddArgs>) -> Result<Response<AddReply>, Status> {
        let AddArgs { a, b } = request.into_inner();
        let sum = a.wrapping_add(b);
        Ok(Response::new(AddReply { sum }))
    }

    async fn echo(&self, request: Request<Blob>) -> Result<Response<Blob>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

struct Client {
    stub: BenchClient<Channel>,
    data: Bytes,
}

impl Caller for Client {
    async fn call(&mut self, operation: Operation) -> Result<(), Fault> {
        match operation {
            Operation::Null => {
                self.stub.null(Empty {}).await?;
            }
            Operation::Add => {
                let reply = self.stub.add(AddArgs { a: 40, b: 2 }).await?;
                assert_eq!(reply.into_inner().sum, 42);
            }
            Operation::Echo => {
                let data = self.data.clone();
                let reply = self.stub.echo(Blob { data }).await?;
                assert_eq!(reply.into_inner().data.len(), self.data.len());
            }
        }
        Ok(())
    }
}

async fn serve() -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?);
    let service = BenchServer::new(Service)
        .max_decoding_message_size(MESSAGE_MAX)
        .max_encoding_message_size(MESSAGE_MAX);
    Server::builder()
        .add_service(service)
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

async fn call(load: &Load) -> Result<(), Fault> {
    let mut callers = Vec::new();
    for _ in 0..load.connections() {
        let endpoint = Endpoint::from_shared(format!("http://{}", load.address))?;
        let channel = endpoint.tcp_nodelay(true).connect().await?;
        let stub = BenchClient::new(channel)
            .max_decoding_message_size(MESSAGE_MAX)
            .max_encoding_message_size(MESSAGE_MAX);
        for _ in 0..load.callers_per_connection() {
            callers.push(Client {
                stub: stub.clone(),
                data: vec![7; load.size].into(),
            });
        }
    }
    drive(load, callers).await
}

fn main() -> Result<(), Fault> {
    let (flavour, role) = arguments()?;
    match role {
        Role::Server => runtime(&flavour)?.block_on(serve()),
        Role::Client(load) => runtime(&flavour)?.block_on(call(&load)),
    }
}
