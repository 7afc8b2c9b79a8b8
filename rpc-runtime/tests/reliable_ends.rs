//! How calls, clients and servers of the reliable datagram protocol end, over real sockets of this
//! machine.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{net::SocketAddr, num::NonZeroU64, sync::Arc, time::Duration};

use bytes::Bytes;
use common::{Calc, CalcClient, PROGRAM};
use rpc_runtime::{
    Answer, CallErrorKind, Caller, Client, Outcome, Overload, Procedure, Server, VersionServer,
    datagram::{
        CallOptions, ClientAssociation, ClientSettings, Ended, Reason, ServerEndpoint,
        ServerSettings,
        packet::{Packet, PacketType},
    },
};
use tokio::{
    net::UdpSocket,
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

/// Longer than any of these tests takes where nothing is wrong.
const LONG: Duration = Duration::from_secs(60);

async fn connect(address: SocketAddr) -> Client {
    let client = Client::connect(&format!("reliable://{address}")).await;
    client.unwrap().with_deadline(LONG)
}

/// Makes one call with a message of any bytes, and gives its end.
async fn raw_call(server: SocketAddr, message: &'static [u8]) -> Ended {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let start = Instant::now().into_std();
    let mut client = ClientAssociation::new(ClientSettings::default(), 0xc11e, 5, start);
    let deadline = Some(start + Duration::from_secs(10));
    let options = CallOptions::default().deadline(deadline);
    client
        .start(start, Bytes::from_static(message), options)
        .unwrap();
    let mut buffer = [0; 2000];
    loop {
        if let Some((_, ended)) = client.next_end() {
            return ended;
        }
        while let Some(datagram) = client.next_transmit(Instant::now().into_std()) {
            socket.send_to(&datagram, server).await.unwrap();
        }
        let due = client.next_timeout().unwrap();
        match timeout_at(due.into(), socket.recv(&mut buffer)).await {
            Ok(len) => client.receive(Instant::now().into_std(), &buffer[..len.unwrap()]),
            Err(_) => client.expire(Instant::now().into_std()),
        }
    }
}

/// Nobody will ever reply to it: the server must not think that somebody does.
#[tokio::test]
async fn message_that_is_no_call_is_refused() {
    let server = Server::builder().service(common::server(Calc::default()));
    let server = server.udp("127.0.0.1:0").start().await.unwrap();
    let ended = raw_call(server.udp_addr().unwrap(), b"abc").await;
    let Ended::Failed(failure) = ended else {
        panic!("{ended:?}");
    };
    let end = (failure.reason(), failure.outcome());
    assert_eq!(end, (Reason::Refused, Outcome::NotExecuted));
}

/// A18: calls that wait until others have ended are executed, or refused; none is forgotten.
#[tokio::test]
async fn a18_server_that_shuts_down_executes_what_it_has_accepted() {
    let calc = Calc::default();
    let server = Server::builder().service(common::server(calc.clone()));
    let server = server.calls_max(1).udp("127.0.0.1:0").start().await;
    let server = server.unwrap();
    let client = CalcClient(connect(server.udp_addr().unwrap()).await);
    let mut calls = JoinSet::new();
    for number in 0..128 {
        let client = client.clone();
        calls.spawn(async move { client.wait(number).await });
    }
    calc.gate.wait_for(1).await;
    // Time for the others to come; those that do not are refused, and that is right, too.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let shut_down = tokio::spawn(server.shutdown());
    tokio::task::yield_now().await;
    calc.gate.open();
    for result in calls.join_all().await {
        if let Err(error) = result {
            assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
        }
    }
    assert!(shut_down.await.unwrap().all_answered);
}

const NOTE: Procedure = Procedure::new(PROGRAM, 2, 1, "note").maybe();

/// It is passed on when it is sent, not when the client has only asked for the way.
#[tokio::test]
async fn call_without_a_reply_is_sent_before_it_ends() {
    let (sender, mut notes) = mpsc::unbounded_channel();
    let service = VersionServer::new(PROGRAM, 2, sender, |sender, call| {
        Answer::future(async move {
            sender.send(()).ok();
            call.reply(xdr::Encoder::void)
        })
    });
    let server = Server::builder().service(service.describes(&[NOTE]));
    let server = server.udp("127.0.0.1:0").start().await.unwrap();
    let client = connect(server.udp_addr().unwrap()).await;
    let call = client.call(&NOTE, xdr::Encoder::void, |_| Ok(()));
    call.await.unwrap();
    drop(client);
    timeout(LONG, notes.recv()).await.unwrap().unwrap();
}

/// Serves a socket until a client sends a packet of this type. Calls have a reply, or take for ever.
async fn serve_until(socket: &UdpSocket, wanted: PacketType, replies: bool, begun: &Semaphore) {
    let start = Instant::now().into_std();
    let settings = ServerSettings::default();
    let mut server = ServerEndpoint::new(settings, NonZeroU64::MIN, [1; 16], start);
    let mut buffer = [0; 2000];
    loop {
        let received = timeout(LONG, socket.recv_from(&mut buffer)).await;
        let (len, from) = received.expect("the client says nothing").unwrap();
        let now = Instant::now().into_std();
        server.receive(now, from, &buffer[..len]);
        if Packet::parse(&buffer[..len]).unwrap().header.packet_type == wanted {
            return;
        }
        while let Some(call) = server.next_call(now) {
            begun.add_permits(1);
            if replies {
                server.reply(now, call.token, "of no use".into());
            }
        }
        while let Some((path, datagram)) = server.next_transmit(now) {
            socket.send_to(&datagram, path.remote).await.unwrap();
        }
    }
}

/// A server need not keep for minutes what a client has.
#[tokio::test]
async fn client_that_ends_says_which_replies_it_has() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let client = connect(socket.local_addr().unwrap()).await;
    tokio::spawn(async move {
        let call = client.call(&common::WAIT, xdr::Encoder::void, |_| Ok(()));
        call.await.unwrap_err();
    });
    serve_until(&socket, PacketType::Done, true, &Semaphore::new(0)).await;
}

/// Nor execute what nobody waits for.
#[tokio::test]
async fn client_that_ends_cancels_the_calls_that_were_given_up() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let client = connect(socket.local_addr().unwrap()).await;
    let begun = Arc::new(Semaphore::new(0));
    tokio::spawn({
        let begun = Arc::clone(&begun);
        async move {
            let call = client.call(&common::WAIT, xdr::Encoder::void, |_| Ok(()));
            begun.acquire().await.unwrap().forget();
            drop(call);
        }
    });
    serve_until(&socket, PacketType::Cancel, false, &begun).await;
}

/// The first server may have executed it, whatever the second says.
#[tokio::test]
async fn refusal_of_a_call_that_was_begun_again_proves_nothing() {
    let wait = common::WAIT.idempotent();
    let calc = Calc::default();
    let server = Server::builder().service(common::server(calc.clone()));
    let server = server.udp("127.0.0.1:0").start().await.unwrap();
    let address = server.udp_addr().unwrap();
    let client = connect(address).await;
    let waiting = tokio::spawn(async move {
        let ended = client.call(&wait, |encoder| encoder.encode(&5), |_| Ok(()));
        ended.await.unwrap_err()
    });
    calc.gate.wait_for(1).await;
    drop(server);
    let _again = loop {
        match Server::builder().udp(address.to_string()).start().await {
            Ok(server) => break server,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let error = waiting.await.unwrap();
    assert!(
        matches!(error.kind(), CallErrorKind::Accepted(_)),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
}

/// Of a call that is shed over reliable datagrams its caller knows that it was not executed.
#[tokio::test]
async fn call_that_is_shed_was_not_executed() {
    let calc = Calc::default();
    let builder = Server::builder().service(common::server(calc.clone()));
    let builder = builder.calls_max(1).overload(Overload::Shed);
    let server = builder.udp("127.0.0.1:0").start().await.unwrap();
    let client = CalcClient(connect(server.udp_addr().unwrap()).await);
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.wait(5).await }
    });
    calc.gate.wait_for(1).await;
    let error = client.wait(6).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
    calc.gate.open();
    assert_eq!(waiting.await.unwrap().unwrap(), 5);
    assert_eq!(calc.gate.begun.available_permits(), 0);
    server.shutdown().await;
}
