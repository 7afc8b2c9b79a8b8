//! Servers with several addresses: a reply leaves from the one that its call came to. The clients here
//! have connected sockets, which hear no other address.
#![cfg(all(feature = "net", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod common;

use common::{
    Calc, CalcClient, server,
    wire::{add, sum},
};
use rpc_runtime::{Client, Server};
use tokio::net::UdpSocket;

async fn serve(address: &str) -> std::io::Result<(Server, u16)> {
    // Says whether the machine has such addresses at all.
    UdpSocket::bind(address).await?;
    let builder = Server::builder().service(server(Calc::default()));
    let server = builder.udp(address).start().await.unwrap();
    let port = server.udp_addr().unwrap().port();
    Ok((server, port))
}

/// Makes calls to several addresses of one server at the same time, small ones and long ones.
async fn call_all(port: u16, hosts: &[&str]) {
    for scheme in ["udp", "reliable"] {
        let mut clients = Vec::new();
        for host in hosts {
            let address = format!("{scheme}://{host}:{port}");
            clients.push(CalcClient(Client::connect(&address).await.unwrap()));
        }
        for client in &clients {
            assert_eq!(client.add(2, 3).await.unwrap(), 5, "{scheme}");
        }
        let calls = clients.iter().cloned().enumerate().map(|(place, client)| {
            let len = 50_000 + u32::try_from(place).unwrap();
            let call = tokio::spawn(async move { client.large(len).await.unwrap().len() });
            (call, len)
        });
        for (call, len) in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap(), len as usize, "{scheme}");
        }
    }
}

#[tokio::test]
async fn replies_leave_from_the_address_that_the_call_came_to() {
    let (server, port) = serve("0.0.0.0:0").await.unwrap();
    call_all(port, &["127.0.0.2", "127.0.0.1", "127.0.0.3"]).await;
    server.shutdown().await;
}

#[tokio::test]
async fn replies_of_a_socket_for_both_families() {
    let Ok((server, port)) = serve("[::]:0").await else {
        println!("left out: there is no IPv6 here");
        return;
    };
    let is_dual = std::fs::read_to_string("/proc/sys/net/ipv6/bindv6only").unwrap();
    if is_dual.trim() == "0" {
        call_all(port, &["[::1]", "127.0.0.2", "127.0.0.3"]).await;
    } else {
        call_all(port, &["[::1]"]).await;
    }
    server.shutdown().await;
}

/// Nothing can leave from the address of a broadcast; the operating system chooses.
#[tokio::test]
async fn replies_to_a_broadcast() {
    let (server, port) = serve("0.0.0.0:0").await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.set_broadcast(true).unwrap();
    for (xid, address) in [(1, "127.255.255.255"), (2, "127.0.0.1")] {
        socket
            .send_to(&add(xid, 2, 3), (address, port))
            .await
            .unwrap();
        let mut reply = [0; 100];
        let (len, _) = socket.recv_from(&mut reply).await.unwrap();
        assert_eq!(reply[..len], sum(xid, 5));
    }
    server.shutdown().await;
}
