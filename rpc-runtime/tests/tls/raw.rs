//! Peers written by hand, which can do what they must not.

use std::{net::SocketAddr, sync::Arc};

use rpc_runtime::{
    Xid, record, starttls,
    tls::rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
        version::TLS13,
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::certificates::{Authority, SERVER};

pub(crate) const XID: Xid = Xid(0x0102_0304);

/// A call of a procedure of `Calc` without arguments, and without a credential.
pub(crate) fn call(xid: u32, procedure: u32) -> Vec<u8> {
    let words = [xid, 0, 2, 0x2000_0001, 1, procedure, 0, 0, 0, 0];
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub(crate) fn record(message: &[u8]) -> Vec<u8> {
    let mark = record::mark(message.len()).unwrap();
    [&mark, message].concat()
}

pub(crate) async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) {
    stream.write_all(&record(message)).await.unwrap();
    stream.flush().await.unwrap();
}

/// The next record, which is one fragment.
pub(crate) async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mark = stream.read_u32().await?;
    let mut message = vec![0; usize::try_from(mark & 0x7fff_ffff).unwrap()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

/// A connection whose probe was answered.
pub(crate) async fn probed(server: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(server).await.unwrap();
    send(&mut stream, &starttls::probe(XID)).await;
    let answer = receive(&mut stream).await.unwrap();
    assert!(starttls::is_answer(&answer.into(), XID));
    stream
}

/// The handshake of a client that offers these protocols.
pub(crate) async fn secured(
    stream: TcpStream,
    authority: &Authority,
    alpn: &[&[u8]],
) -> std::io::Result<client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(&authority.root).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[&TLS13]).unwrap();
    let config = config.with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(SERVER).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}

/// A server that answers the probe and makes a handshake with these protocols.
pub(crate) async fn accept(
    listener: TcpListener,
    authority: &Authority,
    alpn: &[&[u8]],
) -> std::io::Result<server::TlsStream<TcpStream>> {
    let (mut stream, _) = listener.accept().await?;
    let probe = receive(&mut stream).await?;
    let xid = starttls::probe_xid(&probe.into()).unwrap();
    send(&mut stream, &starttls::answer(xid)).await;
    let certified = authority.certify(SERVER);
    let chain = vec![CertificateDer::from_pem_slice(&certified.chain).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&certified.key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[&TLS13]).unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config)).accept(stream).await
}
