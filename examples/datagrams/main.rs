//! The textbook's first layer: datagrams that may get lost, doubled or out of order. Open, send,
//! receive, reply; everything above it, calls included, is built on this.
//!
//! `cargo run -p examples --bin datagrams`

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

use rpc_runtime::DatagramEndpoint;
use std::io;

#[tokio::main]
async fn main() -> io::Result<()> {
    let server = DatagramEndpoint::open("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    println!("server: open on {address}");
    let serving = tokio::spawn(answer_once(server));

    let client = DatagramEndpoint::open("127.0.0.1:0").await?;
    client.send(address, b"hello, world").await?;
    println!("client: sent a datagram to {address}");
    let reply = client.receive().await?;
    println!(
        "client: received {:?} from {}",
        show(reply.data()),
        reply.sender()
    );
    serving.await?
}

async fn answer_once(server: DatagramEndpoint) -> io::Result<()> {
    let hello = server.receive().await?;
    println!(
        "server: received {:?} from {}",
        show(hello.data()),
        hello.sender()
    );
    server.reply(&hello, b"hello, client").await?;
    println!("server: replied");
    Ok(())
}

fn show(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
