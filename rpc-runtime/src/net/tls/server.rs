use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{
    RootCertStore, ServerConfig, ServerConnection,
    pki_types::CertificateDer,
    server::{
        ClientCertVerifierBuilder, ResolvesServerCert, WebPkiClientVerifier,
        danger::ClientCertVerifier,
    },
    version::TLS13,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::server::TlsStream;

use super::{
    HANDSHAKE_DEADLINE, TlsError, certified, check, provider, roots,
    server_transport::TlsTransport, timed_out,
};
use crate::{TlsPeer, net::accept::Listen, starttls::ALPN};

/// How long a peer has to read why its handshake failed.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a server speaks TLS: who it is, and whom it trusts.
#[derive(Debug, Clone)]
#[must_use]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    alpn_required: bool,
    pub(super) allows_cleartext: bool,
    trusts_users: bool,
    handshake_deadline: Duration,
}

impl ServerTls {
    /// Has this certificate, a PEM text of its chain, itself first, and this key. Clients are not
    /// asked for theirs.
    ///
    /// # Errors
    ///
    /// They are malformed, or the key is not that of the certificate.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let resolver = certified(chain, key)?;
        let config = config(WebPkiClientVerifier::no_client_auth(), resolver)?;
        Ok(Self::from_config(config))
    }

    /// Uses a configuration of rustls, for what this type has no method for. The protocol names
    /// (ALPN) in it are replaced, and early data is switched off.
    pub fn from_config(mut config: ServerConfig) -> Self {
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.max_early_data_size = 0;
        Self {
            config: Arc::new(config),
            alpn_required: false,
            allows_cleartext: false,
            trusts_users: false,
            handshake_deadline: HANDSHAKE_DEADLINE,
        }
    }

    /// Serves only clients that have a certificate which one of these roots, PEM texts of
    /// certificates, stands for.
    ///
    /// Of a configuration of rustls the certificate of the server and the key log are kept.
    ///
    /// # Errors
    ///
    /// There is no root, or one is malformed.
    pub fn require_client_certificates(self, trusted_roots: &[u8]) -> Result<Self, TlsError> {
        self.verifying(verifier(roots(trusted_roots)?))
    }

    /// Asks clients for a certificate, and serves those that have none, too. A certificate that no
    /// root stands for ends the connection.
    ///
    /// # Errors
    ///
    /// There is no root, or one is malformed.
    pub fn request_client_certificates(self, trusted_roots: &[u8]) -> Result<Self, TlsError> {
        self.verifying(verifier(roots(trusted_roots)?).allow_unauthenticated())
    }

    fn verifying(mut self, verifier: ClientCertVerifierBuilder) -> Result<Self, TlsError> {
        let verifier = verifier.build().map_err(|error| {
            let error = rustls::Error::General(error.to_string());
            TlsError::Unusable(error)
        })?;
        let mut config = config(verifier, Arc::clone(&self.config.cert_resolver))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.key_log = Arc::clone(&self.config.key_log);
        self.config = Arc::new(config);
        Ok(self)
    }

    /// Sets whether a client is refused that does not name the protocol `sunrpc` in the handshake
    /// (ALPN). The default is that it may leave it out, as the one of Linux does; one that names
    /// only others is refused in any case.
    pub fn alpn_required(mut self, is_required: bool) -> Self {
        self.alpn_required = is_required;
        self
    }

    /// Sets whether calls in clear text are served, too. By default they are refused:
    /// `AUTH_TOOWEAK`.
    pub fn allow_cleartext(mut self, is_allowed: bool) -> Self {
        self.allows_cleartext = is_allowed;
        self
    }

    /// Sets whether the hosts that have a certificate are believed for which user they call, as
    /// [`Context::credential_is_trusted`](crate::Context::credential_is_trusted) then tells the
    /// services. By default they are not: whoever is in charge of such a host can be any user.
    pub fn trust_users_of_clients(mut self, are_trusted: bool) -> Self {
        self.trusts_users = are_trusted;
        self
    }

    /// Sets how long a handshake may take. The default is 10 seconds.
    pub fn handshake_deadline(mut self, deadline: Duration) -> Self {
        self.handshake_deadline = deadline;
        self
    }

    /// Makes the handshake with a client that has its answer.
    pub(super) async fn handshake(
        self: Arc<Self>,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, Arc<TlsPeer>)> {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(&self.config));
        let accepting = acceptor.accept(stream).into_fallible();
        let accepted = timeout(self.handshake_deadline, accepting).await;
        match accepted.map_err(|_| timed_out())? {
            Ok(stream) => {
                let connection = stream.get_ref().1;
                check(connection, self.alpn_required)?;
                let peer = peer(connection).trusted_with_users(self.trusts_users);
                Ok((stream, Arc::new(peer)))
            }
            Err((error, stream)) => {
                let _ = timeout(FAREWELL, end(stream)).await;
                Err(error)
            }
        }
    }
}

/// Ends a connection whose handshake failed. What the peer sent meanwhile is read: otherwise the
/// operating system would reset the connection, and the peer might not learn why.
async fn end(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut discarded = [0; 1024];
    while stream.read(&mut discarded).await? > 0 {}
    Ok(())
}

fn config(
    verifier: Arc<dyn ClientCertVerifier>,
    resolver: Arc<dyn ResolvesServerCert>,
) -> Result<ServerConfig, TlsError> {
    let config = ServerConfig::builder_with_provider(provider());
    let config = config.with_protocol_versions(&[&TLS13])?;
    let config = config.with_client_cert_verifier(verifier);
    Ok(config.with_cert_resolver(resolver))
}

fn verifier(roots: Arc<RootCertStore>) -> ClientCertVerifierBuilder {
    WebPkiClientVerifier::builder_with_provider(roots, provider())
}

/// What the handshake has shown of a client.
fn peer(connection: &ServerConnection) -> TlsPeer {
    let Some(chain) = connection.peer_certificates() else {
        return TlsPeer::anonymous();
    };
    let names = chain.first().map(dns_names).unwrap_or_default();
    let der = chain.iter().map(|one| one.as_ref().to_vec().into());
    TlsPeer::verified(der.collect(), names)
}

fn dns_names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else {
        return Vec::new();
    };
    parsed.valid_dns_names().map(str::to_owned).collect()
}

/// Listens for TCP connections that are to speak TLS.
#[derive(Debug)]
pub(in crate::net) struct TlsAcceptor {
    listener: TcpListener,
    tls: Arc<ServerTls>,
    record_max: usize,
}

impl TlsAcceptor {
    pub(in crate::net) fn new(
        listener: TcpListener,
        tls: Arc<ServerTls>,
        record_max: usize,
    ) -> Self {
        Self {
            listener,
            tls,
            record_max,
        }
    }

    fn transport(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<TlsTransport> {
        TlsTransport::new(stream, peer, self.record_max, Arc::clone(&self.tls))
    }
}

impl Listen for TlsAcceptor {
    type Transport = TlsTransport;

    async fn accept(&mut self) -> io::Result<Option<TlsTransport>> {
        loop {
            let (stream, peer) = self.listener.accept().await?;
            // A connection that has died already is no reason to do anything.
            if let Ok(transport) = self.transport(stream, peer) {
                return Ok(Some(transport));
            }
        }
    }
}
