//! What becomes of a client's connection, as a program watches it.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use common::{Calc, CalcClient, server};
use rpc_runtime::{
    AuthSys, Client, ConnectionState, ConnectionStates, Credential, Server, testing,
};

/// Waits for a state that is as wanted; those before may be seen or not.
async fn wait_for(states: &mut ConnectionStates, wanted: fn(&ConnectionState) -> bool) {
    while !wanted(&states.next().await.expect("the client lives")) {}
}

async fn serve(address: &str) -> Server {
    let builder = Server::builder().service(server(Calc::default()));
    builder.tcp(address).start().await.unwrap()
}

#[tokio::test]
async fn connection_is_lost_and_made_again() {
    let first = serve("127.0.0.1:0").await;
    let address = first.tcp_addr().unwrap().to_string();
    let client = Client::connect(&format!("tcp://{address}")).await.unwrap();
    let mut states = client.states();
    assert!(matches!(client.state(), ConnectionState::Connected));
    first.shutdown().await;
    wait_for(&mut states, |state| matches!(state, ConnectionState::Lost)).await;
    let call = tokio::spawn({
        let client = CalcClient(client.clone());
        async move { client.add(1, 2).await }
    });
    wait_for(&mut states, |state| {
        matches!(state, ConnectionState::Connecting { attempt: 2.. })
    })
    .await;
    let _second = serve(&address).await;
    wait_for(&mut states, |state| {
        matches!(state, ConnectionState::Connected)
    })
    .await;
    assert_eq!(call.await.unwrap().unwrap(), 3);
    drop(client);
    assert!(states.next().await.is_none(), "nobody is left to connect");
}

#[tokio::test]
async fn connection_that_is_not_made_again_ends() {
    let (client, server) = testing::pair(server(Calc::default())).await;
    let mut states = client.states();
    drop(server);
    wait_for(&mut states, |state| {
        matches!(state, ConnectionState::Ended(_))
    })
    .await;
    let error = CalcClient(client.clone()).add(1, 2).await.unwrap_err();
    let ConnectionState::Ended(reason) = client.state() else {
        panic!("it has ended");
    };
    assert_eq!(error.io_error().unwrap().kind(), reason.kind());
}

/// Each call of one client may be made by somebody else.
#[tokio::test]
async fn credentials_that_are_encoded_once() {
    let (client, _server) = testing::pair(server(Calc::default())).await;
    let claim = |uid| {
        let (machine_name, gids) = ("here".into(), vec![]);
        let claim = AuthSys {
            stamp: 0,
            machine_name,
            uid,
            gid: uid,
            gids,
        };
        Credential::Sys(claim).to_opaque().unwrap()
    };
    let people = [1000, 0].map(|uid| (uid, claim(uid)));
    for (uid, credential) in people.iter().cycle().take(4) {
        let client = CalcClient(client.clone().with_encoded_credential(credential.clone()));
        assert_eq!(client.whoami().await.unwrap(), *uid);
    }
}
