//! One call to many servers.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use common::{ADD, Calc, ECHO, server};
use rpc_runtime::{Broadcast, CallErrorKind, Caller, Procedure, Replies, Server};
use tokio::{net::UdpSocket, time::timeout};

/// Longer than any of these tests takes where nothing is wrong.
const LONG: Duration = Duration::from_secs(60);

fn add(everyone: &Broadcast) -> Replies<i32> {
    let arguments = |encoder: &mut xdr::Encoder| {
        encoder.encode(&2)?;
        encoder.encode(&3)
    };
    everyone.call(&ADD, arguments, xdr::Decode::decode)
}

async fn serve() -> (Server, SocketAddr) {
    let server = Server::builder().service(server(Calc::default()));
    let server = server.udp("127.0.0.1:0").start().await.unwrap();
    let address = server.udp_addr().unwrap();
    (server, address)
}

#[tokio::test]
async fn each_server_answers_once() {
    let servers = [serve().await, serve().await, serve().await];
    let addresses = servers.iter().map(|(_, address)| *address);
    let everyone = Broadcast::new(addresses.clone()).with_deadline(LONG);
    let mut replies = add(&everyone);
    let mut answered = HashSet::new();
    for _ in 0..3 {
        let (server, sum) = timeout(LONG, replies.next()).await.unwrap().unwrap();
        assert_eq!(sum.unwrap(), 5);
        answered.insert(server.address().unwrap());
    }
    assert_eq!(answered, addresses.collect());
}

/// A server that refuses has answered, too; its error names it.
#[tokio::test]
async fn refusal_is_a_reply() {
    const NONE: Procedure = Procedure::new(common::PROGRAM, 1, 99, "none");
    let (_server, address) = serve().await;
    let mut replies = Broadcast::new([address]).call(&NONE, xdr::Encoder::void, |_| Ok(()));
    let (server, result) = timeout(LONG, replies.next()).await.unwrap().unwrap();
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Accepted(_)));
    assert_eq!(error.peer(), Some(server));
}

/// A copy goes to all of them while the deadline has not come; a reply that comes twice counts once,
/// and one to another call not at all.
#[tokio::test]
async fn call_is_sent_again() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let everyone = Broadcast::new([socket.local_addr().unwrap()]).with_deadline(LONG);
    let mut replies = add(&everyone);
    let answers = async {
        let (mut first, mut second) = ([0; 1000], [0; 1000]);
        let (len, from) = socket.recv_from(&mut first).await.unwrap();
        let (again, _) = socket.recv_from(&mut second).await.unwrap();
        assert_eq!(first[..len], second[..again]);
        let mut reply = first[..4].to_vec();
        reply.extend([0, 0, 0, 1]);
        reply.extend([0; 16]);
        reply.extend([0, 0, 0, 5]);
        let mut other = reply.clone();
        other[0] ^= 1;
        for message in [&other, &reply, &reply] {
            socket.send_to(message, from).await.unwrap();
        }
    };
    let (reply, ()) = tokio::join!(timeout(LONG, replies.next()), answers);
    assert_eq!(reply.unwrap().unwrap().1.unwrap(), 5);
    let another = timeout(Duration::from_millis(50), replies.next());
    assert!(another.await.is_err(), "the same reply once more");
}

#[tokio::test]
async fn nobody_answers_before_the_deadline() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let everyone = Broadcast::new([socket.local_addr().unwrap()]);
    let mut replies = add(&everyone.with_deadline(Duration::from_millis(10)));
    assert!(timeout(LONG, replies.next()).await.unwrap().is_none());
    assert!(replies.next().await.is_none());
}

#[tokio::test]
async fn call_that_cannot_be_sent_says_so_once() {
    let mut replies = add(&Broadcast::new([]));
    let (_, result) = replies.next().await.unwrap();
    assert!(matches!(
        result.unwrap_err().kind(),
        CallErrorKind::ConnectionLost(_)
    ));
    assert!(replies.next().await.is_none());
    let large = |encoder: &mut xdr::Encoder| encoder.encode(&bytes::Bytes::from(vec![0; 70_000]));
    let everyone = Broadcast::new([([127, 0, 0, 1], 9).into()]);
    let mut replies: Replies<bytes::Bytes> = everyone.call(&ECHO, large, xdr::Decode::decode);
    let (_, result) = replies.next().await.unwrap();
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::TooLarge { .. }));
}

/// The addresses of one network that all its hosts listen to, where the system has such a network.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn broadcast_address_of_the_loopback_network() {
    let server = Server::builder().service(server(Calc::default()));
    let server = server.udp("0.0.0.0:0").start().await.unwrap();
    let port = server.udp_addr().unwrap().port();
    let everyone = Broadcast::new([([127, 255, 255, 255], port).into()]).with_deadline(LONG);
    let mut replies = add(&everyone);
    let (_, sum) = timeout(LONG, replies.next()).await.unwrap().unwrap();
    assert_eq!(sum.unwrap(), 5);
}
