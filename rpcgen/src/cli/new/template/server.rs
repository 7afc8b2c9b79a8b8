//! Serves over TCP and UDP until Ctrl-C: `cargo run -- [HOST:PORT]`.

use std::{env, error::Error};

use {{crate}}::{Handler, stubs};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:4000".to_owned());
    let server = rpc_runtime::Server::builder()
        .service(stubs::{{module}}::v1::Server::new(Handler))
        .tcp(&address)
        .udp(&address)
        .start()
        .await?;
    if let (Some(tcp), Some(udp)) = (server.tcp_addr(), server.udp_addr()) {
        println!("serving on tcp://{tcp} and udp://{udp}, until Ctrl-C");
    }
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
