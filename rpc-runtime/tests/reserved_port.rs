//! Calls from a port that needs a privilege.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{io, sync::Arc};

use common::PROGRAM;
use rpc_runtime::{Answer, Caller, Client, Procedure, Server, VersionServer};

/// A service whose procedure 1 gives the port that it was called from.
fn source_port() -> VersionServer {
    VersionServer::new(PROGRAM, 1, (), |_: Arc<()>, call| {
        Answer::future(async move {
            let port = call.context().peer().address().unwrap().port();
            call.reply(|encoder| encoder.encode(&u32::from(port)))
        })
    })
}

#[tokio::test]
async fn calls_come_from_it_or_nothing_is_called() {
    let server = Server::builder()
        .service(source_port())
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0");
    let server = server.start().await.unwrap();
    let addresses = [
        format!("tcp://{}", server.tcp_addr().unwrap()),
        format!("udp://{}", server.udp_addr().unwrap()),
    ];
    let procedure = Procedure::new(PROGRAM, 1, 1, "source_port");
    for address in &addresses {
        let builder = Client::builder().reserved_port(true);
        match builder.connect(address).await {
            Ok(client) => {
                let port = client.call(&procedure, xdr::Encoder::void, xdr::Decode::decode);
                let port: u32 = port.await.unwrap();
                assert!((512..1024).contains(&port), "{address} from {port}");
            }
            Err(error) => {
                let kind = error.io_error().unwrap().kind();
                assert_eq!(kind, io::ErrorKind::PermissionDenied, "{error}");
                assert!(error.to_string().contains("below 1024"), "{error}");
            }
        }
    }
    server.shutdown().await;
}
