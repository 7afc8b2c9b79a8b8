//! What may come when on a connection, how long a handshake may take, and the protocol within it.

use std::{net::SocketAddr, time::Duration};

use rpc_runtime::{Client, Outcome, Server, starttls};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    calls::{connect, serve},
    certificates::Authority,
    common::{Calc, server},
    raw::{XID, accept, call, probed, receive, record, secured, send},
};

/// Whether the peer has ended the connection, in whatever way.
async fn is_ended(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_))
}

/// Bytes behind the probe that do not wait for its answer: a call, or the handshake itself.
#[tokio::test]
async fn what_comes_with_the_probe_ends_the_connection() {
    let authority = Authority::new();
    for tls in [authority.server(), authority.server().allow_cleartext(true)] {
        let server = serve(tls).await;
        for behind in [record(&call(7, 0)), vec![0x16, 3, 1], vec![0]] {
            let mut stream = TcpStream::connect(server.tls_addr().unwrap())
                .await
                .unwrap();
            let together = [record(&starttls::probe(XID)), behind].concat();
            stream.write_all(&together).await.unwrap();
            assert!(receive(&mut stream).await.is_err());
        }
        server.shutdown().await;
    }
}

#[tokio::test]
async fn call_instead_of_the_handshake_ends_the_connection() {
    let authority = Authority::new();
    let server = serve(authority.server().allow_cleartext(true)).await;
    let mut stream = probed(server.tls_addr().unwrap()).await;
    send(&mut stream, &call(7, 0)).await;
    // What comes first may be the alert of TLS; an answer in clear text it is not.
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(
        !rest.windows(4).any(|word| word == [0, 0, 0, 7]),
        "{rest:?}"
    );
    server.shutdown().await;
}

/// Where clear text is allowed, a probe may come later, and calls before it are answered.
#[tokio::test]
async fn probe_after_calls_in_clear_text() {
    let authority = Authority::new();
    let server = serve(authority.server().allow_cleartext(true)).await;
    let mut stream = TcpStream::connect(server.tls_addr().unwrap())
        .await
        .unwrap();
    send(&mut stream, &call(7, 0)).await;
    assert_eq!(receive(&mut stream).await.unwrap()[..4], [0, 0, 0, 7]);
    send(&mut stream, &starttls::probe(XID)).await;
    let answer = receive(&mut stream).await.unwrap();
    assert!(starttls::is_answer(&answer.into(), XID));
    let mut stream = secured(stream, &authority, &[b"sunrpc"]).await.unwrap();
    send(&mut stream, &call(8, 0)).await;
    assert_eq!(receive(&mut stream).await.unwrap()[..4], [0, 0, 0, 8]);
    server.shutdown().await;
}

#[tokio::test]
async fn garbage_ends_the_connection() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let mut stream = TcpStream::connect(server.tls_addr().unwrap())
        .await
        .unwrap();
    send(&mut stream, &[9; 40]).await;
    assert!(is_ended(&mut stream).await);
    server.shutdown().await;
}

#[tokio::test]
async fn slow_handshakes_stop_nobody() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(begun_handshake(&server).await);
    }
    let client = connect(&server, authority.client()).await;
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

/// However far the peer has come, which may be nowhere on a slow machine.
#[tokio::test]
async fn slow_handshakes_are_ended() {
    let authority = Authority::new();
    let tls = authority
        .server()
        .handshake_deadline(Duration::from_millis(50));
    let server = serve(tls).await;
    for _ in 0..3 {
        let address = server.tls_addr().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        send(&mut stream, &starttls::probe(XID)).await;
        if receive(&mut stream).await.is_ok() {
            // It may have been cut off by now.
            let _ = stream.write_all(&[0x16, 3, 1, 2]).await;
        }
        assert!(is_ended(&mut stream).await);
    }
    server.shutdown().await;
}

/// A connection whose client has said four bytes of its first message.
async fn begun_handshake(server: &Server) -> TcpStream {
    let mut stream = probed(server.tls_addr().unwrap()).await;
    stream.write_all(&[0x16, 3, 1, 2]).await.unwrap();
    stream
}

/// A server that shuts down does not wait for a handshake.
#[tokio::test]
async fn shutdown_during_a_handshake() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let _stream = probed(server.tls_addr().unwrap()).await;
    assert!(server.shutdown().await.all_answered);
}

/// The end is said within TLS, so that a peer can tell it from a connection that was cut.
#[tokio::test]
async fn end_of_the_server_is_said() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let stream = probed(server.tls_addr().unwrap()).await;
    let mut stream = secured(stream, &authority, &[b"sunrpc"]).await.unwrap();
    send(&mut stream, &call(8, 0)).await;
    receive(&mut stream).await.unwrap();
    let ending = tokio::spawn(server.shutdown());
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "close_notify");
    drop(stream);
    assert!(ending.await.unwrap().all_answered);
}

#[tokio::test]
async fn client_says_that_it_ends() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tls://{}", listener.local_addr().unwrap());
    let builder = Client::builder().tls(authority.client());
    let (client, stream) = tokio::join!(
        builder.connect(&address),
        accept(listener, &authority, &[b"sunrpc"])
    );
    drop(client.unwrap());
    let mut stream = stream.unwrap();
    // Otherwise rustls has it that the connection was cut.
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn protocol_that_a_client_offers() {
    let authority = Authority::new();
    let lenient = authority.server();
    let strict = authority.server().alpn_required(true);
    let offers: [(&[&[u8]], bool, bool); 4] = [
        (&[b"sunrpc"], true, true),
        (&[b"h2", b"sunrpc"], true, true),
        (&[], true, false),
        (&[b"h2"], false, false),
    ];
    for (alpn, by_lenient, by_strict) in offers {
        for (tls, is_served) in [(&lenient, by_lenient), (&strict, by_strict)] {
            let server = serve(tls.clone()).await;
            let stream = probed(server.tls_addr().unwrap()).await;
            let outcome = match secured(stream, &authority, alpn).await {
                Ok(mut stream) => {
                    // It may have been closed before.
                    let _ = stream.write_all(&record(&call(8, 0))).await;
                    receive(&mut stream).await
                }
                Err(error) => Err(error),
            };
            assert_eq!(outcome.is_ok(), is_served, "{alpn:?}: {outcome:?}");
            server.shutdown().await;
        }
    }
}

#[tokio::test]
async fn protocol_that_a_server_chooses() {
    let authority = Authority::new();
    let choices: [(&[&[u8]], bool, bool); 3] = [
        (&[b"sunrpc"], true, true),
        (&[], true, false),
        (&[b"h2"], false, false),
    ];
    for (alpn, by_lenient, by_strict) in choices {
        for (is_strict, is_accepted) in [(false, by_lenient), (true, by_strict)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("tls://{}", listener.local_addr().unwrap());
            let tls = authority.client().alpn_required(is_strict);
            let builder = Client::builder().tls(tls);
            let (client, _stream) = tokio::join!(
                builder.connect(&address),
                accept(listener, &authority, alpn)
            );
            assert_eq!(client.is_ok(), is_accepted, "{alpn:?}: {client:?}");
        }
    }
}

async fn serve_at(address: SocketAddr, authority: &Authority) -> Server {
    let builder = Server::builder().service(server(Calc::default()));
    let builder = builder.tls(address.to_string(), authority.server());
    builder.start().await.unwrap()
}

/// The next connection begins with a probe and a handshake of its own: the server takes nothing
/// else.
#[tokio::test]
async fn connection_that_is_made_again() {
    let authority = Authority::new();
    let first = serve(authority.server()).await;
    let address = first.tls_addr().unwrap();
    let client = connect(&first, authority.client()).await;
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    first.shutdown().await;
    let second = serve_at(address, &authority).await;
    match client.add(2, 3).await {
        Ok(sum) => assert_eq!(sum, 5),
        Err(error) => assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}"),
    }
    assert_eq!(client.add(3, 4).await.unwrap(), 7);
    second.shutdown().await;
}
