//! Reliable datagrams between real sockets, with a network between them that does what networks do.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::time::Duration;

use common::ledger::{Ledger, keep, percent_of};
use rpc_runtime::{
    CallError, Client, Server,
    fault::{Faults, UdpRelay},
};
use tokio::task::JoinSet;

/// Client programs, each with a socket and a thread of its own.
const CLIENTS: usize = 16;

/// Calls that each client has in flight.
const IN_FLIGHT: usize = 32;

/// Longer than any call takes, on whatever machine.
const LONG: Duration = Duration::from_secs(600);

/// Bytes of a call and its reply: a sixteenth of those of each client go in fragments.
fn len(token: u64) -> usize {
    let is_long = (token / CLIENTS as u64).is_multiple_of(16);
    if is_long { 5000 } else { 32 }
}

/// One client program: makes the calls with these tokens, and says how those ended that were not
/// answered.
#[tokio::main(flavor = "current_thread")]
async fn client(address: &str, tokens: &[u64]) -> Vec<(u64, CallError)> {
    let client = Client::connect(address).await.unwrap().with_deadline(LONG);
    let share = tokens.len().div_ceil(IN_FLIGHT).max(1);
    let mut callers = JoinSet::new();
    for tokens in tokens.chunks(share) {
        let (client, tokens) = (client.clone(), tokens.to_vec());
        callers.spawn(async move {
            let mut failed = Vec::new();
            for token in tokens {
                if let Err(error) = keep(&client, token, len(token)).await {
                    failed.push((token, error));
                }
            }
            failed
        });
    }
    callers.join_all().await.concat()
}

/// F15: 30 % of the datagrams are lost, 10 % come twice, 1 % are damaged, some overtake others.
#[tokio::test(flavor = "multi_thread")]
async fn f15_each_call_is_executed_once_and_answered() {
    let calls = percent_of(10_000);
    let ledger = Ledger::default();
    let server = Server::builder().service(ledger.service());
    let server = server.udp("127.0.0.1:0").start().await.unwrap();
    let faults = Faults::none().loss(0.3).duplication(0.1).corruption(0.01);
    let faults = faults.reordering(0.1);
    let relay = UdpRelay::start(server.udp_addr().unwrap(), faults, 15)
        .await
        .unwrap();
    let address = format!("reliable://{}", relay.local_addr());
    let mut clients = JoinSet::new();
    for first in (0..calls).take(CLIENTS) {
        let tokens: Vec<u64> = (first..calls).step_by(CLIENTS).collect();
        let address = address.clone();
        clients.spawn_blocking(move || client(&address, &tokens));
    }
    let failed = clients.join_all().await.concat();
    let (up, down) = (relay.to_server(), relay.to_client());
    println!("F15: {calls} calls; to the server {up:?}; to the clients {down:?}");
    for (token, error) in &failed {
        println!(
            "token {token}, executed {} times: {error}",
            ledger.executions(*token)
        );
    }
    assert!(failed.is_empty(), "{} calls lost", failed.len());
    for token in 0..calls {
        assert_eq!(ledger.executions(token), 1, "token {token}");
    }
    assert_eq!(ledger.tokens() as u64, calls, "somebody invented a call");
    assert!(up.lost > 0 && down.lost > 0, "the network was too good");
}
