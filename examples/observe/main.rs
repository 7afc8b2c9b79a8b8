//! What is seen of a server and its clients from outside: the spans of their calls, and what was
//! counted.
//!
//! `cargo run -p examples --bin observe` calls over TCP, and over a UDP that loses the first datagram.
//! It prints each span when it ends, below what happened in it, and at the end the metrics as
//! Prometheus would read them.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

use std::{error::Error, io, time::Duration};

use metrics_exporter_prometheus::PrometheusBuilder;
use rpc_runtime::{
    CallResult, Client, Context, Server, ServiceError, ServiceResult,
    fault::{Faults, UdpRelay},
};
use tokio::time::sleep;
use tracing_subscriber::fmt::format::FmtSpan;

rpc_runtime::include_stubs!("calc");

/// What the procedures do.
struct Calc;

impl calc::v1::Service for Calc {
    async fn func1(&self, _: &Context, arg1: i32) -> ServiceResult<i32> {
        tracing::info!(arg1, "twice as much");
        Ok(arg1.wrapping_mul(2))
    }

    async fn func2(&self, _: &Context, arg1: i32, arg2: i32) -> ServiceResult<i32> {
        arg1.checked_add(arg2).ok_or_else(ServiceError::system)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Both come before the server and the clients that they are to hear of.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(io::stdout)
        .init();
    let metrics = PrometheusBuilder::new().install_recorder()?;

    let server = Server::builder()
        .service(calc::v1::Server::new(Calc))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .start()
        .await?;
    let tcp = server.tcp_addr().ok_or("the server has no TCP socket")?;
    let udp = server.udp_addr().ok_or("the server has no UDP socket")?;

    let calc = calc::v1::Client::new(Client::connect(&format!("tcp://{tcp}")).await?);
    show("func1(21)", calc.func1(21).await);
    show("func2(i32::MAX, 1)", calc.func2(i32::MAX, 1).await);

    let relay = UdpRelay::start(udp, Faults::none().loss(1.0), 7).await?;
    let client = Client::connect(&format!("udp://{}", relay.local_addr())).await?;
    let calc = calc::v1::Client::new(client);
    let mend = async {
        sleep(Duration::from_millis(100)).await;
        relay.set_faults(Faults::none());
    };
    let (result, ()) = tokio::join!(calc.func1(4), mend);
    show("func1(4)", result);
    drop(calc);
    server.shutdown().await;

    println!("\n{}", metrics.render());
    Ok(())
}

/// What came of a call.
fn show(call: &str, result: CallResult<i32>) {
    match result {
        Ok(result) => println!("{call} = {result}"),
        Err(error) => println!("{error}"),
    }
}
