//! The textbook's layers over real sockets, with a relay between them that is a bad network.
#![cfg(feature = "net")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::time::Duration;

use rpc_runtime::{
    ChecksummedEndpoint, DatagramEndpoint, ReliableChannel,
    channel::ChannelConfig,
    checksum::{Checksum, Crc32c, Fletcher16, Fletcher32, InternetChecksum},
    fault::{Faults, TcpEnding, TcpFaults, TcpRelay, UdpRelay},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

async fn flipped_bits_are_dropped_and_counted<C: Checksum>() {
    let server = ChecksummedEndpoint::<C>::open("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let relay = UdpRelay::start(address, Faults::none().corruption(1.0), 1)
        .await
        .unwrap();
    let client = ChecksummedEndpoint::<C>::open("127.0.0.1:0").await.unwrap();
    for _ in 0..50 {
        client
            .send(relay.local_addr(), b"corrupted on its way")
            .await
            .unwrap();
    }
    client.send(address, b"directly").await.unwrap();
    // A loopback keeps the order of what one socket sends, but two ways lead to the server.
    while server.dropped() < 50 || relay.to_server().delivered < 50 {
        tokio::select! {
            received = server.receive() => assert_eq!(received.unwrap().data(), b"directly"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    assert_eq!((server.dropped(), relay.to_server().corrupted), (50, 50));
}

#[tokio::test]
async fn a_bit_flipped_in_flight_is_dropped_and_counted() {
    flipped_bits_are_dropped_and_counted::<InternetChecksum>().await;
    flipped_bits_are_dropped_and_counted::<Fletcher16>().await;
    flipped_bits_are_dropped_and_counted::<Fletcher32>().await;
    flipped_bits_are_dropped_and_counted::<Crc32c>().await;
}

#[tokio::test]
async fn a_relay_answers_each_client() {
    let server = DatagramEndpoint::open("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let faults = Faults::none().delay(Duration::from_millis(1));
    let relay = UdpRelay::start(address, faults, 2).await.unwrap();
    let mut seen = Vec::new();
    for name in [b"first", b"other"] {
        let client = DatagramEndpoint::open("127.0.0.1:0").await.unwrap();
        client.send(relay.local_addr(), name).await.unwrap();
        let call = server.receive().await.unwrap();
        seen.push(call.sender());
        server.reply(&call, call.data()).await.unwrap();
        assert_eq!(client.receive().await.unwrap().data(), name);
    }
    assert_ne!(seen[0], seen[1], "the server can tell them apart");
    relay.set_faults(Faults::none().loss(1.0));
    let client = DatagramEndpoint::open("127.0.0.1:0").await.unwrap();
    client.send(relay.local_addr(), b"lost").await.unwrap();
    while relay.to_server().lost == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(relay.to_client().delivered, 2);
}

/// Two ends of a channel with a relay between, and the first message sent.
async fn channel(config: ChannelConfig, faults: Faults) -> ([ReliableChannel; 2], UdpRelay) {
    let open = || ChecksummedEndpoint::<Crc32c>::open("127.0.0.1:0");
    let (here, there) = (open().await.unwrap(), open().await.unwrap());
    let relay = UdpRelay::start(there.local_addr().unwrap(), faults, 3)
        .await
        .unwrap();
    let here = ReliableChannel::new(here, relay.local_addr(), config);
    here.send("first").await.unwrap();
    let mut there = ReliableChannel::accept(there, config).await.unwrap();
    assert_eq!(there.receive().await.unwrap(), "first");
    ([here, there], relay)
}

#[tokio::test]
async fn exactly_once_and_in_order_through_a_lossy_relay() {
    let faults = Faults::none().loss(0.05).duplication(0.1);
    let faults = faults.reordering(0.2).corruption(0.05);
    let ([here, mut there], relay) = channel(ChannelConfig::default(), faults).await;
    let sending = tokio::spawn(async move {
        for number in 0..500_u32 {
            here.send(number.to_be_bytes().to_vec()).await.unwrap();
        }
        here.close().await.unwrap()
    });
    for number in 0..500_u32 {
        assert_eq!(there.receive().await.unwrap(), number.to_be_bytes()[..]);
    }
    let counters = sending.await.unwrap();
    assert!(counters.retransmissions > 0);
    assert!(relay.to_server().corrupted > 0 && relay.to_client().lost > 0);
}

#[tokio::test]
async fn messages_above_the_limit_are_refused() {
    let ([here, mut there], _relay) = channel(ChannelConfig::stop_and_wait(), Faults::none()).await;
    let max = 65_507 - 4 - 6;
    assert!(here.send(vec![0; max + 1]).await.is_err());
    here.send(vec![7; max]).await.unwrap();
    assert_eq!(there.receive().await.unwrap().len(), max);
    drop(there);
    here.close().await.unwrap();
}

/// A pair of sockets with a relay between.
async fn connected(faults: TcpFaults) -> (TcpStream, TcpStream, TcpRelay) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let relay = TcpRelay::start(server, move |_| faults).await.unwrap();
    let client = TcpStream::connect(relay.local_addr()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server, relay)
}

#[tokio::test]
async fn a_connection_is_cut_after_so_many_bytes() {
    for ending in [TcpEnding::Close, TcpEnding::Reset, TcpEnding::HalfClose] {
        for after in 0..8 {
            let faults = TcpFaults::none().cut_to_server(after, ending);
            let (mut client, mut server, _relay) = connected(faults).await;
            // The connection may be gone before everything is written.
            let _ = client.write_all(b"12345678").await;
            let mut came = Vec::new();
            let end = server.read_to_end(&mut came).await;
            assert_eq!(came, b"12345678"[..usize::try_from(after).unwrap()]);
            assert_eq!(end.is_err(), ending == TcpEnding::Reset);
            if ending == TcpEnding::HalfClose {
                server.write_all(b"still heard").await.unwrap();
                let mut heard = [0; 11];
                client.read_exact(&mut heard).await.unwrap();
                assert_eq!(&heard, b"still heard");
            }
        }
    }
}

#[tokio::test]
async fn split_and_delayed_bytes_all_come() {
    for faults in [
        TcpFaults::none().split(1),
        TcpFaults::none().pause(Duration::from_millis(1)),
        TcpFaults::none()
            .split(3)
            .cut_to_client(100, TcpEnding::Reset),
    ] {
        let (mut client, mut server, _relay) = connected(faults).await;
        client.write_all(b"a few bytes").await.unwrap();
        client.shutdown().await.unwrap();
        let mut came = Vec::new();
        server.read_to_end(&mut came).await.unwrap();
        assert_eq!(came, b"a few bytes");
        server.write_all(b"and back").await.unwrap();
        drop(server);
        came.clear();
        client.read_to_end(&mut came).await.unwrap();
        assert_eq!(came, b"and back");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_mirrored_port_is_that_of_the_client() {
    let (client, server, _relay) = connected(TcpFaults::none().mirror_port()).await;
    let (here, seen) = (client.local_addr().unwrap(), server.peer_addr().unwrap());
    assert_eq!(seen.port(), here.port());
    assert_eq!(seen.ip(), std::net::Ipv4Addr::new(127, 0, 0, 2));
}
