//! A server whose process has no descriptors left: a test in a process of its own.
#![cfg(all(feature = "net", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use common::{
    Calc, CalcClient, server,
    wire::{add, fragment, sum},
};
use rpc_runtime::{Client, Server};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// Descriptors that the process may have.
const DESCRIPTORS: u64 = 128;

/// Of these, what is left for connections that the server accepts.
const LEFT: usize = 5;

/// Whether a connection is served, rather than closed.
async fn is_served(stream: &mut TcpStream) -> bool {
    // The server may have closed it already.
    let _ = stream.write_all(&fragment(true, &add(7, 2, 3))).await;
    let mut reply = vec![0; 4 + sum(7, 5).len()];
    stream.read_exact(&mut reply).await.is_ok()
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap(),
        time.tv_nsec.try_into().unwrap(),
    )
}

/// Takes all descriptors that there are, but for the last ones.
fn sockets() -> Vec<TcpSocket> {
    let mut sockets = Vec::new();
    let error = loop {
        match TcpSocket::new_v4() {
            Ok(socket) => sockets.push(socket),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(24), "EMFILE");
    sockets.truncate(sockets.len() - LEFT);
    sockets
}

#[tokio::test]
async fn h12_descriptors_have_run_out() {
    let builder = Server::builder().service(server(Calc::default()));
    let server = builder.tcp("127.0.0.1:0").start().await.unwrap();
    let address = server.tcp_addr().unwrap();
    let client = CalcClient(Client::connect(&format!("tcp://{address}")).await.unwrap());
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: Some(DESCRIPTORS),
        maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();

    let before = processor_time();
    let mut taken = Vec::new();
    let mut turned_away = 0;
    let mut newcomers: Vec<TcpStream> = Vec::new();
    for socket in sockets() {
        newcomers.push(socket.connect(address).await.unwrap());
    }
    let all = newcomers.len();
    for mut stream in newcomers {
        // None waits for ever, and those who were there before are served as ever.
        if is_served(&mut stream).await {
            taken.push(stream);
        } else {
            turned_away += 1;
        }
        assert_eq!(client.add(1, 2).await.unwrap(), 3);
    }
    println!(
        "of {all} newcomers {} were served and {turned_away} turned away, in {:?} of the processor",
        taken.len(),
        processor_time().saturating_sub(before),
    );
    assert!(turned_away > 0, "descriptors had run out");
    // What was turned away gave its descriptors back.
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(is_served(&mut stream).await);
    drop(taken);
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    let closed: io::Result<usize> = stream.try_read(&mut [0]);
    assert_eq!(closed.unwrap_err().kind(), io::ErrorKind::WouldBlock);
}
