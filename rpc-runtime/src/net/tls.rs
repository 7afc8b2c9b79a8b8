//! TLS over TCP (RFC 9289): who the peers are, and how strict they are.
//!
//! A server has a certificate, and perhaps wants one of its clients. A client trusts some roots:
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use rpc_runtime::{Client, Server, tls::{ClientTls, ServerTls}};
//!
//! let (roots, chain, key) = (std::fs::read("roots.pem")?, std::fs::read("chain.pem")?, std::fs::read("key.pem")?);
//! let tls = ServerTls::from_pem(&chain, &key)?.require_client_certificates(&roots)?;
//! let server = Server::builder().tls("0.0.0.0:4000", tls).start().await?;
//!
//! let tls = ClientTls::from_pem(&roots)?.with_certificate(&chain, &key)?;
//! let client = Client::builder().tls(tls).connect("tls://server.example:4000").await?;
//! # Ok(()) }
//! ```
//!
//! A connection begins in clear text, with a [probe](crate::starttls) that asks whether the server
//! speaks TLS; somebody in between can answer that it does not. So both sides require TLS unless
//! they are told otherwise, and nothing but the probe is ever sent in clear text. TLS is 1.3,
//! without early data, which can be sent twice.
//!
//! Certificates say which host a peer is, not which user:
//! [`Context::credential_is_trusted`](crate::Context::credential_is_trusted).

mod client;
mod client_stream;
mod server;
mod server_transport;

use std::{io, sync::Arc, time::Duration};

pub use client::ClientTls;
pub use rustls;
use rustls::{
    CommonState, ProtocolVersion, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
pub use server::ServerTls;

pub(super) use self::{client::TlsDialer, server::TlsAcceptor};
use crate::starttls::ALPN;

/// How long a handshake may take: several round trips over a slow network.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// What is wrong with certificates or keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A text is no PEM, or holds not what it should.
    #[error("no PEM of a {expected}: {error}")]
    Pem {
        /// What it should hold.
        expected: &'static str,
        /// What is wrong with it.
        error: rustls::pki_types::pem::Error,
    },
    /// There is no certificate to trust.
    #[error("there is no root certificate, so that nobody would be trusted")]
    NoRoots,
    /// A certificate or key that cannot be used.
    #[error("the certificate or its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// A server name that is none.
    #[error("{0:?} is no name of a host")]
    ServerName(String),
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let expected = "certificate";
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Pem { expected, error })
}

fn roots(pem: &[u8]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate)?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    Ok(Arc::new(roots))
}

/// A chain of certificates with the key of the first.
fn certified(chain: &[u8], key: &[u8]) -> Result<Arc<SingleCertAndKey>, TlsError> {
    let expected = "private key";
    let key =
        PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::Pem { expected, error })?;
    let certified = CertifiedKey::from_der(certificates(chain)?, key, &provider())?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

/// Checks what rustls leaves to its users: the version of TLS, and the protocol within it. Another
/// protocol than ours rustls refuses itself.
fn check(connection: &CommonState, alpn_required: bool) -> io::Result<()> {
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return refused("the peer speaks a version of TLS before 1.3");
    }
    match connection.alpn_protocol() {
        Some(ALPN) => Ok(()),
        None if !alpn_required => Ok(()),
        None => refused("the peer does not name the protocol sunrpc (ALPN), which is required"),
        Some(_) => refused("the peer speaks another protocol over TLS than sunrpc (ALPN)"),
    }
}

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long")
}
