//! Calls the procedures in memory, without a socket.

use rpc_runtime::{Server, memory};
use std::error::Error;

use {{crate}}::{Handler, stubs};

#[tokio::test]
async fn calls_are_answered() -> Result<(), Box<dyn Error>> {
    let (listener, connector) = memory::channel();
    let server = Server::builder()
        .service(stubs::{{module}}::v1::Server::new(Handler))
        .memory(listener)
        .start()
        .await?;
    let client = stubs::{{module}}::v1::Client::new(connector.connect());
    assert_eq!(client.add(40, 2).await?, 42);
    assert_eq!(client.greet("Ada").await?, "Hello, Ada!");
    server.shutdown().await;
    Ok(())
}
