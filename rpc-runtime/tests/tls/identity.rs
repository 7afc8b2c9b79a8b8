//! Certificates of both sides: who is let in, and who is not.

use rpc_runtime::{
    CallErrorKind, Client, Server,
    tls::{ClientTls, ServerTls, TlsError},
};

use crate::{
    calls::{address, ask, connect, serve, who_calls},
    certificates::{Authority, SERVER},
};

async fn serve_who_calls(tls: ServerTls) -> Server {
    let server = Server::builder().service(who_calls());
    server.tls("127.0.0.1:0", tls).start().await.unwrap()
}

/// The client that a service on this server sees.
async fn seen(tls: ServerTls, client: ClientTls) -> String {
    let server = serve_who_calls(tls).await;
    let client = Client::builder().tls(client);
    let client = client.connect(&address(&server)).await.unwrap();
    let seen = ask(&client).await;
    assert!(server.shutdown().await.all_answered);
    seen
}

#[tokio::test]
async fn certificate_of_the_client_reaches_the_service() {
    let authority = Authority::new();
    let certified = authority.certify("client.example");
    for (is_trusted, expected) in [
        (false, "tls=true names=client.example trusted=false"),
        (true, "tls=true names=client.example trusted=true"),
    ] {
        let server = authority.server().trust_users_of_clients(is_trusted);
        let required = server.clone().require_client_certificates(&authority.root);
        let client = certified.shown_by(authority.client());
        let who = seen(required.unwrap(), client.clone()).await;
        assert_eq!(who, expected);
        let requested = server.request_client_certificates(&authority.root);
        assert_eq!(seen(requested.unwrap(), client).await, expected);
    }
}

#[tokio::test]
async fn client_without_a_certificate_where_one_is_only_requested() {
    let authority = Authority::new();
    let server = authority.server().trust_users_of_clients(true);
    let server = server.request_client_certificates(&authority.root);
    let who = seen(server.unwrap(), authority.client()).await;
    assert_eq!(who, "tls=true names= trusted=false");
}

/// What a client learns that shows no certificate, or a wrong one: not when it connects, since in
/// TLS 1.3 the server looks at it after the client is done.
async fn refusal(server: ServerTls, client: ClientTls) -> String {
    let server = serve(server).await;
    let text = match Client::builder()
        .tls(client)
        .connect(&address(&server))
        .await
    {
        Err(error) => error.to_string(),
        Ok(client) => {
            let call = crate::common::CalcClient(client).add(1, 2).await;
            let error = call.unwrap_err();
            let CallErrorKind::ConnectionLost(fault) = error.kind() else {
                panic!("{error}");
            };
            fault.to_string()
        }
    };
    assert!(server.shutdown().await.all_answered);
    text
}

#[tokio::test]
async fn client_that_is_not_let_in() {
    let (authority, foreign) = (Authority::new(), Authority::named("another"));
    let root = &authority.root;
    let required = authority.server().require_client_certificates(root);
    let required = required.unwrap();
    let requested = authority.server().request_client_certificates(root);
    let requested = requested.unwrap();

    let none = refusal(required.clone(), authority.client()).await;
    assert!(none.contains("CertificateRequired"), "{none}");

    let expired = authority.certify_expired("client.example");
    let foreign = foreign.certify("client.example");
    for server in [required, requested] {
        let client = expired.shown_by(authority.client());
        let expired = refusal(server.clone(), client).await;
        assert!(expired.contains("CertificateExpired"), "{expired}");
        let client = foreign.shown_by(authority.client());
        let foreign = refusal(server, client).await;
        assert!(foreign.contains("UnknownCA"), "{foreign}");
    }
}

async fn refused_server(server: ServerTls, client: ClientTls) -> String {
    let server = serve(server).await;
    let builder = Client::builder().tls(client.allow_cleartext(true));
    let error = builder.connect(&address(&server)).await.unwrap_err();
    assert!(server.shutdown().await.all_answered);
    error.to_string()
}

/// Nor does the client fall back to clear text, even where it might.
#[tokio::test]
async fn server_that_is_not_trusted() {
    let (authority, foreign) = (Authority::new(), Authority::named("another"));
    let unknown = refused_server(foreign.server(), authority.client()).await;
    assert!(unknown.contains("UnknownIssuer"), "{unknown}");
    let forged = refused_server(Authority::new().server(), authority.client()).await;
    assert!(forged.contains("BadSignature"), "{forged}");
    let expired = authority.certify_expired(SERVER).server();
    let expired = refused_server(expired, authority.client()).await;
    assert!(expired.contains("expired"), "{expired}");
    let other = authority.certify("other.example").server();
    let other = refused_server(other, authority.client()).await;
    assert!(other.contains("other.example"), "{other}");
}

/// The name that is checked is the host of the address, unless the client says another.
#[tokio::test]
async fn name_is_that_of_the_address() {
    let authority = Authority::new();
    let server = serve(authority.certify("127.0.0.1").server()).await;
    let tls = ClientTls::from_pem(&authority.root).unwrap();
    let client = connect(&server, tls).await;
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

#[test]
fn certificates_that_cannot_be_used() {
    let authority = Authority::new();
    let (one, other) = (authority.certify("one"), authority.certify("other"));
    let mixed = ServerTls::from_pem(&one.chain, &other.key).unwrap_err();
    assert!(matches!(mixed, TlsError::Unusable(_)), "{mixed}");
    let swapped = ServerTls::from_pem(&one.key, &one.chain).unwrap_err();
    assert_eq!(
        swapped.to_string().split(':').next(),
        Some("no PEM of a private key")
    );
    let nothing = ClientTls::from_pem(b"").unwrap_err();
    assert!(matches!(nothing, TlsError::NoRoots), "{nothing}");
    let name = authority.client().server_name("no name").unwrap_err();
    assert_eq!(name.to_string(), "\"no name\" is no name of a host");
}

#[tokio::test]
async fn client_that_was_not_told_whom_to_trust() {
    let error = Client::connect("tls://127.0.0.1:9").await.unwrap_err();
    let text = "cannot connect to tls://127.0.0.1:9: whom to trust is set by ClientBuilder::tls";
    assert_eq!(error.to_string(), text);
}
