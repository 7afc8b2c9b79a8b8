//! Somebody between client and server who says that the server does not speak TLS, and servers
//! that do not.

use std::net::SocketAddr;

use rpc_runtime::{
    AcceptStat, AuthStat, Client, ConnectError, RejectStat, ReplyHeader, Server, Xid,
    record::RecordReader, starttls,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    calls::serve,
    certificates::Authority,
    common::{Calc, CalcClient, server},
    raw::{receive, record, send},
};

/// A relay that puts another answer into the place of the one to the probe, and then passes on what
/// comes. It gives what the client sent in clear text.
async fn relay(server: SocketAddr, alter: Alter) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let relay = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(server).await.unwrap();
        let probe = receive(&mut client).await.unwrap();
        let xid = starttls::probe_xid(&probe.clone().into()).unwrap();
        send(&mut server, &probe).await;
        let answer = receive(&mut server).await.unwrap();
        client.write_all(&alter(xid, answer)).await.unwrap();
        let mut rest = Vec::new();
        // A client that breaks off may do so with a reset.
        let _ = client.read_to_end(&mut rest).await;
        rest
    });
    (address, relay)
}

async fn connect(address: SocketAddr, authority: &Authority) -> Result<Client, ConnectError> {
    let builder = Client::builder().tls(authority.client());
    builder.connect(&format!("tls://{address}")).await
}

fn encoded(header: &ReplyHeader) -> Vec<u8> {
    let mut encoder = xdr::Encoder::new();
    encoder.encode(header).unwrap();
    encoder.finish().to_vec()
}

fn denied(xid: Xid) -> Vec<u8> {
    let stat = RejectStat::AuthError(AuthStat::RejectedCred);
    encoded(&ReplyHeader::denied(xid, stat))
}

fn accepted(xid: Xid) -> Vec<u8> {
    encoded(&ReplyHeader::accepted(xid, AcceptStat::Success))
}

/// Makes a record of another answer of a probe's xid and its right answer.
type Alter = fn(Xid, Vec<u8>) -> Vec<u8>;

#[tokio::test]
async fn answer_that_was_altered_ends_the_connection() {
    let authority = Authority::new();
    let server = serve(authority.server().allow_cleartext(true)).await;
    let alterations: [Alter; 5] = [
        |xid, _| record(&denied(xid)),
        |xid, _| record(&accepted(xid)),
        |_, answer| record(&[&answer[..20], b"starttls", &answer[28..]].concat()),
        |xid, _| record(&starttls::answer(Xid(xid.0 ^ 1))),
        // The right answer, and something behind it.
        |xid, answer| [record(&answer), record(&accepted(xid))].concat(),
    ];
    for alter in alterations {
        let (address, relay) = relay(server.tls_addr().unwrap(), alter).await;
        let error = connect(address, &authority).await.unwrap_err();
        assert!(error.io_error().is_some(), "{error}");
        assert_eq!(relay.await.unwrap(), b"", "nothing is sent in clear text");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn answer_that_is_passed_on_as_it_is() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let target = server.tls_addr().unwrap();
    let relay = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(target).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
    let client = CalcClient(connect(address, &authority).await.unwrap());
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    drop(client);
    relay.await.unwrap();
    server.shutdown().await;
}

/// A server without TLS says that `AUTH_TLS` is no credential that it knows.
#[tokio::test]
async fn server_that_does_not_speak_tls() {
    let authority = Authority::new();
    let server = Server::builder().service(server(Calc::default()));
    let server = server.tcp("127.0.0.1:0").start().await.unwrap();
    let address = server.tcp_addr().unwrap();
    let error = connect(address, &authority).await.unwrap_err();
    let text = format!(
        "cannot connect to tls://{address}: \
         the server does not speak TLS, or somebody between has said so"
    );
    assert_eq!(error.to_string(), text);

    let tls = authority.client().allow_cleartext(true);
    let builder = Client::builder().tls(tls);
    let client = builder.connect(&format!("tls://{address}")).await.unwrap();
    assert_eq!(CalcClient(client).add(1, 2).await.unwrap(), 3);
    server.shutdown().await;
}

#[tokio::test]
async fn server_that_hangs_up_when_it_is_asked() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hang_up = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut reader = RecordReader::new(1000);
        stream.read_buf(reader.input()).await.unwrap();
    };
    let builder = Client::builder().tls(authority.client().allow_cleartext(true));
    let address = format!("tls://{address}");
    let (client, ()) = tokio::join!(builder.connect(&address), hang_up);
    assert!(client.is_err());
}

/// A client that does not insist on TLS, and whose server had it.
#[tokio::test]
async fn connection_with_tls_is_not_followed_by_clear_text() {
    let authority = Authority::new();
    let server = serve(authority.server()).await;
    let address = server.tls_addr().unwrap();
    let builder = Client::builder().tls(authority.client().allow_cleartext(true));
    let client = CalcClient(builder.connect(&format!("tls://{address}")).await.unwrap());
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    server.shutdown().await;

    let listener = TcpListener::bind(address).await.unwrap();
    let pretend = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let probe = receive(&mut stream).await.unwrap();
        let xid = starttls::probe_xid(&probe.into()).unwrap();
        send(&mut stream, &denied(xid)).await;
        let mut rest = Vec::new();
        // A client that breaks off may do so with a reset.
        let _ = stream.read_to_end(&mut rest).await;
        rest
    };
    tokio::select! {
        rest = pretend => assert_eq!(rest, b"", "nothing is sent in clear text"),
        result = client.add(1, 2) => panic!("{result:?}"),
    }
}
