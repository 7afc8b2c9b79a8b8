//! TLS over TCP (RFC 9289): both sides show a certificate, clear text is refused, and somebody in
//! between cannot talk them out of it.
//!
//! `cargo run -p examples --bin tls` makes the certificates that it needs.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

mod certificates;
mod middleman;

use std::error::Error;

use certificates::Authority;
use rpc_runtime::{
    AuthSys, Client, Context, Credential, Server, ServiceResult,
    tls::{ClientTls, ServerTls},
};

rpc_runtime::include_stubs!("calc");

/// What the procedures do.
struct Calc;

impl calc::v1::Service for Calc {
    async fn func1(&self, context: &Context, arg1: i32) -> ServiceResult<i32> {
        println!("    server: {}", caller(context));
        Ok(arg1.wrapping_mul(2))
    }

    async fn func2(&self, _: &Context, arg1: i32, arg2: i32) -> ServiceResult<i32> {
        Ok(arg1.wrapping_add(arg2))
    }
}

/// Who calls, as far as that is known.
fn caller(context: &Context) -> String {
    let host = match context.tls() {
        Some(peer) if peer.is_verified() => peer.dns_names().join(", "),
        _ => "somebody".to_owned(),
    };
    match (context.credential(), context.credential_is_trusted()) {
        (Credential::Sys(claim), true) => format!("user {} of {host}, who is believed", claim.uid),
        (Credential::Sys(claim), false) => format!("{host}, who claims to be user {}", claim.uid),
        _ => host,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = Authority::new()?;
    let root = authority.root.as_bytes();
    let own = authority.certify("server.example")?;
    let tls = ServerTls::from_pem(own.chain.as_bytes(), own.key.as_bytes())?
        .require_client_certificates(root)?;
    let server = Server::builder()
        .service(calc::v1::Server::new(Calc))
        .tls("127.0.0.1:0", tls.clone())
        .tls("127.0.0.1:0", tls.trust_users_of_clients(true))
        .start()
        .await?;
    let mut addresses = server.local_addrs();
    let (wary, trusting) = addresses.next().zip(addresses.next()).ok_or("no address")?;
    drop(addresses);

    // The address is none that the certificate is for, so the client says the name.
    let anonymous = ClientTls::from_pem(root)?.server_name("server.example")?;
    let shown = authority.certify("client.example")?;
    let known = anonymous
        .clone()
        .with_certificate(shown.chain.as_bytes(), shown.key.as_bytes())?;

    println!("both show a certificate:");
    for address in [wary, trusting] {
        let client = Client::builder().tls(known.clone());
        let client = client.connect(&format!("tls://{address}")).await?;
        let user = Credential::Sys(AuthSys {
            uid: 1000,
            ..AuthSys::default()
        });
        let calc = calc::v1::Client::new(client.with_credential(&user)?);
        println!("    client: func1(21) = {}", calc.func1(21).await?);
        println!("    client: func2(40, 2) = {}", calc.func2(40, 2).await?);
    }

    println!("a client without a certificate:");
    let client = Client::builder().tls(anonymous);
    let client = client.connect(&format!("tls://{wary}")).await?;
    let refused = calc::v1::Client::new(client).func1(21).await;
    println!("    client: {}", failure(refused));

    println!("a client that speaks no TLS:");
    let client = Client::connect(&format!("tcp://{wary}")).await?;
    let refused = calc::v1::Client::new(client).func1(21).await;
    println!("    client: {}", failure(refused));

    println!("somebody in between says that the server speaks no TLS:");
    let (address, middleman) = middleman::start().await?;
    let client = Client::builder().tls(known);
    let connected = client.connect(&format!("tls://{address}")).await;
    println!("    client: {}", failure(connected));
    println!(
        "    middleman: {} bytes came after the probe",
        middleman.await??
    );

    server.shutdown().await;
    Ok(())
}

/// What went wrong, with all of its causes.
fn failure<T>(outcome: Result<T, impl Error>) -> String {
    match outcome {
        Ok(_) => "no failure".to_owned(),
        Err(error) => error.to_string(),
    }
}
