//! Calls over TLS: what is different from TCP for those who call, and for services.

use std::{sync::Arc, time::Duration};

use rpc_runtime::{
    Answer, AuthStat, AuthSys, CallErrorKind, Caller, Client, Credential, Procedure, RejectStat,
    Server, VersionServer,
    tls::{ClientTls, ServerTls},
};

use crate::{
    certificates::Authority,
    common::{Calc, CalcClient, PROGRAM, server},
};

/// A server of `Calc` on a port that speaks TLS.
pub(crate) async fn serve(tls: ServerTls) -> Server {
    let server = Server::builder().service(server(Calc::default()));
    server.tls("127.0.0.1:0", tls).start().await.unwrap()
}

pub(crate) fn address(server: &Server) -> String {
    format!("tls://{}", server.tls_addr().unwrap())
}

pub(crate) async fn connect(server: &Server, tls: ClientTls) -> CalcClient {
    let client = Client::builder().tls(tls).connect(&address(server)).await;
    CalcClient(client.unwrap())
}

#[tokio::test]
async fn calls_of_every_size() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let client = connect(&server, authority.client()).await;
    assert_eq!(client.add(2, 3).await.unwrap(), 5);
    for len in [0, 1, 4095, 4096, 70_000, 3 << 20] {
        let bytes = vec![9; len];
        assert_eq!(client.echo(bytes.clone()).await.unwrap(), bytes);
    }
    let calls = (0..200).map(|number| {
        let client = client.clone();
        tokio::spawn(async move { client.add(number, 1).await })
    });
    for (number, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        let expected = i32::try_from(number).unwrap() + 1;
        assert_eq!(call.await.unwrap().unwrap(), expected);
    }
    assert!(server.shutdown().await.all_answered);
}

/// Each of the threads of a server speaks TLS.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn server_that_divides_its_connections() {
    let authority = Authority::new();
    let builder = Server::builder().service(server(Calc::default())).shards(2);
    let tls = authority.server();
    let server = builder.tls("127.0.0.1:0", tls).start().await.unwrap();
    let mut clients = Vec::new();
    for _ in 0..20 {
        let client = connect(&server, authority.client()).await;
        assert_eq!(client.add(2, 3).await.unwrap(), 5);
        clients.push(client);
    }
    let report = server.shutdown().await;
    assert!(report.all_answered);
}

#[tokio::test]
async fn errors_name_the_peer() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let client = connect(&server, authority.client()).await;
    let error = client.add(i32::MAX, 1).await.unwrap_err();
    assert!(error.to_string().contains(&address(&server)), "{error}");
}

#[tokio::test]
async fn clear_text_is_too_weak() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let address = format!("tcp://{}", server.tls_addr().unwrap());
    let client = CalcClient(Client::connect(&address).await.unwrap());
    let error = client.add(1, 2).await.unwrap_err();
    let CallErrorKind::Denied(RejectStat::AuthError(stat)) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(*stat, AuthStat::TooWeak);
    server.shutdown().await;
}

#[tokio::test]
async fn clear_text_where_it_is_allowed() {
    let authority = Authority::new();
    let server = serve(authority.server().allow_cleartext(true)).await;
    let address = format!("tcp://{}", server.tls_addr().unwrap());
    let client = CalcClient(Client::connect(&address).await.unwrap());
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    let client = connect(&server, authority.client()).await;
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

/// `AUTH_TLS` is a bad credential within TLS, and of any procedure but 0.
#[tokio::test]
async fn probe_that_makes_no_sense_is_a_bad_credential() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let client = connect(&server, authority.client()).await.0;
    let credential = Credential::Other(rpc_runtime::OpaqueAuth {
        flavor: rpc_runtime::AuthFlavor::TLS,
        ..rpc_runtime::OpaqueAuth::NONE
    });
    let clear = format!("tcp://{}", server.tls_addr().unwrap());
    let clear = Client::connect(&clear).await.unwrap();
    for (client, number) in [(&client, 0), (&client, 1), (&clear, 1)] {
        let client = client.clone().with_credential(&credential).unwrap();
        let procedure = Procedure::new(PROGRAM, 1, number, "probe");
        let call = client.call(&procedure, xdr::Encoder::void, |_| Ok(()));
        let error = call.await.unwrap_err();
        let CallErrorKind::Denied(RejectStat::AuthError(stat)) = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(*stat, AuthStat::BadCred);
    }
    server.shutdown().await;
}

/// A service whose procedure 1 says what it knows of its caller: whether there is TLS, the names of
/// the certificate, whether the user is believed.
pub(crate) fn who_calls() -> VersionServer {
    VersionServer::new(PROGRAM, 1, (), |_: Arc<()>, call| {
        Answer::future(async move {
            let context = call.context();
            let names = context.tls().map(|peer| peer.dns_names().join(","));
            let who = format!(
                "tls={} names={} trusted={}",
                context.tls().is_some(),
                names.unwrap_or_default(),
                context.credential_is_trusted()
            );
            call.reply(|encoder| encoder.utf8(&who, 1000))
        })
    })
}

/// What such a service knows of this client, which claims to be user 0.
pub(crate) async fn ask(client: &Client) -> String {
    let root = Credential::Sys(AuthSys::default());
    let client = client.clone().with_credential(&root).unwrap();
    let client = client.with_deadline(Duration::from_secs(20));
    let procedure = Procedure::new(PROGRAM, 1, 1, "who_calls");
    let call = client.call(&procedure, xdr::Encoder::void, |decoder| decoder.utf8(1000));
    call.await.unwrap()
}

#[tokio::test]
async fn service_learns_of_tls() {
    let authority = Authority::new();
    let server = Server::builder()
        .service(who_calls())
        .tls("127.0.0.1:0", authority.server().allow_cleartext(true))
        .start()
        .await
        .unwrap();
    let client = Client::builder().tls(authority.client());
    let client = client.connect(&address(&server)).await.unwrap();
    assert_eq!(ask(&client).await, "tls=true names= trusted=false");
    let address = format!("tcp://{}", server.tls_addr().unwrap());
    let client = Client::connect(&address).await.unwrap();
    assert_eq!(ask(&client).await, "tls=false names= trusted=false");
    server.shutdown().await;
}
