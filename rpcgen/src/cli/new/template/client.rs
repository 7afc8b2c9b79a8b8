//! Calls the server: `cargo run --bin client -- [tcp://HOST:PORT]`.

use std::{env, error::Error};

use {{crate}}::stubs;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1);
    let address = address.unwrap_or_else(|| "tcp://127.0.0.1:4000".to_owned());
    let client = rpc_runtime::Client::connect(&address).await?;
    let client = stubs::{{module}}::v1::Client::new(client);
    println!("40 + 2 = {}", client.add(40, 2).await?);
    println!("{}", client.greet("Ada").await?);
    Ok(())
}
