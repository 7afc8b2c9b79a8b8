//! A server seen from its sockets, and a client that loses its server.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use std::{pin::pin, time::Duration};

use common::{
    Calc, CalcClient, PROGRAM, server,
    wire::{add, fragment, receive_end, receive_record, sum},
};
use rpc_runtime::{
    AcceptStat, CallErrorKind, Client, Outcome, Server, ServerBuilder, StartError, memory,
    record::LAST_FRAGMENT, record::RECORD_MAX,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream, UdpSocket},
};

fn calc() -> (Calc, ServerBuilder) {
    let calc = Calc::default();
    (calc.clone(), Server::builder().service(server(calc)))
}

async fn tcp_server() -> Server {
    let (_, builder) = calc();
    builder.tcp("127.0.0.1:0").start().await.unwrap()
}

async fn tcp_client(server: &Server) -> CalcClient {
    let address = format!("tcp://{}", server.tcp_addr().unwrap());
    CalcClient(Client::connect(&address).await.unwrap())
}

#[tokio::test]
async fn record_in_any_fragments() {
    let server = tcp_server().await;
    let mut stream = TcpStream::connect(server.tcp_addr().unwrap())
        .await
        .unwrap();
    let call = add(7, 2, 3);
    for len in [1, 3, 4, 30, 48] {
        let (last, others) = call
            .chunks(len)
            .collect::<Vec<_>>()
            .split_last()
            .map_or_else(
                || (&b""[..], Vec::new()),
                |(last, others)| (*last, others.to_vec()),
            );
        for part in others {
            stream.write_all(&fragment(false, part)).await.unwrap();
        }
        stream.write_all(&fragment(true, last)).await.unwrap();
        assert_eq!(receive_record(&mut stream).await, sum(7, 5));
    }
    drop(stream);
    server.shutdown().await;
}

#[tokio::test]
async fn peer_that_sends_no_more_gets_its_answers() {
    let server = tcp_server().await;
    let mut stream = TcpStream::connect(server.tcp_addr().unwrap())
        .await
        .unwrap();
    let calls: Vec<u8> = (1..=3)
        .flat_map(|xid| fragment(true, &add(xid, 1, 1)))
        .collect();
    stream.write_all(&calls).await.unwrap();
    stream.shutdown().await.unwrap();
    for xid in 1..=3 {
        assert_eq!(receive_record(&mut stream).await, sum(xid, 2));
    }
    receive_end(&mut stream).await;
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_no_call_ends_the_connection_alone() {
    let server = tcp_server().await;
    let client = tcp_client(&server).await;
    let oversize = u32::try_from(RECORD_MAX + 1).unwrap() | LAST_FRAGMENT;
    let inputs = [
        fragment(true, b"garbage."),
        fragment(true, b""),
        fragment(true, &sum(1, 2)),
        fragment(false, b"").repeat(65),
        oversize.to_be_bytes().to_vec(),
        fragment(true, &add(1, 2, 3)[..39]),
    ];
    for input in inputs {
        let mut stream = TcpStream::connect(server.tcp_addr().unwrap())
            .await
            .unwrap();
        stream.write_all(&input).await.unwrap();
        receive_end(&mut stream).await;
    }
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    drop(client);
    server.shutdown().await;
}

#[tokio::test]
async fn datagrams_that_are_no_call_are_dropped() {
    let (_, builder) = calc();
    let server = builder.udp("127.0.0.1:0").start().await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.udp_addr().unwrap()).await.unwrap();
    socket.send(b"").await.unwrap();
    socket.send(b"garbage.").await.unwrap();
    socket.send(&sum(1, 2)).await.unwrap();
    socket.send(&add(9, 4, 5)).await.unwrap();
    let mut reply = [0; 100];
    let len = socket.recv(&mut reply).await.unwrap();
    assert_eq!(reply[..len], sum(9, 9));
    server.shutdown().await;
}

#[tokio::test]
async fn result_that_no_datagram_holds() {
    let (_, builder) = calc();
    let server = builder.udp("127.0.0.1:0").start().await.unwrap();
    let address = format!("udp://{}", server.udp_addr().unwrap());
    let client = CalcClient(Client::connect(&address).await.unwrap());
    let largest = 65_507 - 24 - 4 - 3;
    assert_eq!(client.large(largest).await.unwrap().len(), largest as usize);
    let error = client.large(largest + 4).await.unwrap_err();
    let CallErrorKind::Accepted(stat) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(*stat, AcceptStat::SystemErr);
    let error = client.echo(vec![0; 65_536]).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::TooLarge { .. }));
    assert_eq!(error.outcome(), Outcome::NotExecuted);
    server.shutdown().await;
}

#[tokio::test]
async fn record_of_4_mib_and_no_more() {
    let server = tcp_server().await;
    let client = tcp_client(&server).await;
    let largest = vec![5; RECORD_MAX - 40 - 4];
    assert_eq!(client.echo(largest.clone()).await.unwrap(), largest);
    let error = client.echo(vec![5; RECORD_MAX]).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::Unknown);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_large_and_small_calls_at_once() {
    let server = tcp_server().await;
    let client = tcp_client(&server).await;
    let calls: Vec<_> = (0..200)
        .map(|index| {
            let client = client.clone();
            let body = vec![1; if index % 10 == 0 { 300_000 } else { index }];
            tokio::spawn(async move {
                assert_eq!(client.echo(body.clone()).await.unwrap(), body);
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    drop(client);
    server.shutdown().await;
}

#[tokio::test]
async fn shutdown_answers_what_was_received() {
    let (calc, builder) = calc();
    let (listener, connector) = memory::channel();
    let server = builder
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .memory(listener);
    let server = server.start().await.unwrap();
    let udp = format!("udp://{}", server.udp_addr().unwrap());
    let clients = [
        tcp_client(&server).await,
        CalcClient(Client::connect(&udp).await.unwrap()),
        CalcClient(connector.connect()),
    ];
    let calls = clients
        .clone()
        .map(|client| tokio::spawn(async move { client.wait(5).await }));
    calc.gate.wait_for(3).await;
    let tcp = server.tcp_addr().unwrap();
    let mut shutdown = pin!(server.shutdown());
    assert!(poll_once(shutdown.as_mut()).await.is_none());
    // The listener closes before its connections end.
    while TcpStream::connect(tcp).await.is_ok() {
        assert!(poll_once(shutdown.as_mut()).await.is_none());
        tokio::task::yield_now().await;
    }
    calc.gate.open();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 5);
    }
    assert!(shutdown.await.all_answered);
    let late = CalcClient(
        clients[0]
            .0
            .clone()
            .with_deadline(Duration::from_millis(100)),
    );
    let error = late.add(1, 2).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
}

/// Polls a future once.
async fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_has_a_limit() {
    let (calc, builder) = calc();
    let (listener, connector) = memory::channel();
    let builder = builder
        .memory(listener)
        .shutdown_limit(Duration::from_secs(5));
    let server = builder.start().await.unwrap();
    let client = CalcClient(connector.connect());
    let waiting = tokio::spawn(async move { client.wait(5).await });
    calc.gate.wait_for(1).await;
    assert!(!server.shutdown().await.all_answered);
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn server_that_is_dropped_ends_its_connections() {
    let (calc, builder) = calc();
    let server = builder.tcp("127.0.0.1:0").start().await.unwrap();
    let client = tcp_client(&server).await;
    let waiting = tokio::spawn(async move { client.wait(5).await });
    calc.gate.wait_for(1).await;
    drop(server);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_a_service_are_limited() {
    let (calc, builder) = calc();
    let (listener, connector) = memory::channel();
    let server = builder.memory(listener).calls_max(2).start().await.unwrap();
    let client = CalcClient(connector.connect());
    let calls: Vec<_> = (0..5)
        .map(|value| {
            let client = client.clone();
            tokio::spawn(async move { client.wait(value).await })
        })
        .collect();
    calc.gate.wait_for(2).await;
    // The clock moves once every task waits.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        calc.gate.begun.available_permits(),
        0,
        "the others have not begun"
    );
    calc.gate.open();
    for (value, call) in (0..).zip(calls) {
        assert_eq!(call.await.unwrap().unwrap(), value);
    }
    drop(client);
    assert!(server.shutdown().await.all_answered);
}

#[tokio::test]
async fn server_that_dies_in_the_middle_of_a_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let client = CalcClient(Client::connect(&address).await.unwrap());
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.add(1, 2).await }
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    receive_record(&mut stream).await;
    drop(stream);
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.xid().is_some() && error.peer().is_some());
    drop(listener);
    let client = CalcClient(client.0.with_deadline(Duration::from_millis(100)));
    let error = client.add(1, 2).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotExecuted);
}

#[tokio::test]
async fn client_that_is_dropped_ends_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let client = Client::connect(&address).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let clone = client.clone();
    drop(client);
    tokio::task::yield_now().await;
    let mut byte = [0];
    assert!(
        stream.try_read(&mut byte).is_err(),
        "the clone still has it"
    );
    drop(clone);
    receive_end(&mut stream).await;
}

#[tokio::test]
async fn servers_that_cannot_start() {
    let (_, builder) = calc();
    let twice = builder.service(server(Calc::default())).start().await;
    let Err(StartError::AlreadyServed(error)) = twice else {
        panic!("{twice:?}");
    };
    assert_eq!((error.program, error.version), (PROGRAM, 1));
    let first = tcp_server().await;
    let (_, builder) = calc();
    let taken = first.tcp_addr().unwrap().to_string();
    let second = builder.tcp(taken.clone()).start().await.unwrap_err();
    assert!(second.to_string().contains(&taken));
}

#[tokio::test]
async fn clients_that_cannot_connect() {
    for address in ["127.0.0.1:111", "http://localhost:80", "", "tcp:/x"] {
        let error = Client::connect(address).await.unwrap_err();
        assert!(error.io_error().is_none(), "{error}");
        assert_eq!(error.address(), address);
    }
    // The address is taken, so that no other test listens there, but nobody accepts.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let closed = format!("tcp://{}", socket.local_addr().unwrap());
    let error = Client::connect(&closed).await.unwrap_err();
    assert!(error.io_error().is_some(), "{error}");
    assert!(Client::connect("udp://127.0.0.1").await.is_err(), "no port");
}

#[tokio::test]
async fn host_names() {
    let (_, builder) = calc();
    let server = builder
        .tcp("localhost:0")
        .udp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let (tcp, udp) = (server.tcp_addr().unwrap(), server.udp_addr().unwrap());
    assert_eq!(server.local_addrs().collect::<Vec<_>>(), [tcp, udp]);
    let client = Client::connect(&format!("tcp://localhost:{}", tcp.port())).await;
    assert_eq!(CalcClient(client.unwrap()).add(1, 2).await.unwrap(), 3);
}
