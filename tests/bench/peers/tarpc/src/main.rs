//! tarpc in the comparison of calls.

#![forbid(unsafe_code)]

use std::{
    io,
    time::{Duration, Instant},
};

use bench_contract::{Caller, Fault, Load, Operation, Role, announce, arguments, drive, runtime};
use futures::{Sink, Stream, StreamExt as _};
use serde_bytes::ByteBuf;
use tarpc::{
    client, context, serde_transport,
    server::{BaseChannel, Channel as _},
    tokio_serde::formats::Bincode,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// Bytes of a message, which tarpc would otherwise keep below 8 MiB.
const MESSAGE_MAX: usize = 16 << 20;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(60);

#[tarpc::service]
trait Bench {
    async fn null();
    async fn add(a: i32, b: i32) -> i32;
    async fn echo(data: ByteBuf) -> ByteBuf;
}

#[derive(Clone)]
struct Service;

impl Bench for Service {
    async fn null(self, _: context::Context) {}

    async fn add(self, _: context::Context, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    async fn echo(self, _: context::Context, data: ByteBuf) -> ByteBuf {
        data
    }
}

struct Client {
    stub: BenchClient,
    data: Vec<u8>,
}

impl Caller for Client {
    async fn call(&mut self, operation: Operation) -> Result<(), Fault> {
        let mut context = context::current();
        context.deadline = Instant::now() + DEADLINE;
        match operation {
            Operation::Null => self.stub.null(context).await?,
            Operation::Add => assert_eq!(self.stub.add(context, 40, 2).await?, 42),
            Operation::Echo => {
                let data = ByteBuf::from(self.data.clone());
                let reply = self.stub.echo(context, data).await?;
                assert_eq!(reply.len(), self.data.len());
            }
        }
        Ok(())
    }
}

fn transport<In, Out>(
    stream: TcpStream,
) -> io::Result<impl Stream<Item = io::Result<In>> + Sink<Out, Error = io::Error> + Send + 'static>
where
    In: for<'de> serde::Deserialize<'de> + Send + Unpin + 'static,
    Out: serde::Serialize + Send + Unpin + 'static,
{
    stream.set_nodelay(true)?;
    let mut codec = LengthDelimitedCodec::builder();
    let codec = codec.max_frame_length(MESSAGE_MAX).new_codec();
    let framed = Framed::new(stream, codec);
    Ok(serde_transport::new(framed, Bincode::default()))
}

async fn serve() -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let channel = BaseChannel::with_defaults(transport(stream)?);
        let calls = channel.execute(Service.serve());
        tokio::spawn(calls.for_each(async |call| {
            tokio::spawn(call);
        }));
    }
}

async fn call(load: &Load) -> Result<(), Fault> {
    let mut callers = Vec::new();
    for _ in 0..load.connections() {
        let stream = TcpStream::connect(&load.address).await?;
        let stub = BenchClient::new(client::Config::default(), transport(stream)?).spawn();
        for _ in 0..load.callers_per_connection() {
            callers.push(Client {
                stub: stub.clone(),
                data: vec![7; load.size],
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
