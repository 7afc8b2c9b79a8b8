//! TCP: what a byte stream has that is a TCP connection.

use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use super::{
    address,
    reconnect::{Dial, Dialing},
    stream::{Stream, StreamTransport},
    transport::Recovery,
};
use crate::{
    Peer,
    connect::{
        CONNECT_DEADLINE, Source, TcpOptions, TcpSource,
        reserved_port::{self, PORTS},
    },
};

impl Stream for TcpStream {
    fn abort(&self) {
        // A connection that has died already leaves nothing behind.
        let _ = self.set_zero_linger();
    }
}

/// A TCP connection with record marking (RFC 5531 §11).
pub(super) type TcpTransport = StreamTransport<TcpStream>;

impl TcpTransport {
    pub(super) fn new(stream: TcpStream, peer: SocketAddr, record_max: usize) -> io::Result<Self> {
        // A call is complete as it is: waiting for more bytes to send with it only delays it.
        stream.set_nodelay(true)?;
        Ok(Self::over(stream, Peer::Tcp(peer), record_max))
    }
}

/// Makes TCP connections to one address.
#[derive(Debug, Clone)]
pub(super) struct TcpDialer {
    source: TcpSource,
    /// The name of the host, which may mean other addresses by now.
    host: Arc<str>,
}

impl TcpDialer {
    /// Connects to this address of the host.
    pub(super) fn new(host: &str, peer: SocketAddr, options: TcpOptions) -> Self {
        Self {
            source: TcpSource::new(peer, options),
            host: host.into(),
        }
    }

    /// Connects after this time.
    pub(super) fn connect(
        &self,
        delay: Duration,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        let bound = self.bind();
        let peer = self.source.peer();
        async move {
            // The port is bound already: nobody else takes it meanwhile.
            let socket = bound?;
            sleep(delay).await;
            timeout(CONNECT_DEADLINE, socket.connect(peer)).await?
        }
    }

    /// Connects after this time, when a connection was lost. The host is looked up anew, but for a
    /// server that has to be the same, since it remembers calls.
    pub(super) fn connect_again(
        &self,
        delay: Duration,
    ) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>> {
        if self.source.keeps_port() {
            return Box::pin(self.connect(delay));
        }
        let (host, options) = (Arc::clone(&self.host), self.source.options());
        Box::pin(async move {
            sleep(delay).await;
            let connect = |peer| {
                let dialer = Self::new(&host, peer, options);
                async move { dialer.connect(Duration::ZERO).await }
            };
            address::first(&host, connect).await
        })
    }

    /// Sees to it that the port of a connection that was lost can be bound again, if it is to be.
    pub(super) fn let_go(&self, stream: Option<&TcpStream>) -> Recovery {
        if !self.source.keeps_port() {
            return Recovery::Reconnects;
        }
        if let Some(stream) = stream {
            // Otherwise the operating system may refuse the port, and the caller sees that.
            let _ = stream.set_zero_linger();
        }
        Recovery::ReconnectsFromSameAddress
    }

    fn bind(&self) -> io::Result<TcpSocket> {
        let peer = self.source.peer();
        let socket = || match peer {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        match self.source.next {
            Source::Any => socket(),
            Source::Reserved => reserved_port::bind(fastrand::u16(PORTS), peer, |address| {
                let socket = socket()?;
                socket.bind(address).map(|()| socket)
            }),
            Source::Bound(address) => {
                let socket = socket()?;
                socket.set_reuseaddr(true)?;
                let bound = socket.bind(address);
                bound.map_err(|error| io::Error::new(io::ErrorKind::AddrInUse, error))?;
                Ok(socket)
            }
        }
    }
}

impl Dial for TcpDialer {
    type Stream = TcpStream;

    fn dial(&self, delay: Duration) -> Dialing<TcpStream> {
        let connecting = self.connect(delay);
        let (peer, record_max) = (self.source.peer(), self.source.record_max());
        Box::pin(async move { TcpTransport::new(connecting.await?, peer, record_max) })
    }

    fn dial_again(&self, delay: Duration) -> Dialing<TcpStream> {
        let connecting = self.connect_again(delay);
        let record_max = self.source.record_max();
        Box::pin(async move {
            let stream = connecting.await?;
            let peer = stream.peer_addr()?;
            TcpTransport::new(stream, peer, record_max)
        })
    }

    fn connected(&mut self, stream: &TcpStream) {
        self.source.connected(stream.local_addr().ok());
    }

    fn failed(&mut self, error: &io::Error) {
        self.source.failed(error);
    }

    fn lost(&mut self, transport: Option<TcpTransport>) -> Recovery {
        self.let_go(transport.as_ref().map(StreamTransport::stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CallErrorKind, Caller, Client, Outcome, Procedure, Program, net::reconnect::Reconnecting,
        transaction::Transactions,
    };
    use tokio::{io::AsyncReadExt, net::TcpListener};

    #[tokio::test]
    async fn a_port_that_is_refused_leaves_the_outcome_unknown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = TcpOptions {
            record_max: 1000,
            keeps_port: true,
            reserved_port: false,
        };
        let address = listener.local_addr().unwrap();
        let dialer = TcpDialer::new(&address.to_string(), address, options);
        let mut transport = Reconnecting::connect(dialer).await.unwrap();
        // An address for documentation: this machine does not have it.
        transport.dialer.source.next = Source::Bound(SocketAddr::from(([192, 0, 2, 1], 9)));
        let client = Client::over(transport, Transactions::replaying());
        let (mut stream, _) = listener.accept().await.unwrap();
        let procedure = Procedure::new(Program::new("Calc", 7), 1, 1, "add");
        let call = client.call(&procedure, xdr::Encoder::void, |_| Ok(()));
        stream.read_exact(&mut [0; 44]).await.unwrap();
        drop(stream);
        let error = call.await.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::ConnectionLost(_)));
        assert_eq!(error.outcome(), Outcome::Unknown);
        let _next = client.call(&procedure, xdr::Encoder::void, |_| Ok(()));
        listener.accept().await.unwrap();
    }

    #[tokio::test]
    async fn host_is_looked_up_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = TcpOptions {
            record_max: 1000,
            keeps_port: false,
            reserved_port: false,
        };
        let host = listener.local_addr().unwrap();
        // Where the host was before; this machine does not have that address.
        let moved = SocketAddr::from(([192, 0, 2, 1], 9));
        let dialer = TcpDialer::new(&host.to_string(), moved, options);
        let transport = dialer.dial_again(Duration::ZERO).await.unwrap();
        assert_eq!(transport.stream().peer_addr().unwrap(), host);
    }
}
