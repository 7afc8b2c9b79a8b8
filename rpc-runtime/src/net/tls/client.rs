use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use rustls::{ClientConfig, pki_types::ServerName, version::TLS13};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    HANDSHAKE_DEADLINE, TlsError, certified, check, client_stream::ClientStream, provider, roots,
    timed_out,
};
use crate::{
    Peer, Xid,
    connect::TcpOptions,
    net::{
        reconnect::{Dial, Dialing},
        stream::StreamTransport,
        tcp::TcpDialer,
        transport::Recovery,
    },
    record::{self, RecordReader},
    starttls::{self, ALPN},
};

/// Bytes that the answer to a probe may have; a denial is shorter still.
const ANSWER_MAX: usize = 1024;

/// How a client speaks TLS: whom it trusts, and who it is.
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    alpn_required: bool,
    allows_cleartext: bool,
}

impl ClientTls {
    /// Trusts the servers that these roots stand for, PEM texts of certificates.
    ///
    /// # Errors
    ///
    /// There is no root, or one is malformed.
    pub fn from_pem(trusted_roots: &[u8]) -> Result<Self, TlsError> {
        let config = ClientConfig::builder_with_provider(provider());
        let config = config.with_protocol_versions(&[&TLS13])?;
        let config = config.with_root_certificates(roots(trusted_roots)?);
        Ok(Self::from_config(config.with_no_client_auth()))
    }

    /// Uses a configuration of rustls, for what this type has no method for. The protocol names
    /// (ALPN) in it are replaced, and early data is switched off.
    pub fn from_config(mut config: ClientConfig) -> Self {
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_early_data = false;
        Self {
            config: Arc::new(config),
            server_name: None,
            alpn_required: false,
            allows_cleartext: false,
        }
    }

    /// Shows a certificate to servers that ask for one: a PEM text of its chain, itself first, and
    /// one of its key.
    ///
    /// # Errors
    ///
    /// They are malformed, or the key is not that of the certificate.
    pub fn with_certificate(mut self, chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let certified = certified(chain, key)?;
        Arc::make_mut(&mut self.config).client_auth_cert_resolver = certified;
        Ok(self)
    }

    /// Sets the name that the server's certificate has to be for. The default is the host of the
    /// address.
    ///
    /// # Errors
    ///
    /// It is no name of a host.
    pub fn server_name(mut self, name: &str) -> Result<Self, TlsError> {
        self.server_name = Some(server_name(name)?);
        Ok(self)
    }

    /// Sets whether a server is refused that does not name the protocol `sunrpc` in the handshake
    /// (ALPN). The default is that it may leave it out, as the one of Linux does; one that names
    /// another is refused in any case.
    pub fn alpn_required(mut self, is_required: bool) -> Self {
        self.alpn_required = is_required;
        self
    }

    /// Sets whether the client goes on in clear text where the server does not speak TLS. The
    /// default is that it does not connect.
    ///
    /// Anybody between client and server can say so in the name of the server, and then reads
    /// and writes everything. A handshake that fails is never followed by clear text, nor is a
    /// connection of the same client that was made with TLS.
    pub fn allow_cleartext(mut self, is_allowed: bool) -> Self {
        self.allows_cleartext = is_allowed;
        self
    }

    /// Asks the server whether it speaks TLS, and makes the handshake.
    async fn secure(
        &self,
        mut stream: TcpStream,
        name: ServerName<'static>,
    ) -> io::Result<ClientStream> {
        let xid = Xid(fastrand::u32(..));
        let answer = ask(&mut stream, &starttls::probe(xid)).await?;
        if !starttls::is_answer(&answer, xid) {
            if self.allows_cleartext && Xid::of_reply(&answer) == Some(xid) {
                return Ok(ClientStream::Clear(stream));
            }
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server does not speak TLS, or somebody between has said so",
            ));
        }
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(name, stream).await?;
        check(stream.get_ref().1, self.alpn_required)?;
        Ok(ClientStream::Secured(Box::new(stream)))
    }
}

/// Sends the probe and gives what comes back, the only thing that may come before the handshake.
async fn ask(stream: &mut TcpStream, probe: &Bytes) -> io::Result<Bytes> {
    let mark = record::mark(probe.len()).ok_or(io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&mark[..], probe].concat()).await?;
    let mut reader = RecordReader::new(ANSWER_MAX);
    loop {
        if let Some(answer) = reader.next_record().map_err(io::Error::other)? {
            if reader.is_between_records() {
                return Ok(answer);
            }
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server went on before the TLS handshake",
            ));
        }
        let input: &mut BytesMut = reader.input();
        if stream.read_buf(input).await? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server ended the connection when it was asked for TLS",
            ));
        }
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let malformed = |_| TlsError::ServerName(name.to_owned());
    ServerName::try_from(name.to_owned()).map_err(malformed)
}

/// The host in `HOST:PORT`.
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host)
}

/// Makes TCP connections to one address, and makes them TLS.
#[derive(Debug)]
pub(in crate::net) struct TlsDialer {
    tcp: TcpDialer,
    tls: ClientTls,
    name: ServerName<'static>,
    record_max: usize,
}

impl TlsDialer {
    /// A dialer for an address of this host, `HOST:PORT`.
    pub(in crate::net) fn new(
        address: &str,
        peer: SocketAddr,
        options: TcpOptions,
        tls: &ClientTls,
    ) -> io::Result<Self> {
        let name = match &tls.server_name {
            Some(name) => name.clone(),
            None => server_name(host(address)).map_err(io::Error::other)?,
        };
        Ok(Self {
            tcp: TcpDialer::new(address, peer, options),
            tls: tls.clone(),
            name,
            record_max: options.record_max,
        })
    }

    /// Begins TLS on a connection that is being made.
    fn secure(
        &self,
        connecting: impl Future<Output = io::Result<TcpStream>> + Send + 'static,
    ) -> Dialing<ClientStream> {
        let (tls, name) = (self.tls.clone(), self.name.clone());
        let record_max = self.record_max;
        Box::pin(async move {
            let stream = connecting.await?;
            let peer = stream.peer_addr()?;
            // A call is complete as it is: waiting for more bytes to send with it only delays it.
            stream.set_nodelay(true)?;
            let secured = timeout(HANDSHAKE_DEADLINE, tls.secure(stream, name));
            let stream = secured.await.map_err(|_| timed_out())??;
            let peer = match &stream {
                ClientStream::Secured(_) => Peer::Tls(peer),
                ClientStream::Clear(_) => Peer::Tcp(peer),
            };
            Ok(StreamTransport::over(stream, peer, record_max))
        })
    }
}

impl Dial for TlsDialer {
    type Stream = ClientStream;

    fn dial(&self, delay: Duration) -> Dialing<ClientStream> {
        self.secure(self.tcp.connect(delay))
    }

    fn dial_again(&self, delay: Duration) -> Dialing<ClientStream> {
        self.secure(self.tcp.connect_again(delay))
    }

    fn connected(&mut self, stream: &ClientStream) {
        if matches!(stream, ClientStream::Secured(_)) {
            self.tls.allows_cleartext = false;
        }
        self.tcp.connected(stream.tcp());
    }

    fn failed(&mut self, error: &io::Error) {
        self.tcp.failed(error);
    }

    fn lost(&mut self, transport: Option<StreamTransport<ClientStream>>) -> Recovery {
        let stream = transport.as_ref().map(|transport| transport.stream().tcp());
        self.tcp.let_go(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn host_of_an_address() {
        assert_eq!(host("server.example:2049"), "server.example");
        assert_eq!(host("192.0.2.1:2049"), "192.0.2.1");
        assert_eq!(host("[2001:db8::1]:2049"), "2001:db8::1");
    }
}
