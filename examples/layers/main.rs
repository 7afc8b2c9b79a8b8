//! The textbook's layers on a network that loses, duplicates, reorders and corrupts: datagrams,
//! datagrams with a checksum, and a reliable channel.
//!
//! `cargo run -p examples --bin layers` sends the same messages over each.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

use std::{io, net::SocketAddr, time::Duration};

use clap::Parser;
use rpc_runtime::{
    ChecksummedEndpoint, DatagramEndpoint, ReliableChannel,
    channel::ChannelConfig,
    checksum::Crc32c,
    fault::{Faults, UdpRelay},
};
use tokio::time::timeout;

/// How long nothing comes before a receiver takes it that nothing will.
const QUIET: Duration = Duration::from_millis(200);

/// Sends numbered messages over a bad network, layer by layer.
#[derive(Debug, Parser)]
struct Arguments {
    /// Messages over each layer
    #[arg(long, default_value_t = 200)]
    count: u32,

    /// The part of the datagrams that is lost, in each direction
    #[arg(long, default_value_t = 0.1)]
    loss: f64,

    /// The part of the datagrams that comes twice
    #[arg(long, default_value_t = 0.1)]
    duplication: f64,

    /// The part of the datagrams that is overtaken
    #[arg(long, default_value_t = 0.1)]
    reordering: f64,

    /// The part of the datagrams in which one bit is flipped
    #[arg(long, default_value_t = 0.1)]
    corruption: f64,

    /// The seed of all that is random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let faults = Faults::none()
        .loss(arguments.loss)
        .duplication(arguments.duplication)
        .reordering(arguments.reordering)
        .corruption(arguments.corruption);
    let relay = |to: SocketAddr| UdpRelay::start(to, faults, arguments.seed);
    datagrams(arguments.count, relay).await?;
    checksummed(arguments.count, relay).await?;
    for (name, config) in [
        ("stop-and-wait", ChannelConfig::stop_and_wait()),
        ("with a window of 32", ChannelConfig::default()),
    ] {
        channel(name, config, arguments.count, relay).await?;
    }
    Ok(())
}

/// The message with this number.
fn message(number: u32) -> String {
    format!("message {number:05}")
}

/// What came of numbered messages.
#[derive(Default)]
struct Came {
    whole: u32,
    wrong: u32,
    /// Number of the message that should come next.
    next: u32,
    out_of_order: u32,
}

impl Came {
    fn take(&mut self, data: &[u8]) {
        let text = std::str::from_utf8(data).ok();
        let number = text.and_then(|text| text.strip_prefix("message ")?.parse().ok());
        match number {
            Some(number) if data == message(number).as_bytes() => {
                self.whole += 1;
                self.out_of_order += u32::from(number != self.next);
                self.next = number + 1;
            }
            _ => self.wrong += 1,
        }
    }

    fn show(&self, layer: &str) {
        let Self {
            whole,
            wrong,
            out_of_order,
            ..
        } = self;
        println!("{layer}: {whole} came, {out_of_order} not in their turn, {wrong} damaged");
    }
}

async fn datagrams<F: Future<Output = io::Result<UdpRelay>>>(
    count: u32,
    relay: impl Fn(SocketAddr) -> F,
) -> io::Result<()> {
    let receiver = DatagramEndpoint::open("127.0.0.1:0").await?;
    let relay = relay(receiver.local_addr()?).await?;
    let sender = DatagramEndpoint::open("127.0.0.1:0").await?;
    let mut came = Came::default();
    for number in 0..count {
        sender
            .send(relay.local_addr(), message(number).as_bytes())
            .await?;
        tokio::task::yield_now().await;
    }
    while let Ok(datagram) = timeout(QUIET, receiver.receive()).await {
        came.take(datagram?.data());
    }
    println!("{count} messages, each layer on a network of its own");
    came.show("datagrams");
    Ok(())
}

async fn checksummed<F: Future<Output = io::Result<UdpRelay>>>(
    count: u32,
    relay: impl Fn(SocketAddr) -> F,
) -> io::Result<()> {
    let receiver = ChecksummedEndpoint::<Crc32c>::open("127.0.0.1:0").await?;
    let relay = relay(receiver.local_addr()?).await?;
    let sender = ChecksummedEndpoint::<Crc32c>::open("127.0.0.1:0").await?;
    let mut came = Came::default();
    for number in 0..count {
        sender
            .send(relay.local_addr(), message(number).as_bytes())
            .await?;
        tokio::task::yield_now().await;
    }
    while let Ok(datagram) = timeout(QUIET, receiver.receive()).await {
        came.take(datagram?.data());
    }
    came.show("with a checksum");
    println!("    {} were dropped for it", receiver.dropped());
    Ok(())
}

async fn channel<F: Future<Output = io::Result<UdpRelay>>>(
    name: &str,
    config: ChannelConfig,
    count: u32,
    relay: impl Fn(SocketAddr) -> F,
) -> io::Result<()> {
    let receiver = ChecksummedEndpoint::<Crc32c>::open("127.0.0.1:0").await?;
    let sender = ChecksummedEndpoint::<Crc32c>::open("127.0.0.1:0").await?;
    let relay = relay(receiver.local_addr()?).await?;
    let sender = ReliableChannel::new(sender, relay.local_addr(), config);
    let sending = tokio::spawn(async move {
        for number in 0..count {
            sender.send(message(number)).await?;
        }
        sender.close().await
    });
    let mut receiver = ReliableChannel::accept(receiver, config).await?;
    let mut came = Came::default();
    for _ in 0..count {
        let message = receiver.receive().await;
        came.take(&message.ok_or(io::ErrorKind::TimedOut)?);
    }
    let counters = sending.await??;
    came.show(&format!("reliable channel, {name}"));
    println!(
        "    {} packets, {} of them sent again",
        counters.transmissions, counters.retransmissions
    );
    Ok(())
}
