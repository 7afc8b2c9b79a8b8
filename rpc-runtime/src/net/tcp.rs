//! TCP: what a byte stream has that is a TCP connection.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use super::{
    reconnect::{CONNECT_DEADLINE, Dial, Dialing},
    reserved_port::{self, unspecified},
    stream::{Stream, StreamTransport},
    transport::Recovery,
};
use crate::Peer;

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

/// What can be chosen of a client's TCP connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct TcpOptions {
    /// Bytes that a record may have.
    pub(super) record_max: usize,
    /// Whether each connection is made from the port of the one before.
    pub(super) keeps_port: bool,
    /// Whether connections are made from ports that need a privilege.
    pub(super) reserved_port: bool,
}

/// Makes TCP connections to one address.
#[derive(Debug, Clone)]
pub(super) struct TcpDialer {
    peer: SocketAddr,
    options: TcpOptions,
    source: Source,
}

/// Where a connection is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Where the operating system likes.
    Any,
    /// A port that needs a privilege.
    Reserved,
    /// This address. With port 0 the operating system chooses one that no other connection gets, so
    /// that it can be bound again.
    Bound(SocketAddr),
}

impl TcpDialer {
    pub(super) fn new(peer: SocketAddr, options: TcpOptions) -> Self {
        Self {
            peer,
            options,
            source: options.first_source(peer),
        }
    }

    /// Connects after this time.
    pub(super) fn connect(
        &self,
        delay: Duration,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        let bound = self.bind();
        let peer = self.peer;
        async move {
            // The port is bound already: nobody else takes it meanwhile.
            let socket = bound?;
            sleep(delay).await;
            timeout(CONNECT_DEADLINE, socket.connect(peer)).await?
        }
    }

    fn bind(&self) -> io::Result<TcpSocket> {
        let socket = || match self.peer {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        match self.source {
            Source::Any => socket(),
            Source::Reserved => reserved_port::bind(self.peer, |address| {
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

    /// Has the connections that follow this one come from the same port, if they are to.
    pub(super) fn connected(&mut self, stream: &TcpStream) {
        if self.options.keeps_port
            && let Ok(address) = stream.local_addr()
        {
            self.source = Source::Bound(address);
        }
    }

    /// Gives a port up that the operating system refuses.
    pub(super) fn failed(&mut self, error: &io::Error) {
        let is_refused = matches!(
            error.kind(),
            io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable
        );
        if is_refused && matches!(self.source, Source::Bound(_)) {
            self.source = self.options.first_source(self.peer);
        }
    }

    /// Ends a connection so that its port can be bound again at once, if it is to be.
    pub(super) fn lost(&self, stream: Option<&TcpStream>) -> Recovery {
        match self.source {
            Source::Bound(address) if address.port() != 0 => {
                if let Some(stream) = stream {
                    // Otherwise the operating system may refuse the port, and the caller sees that.
                    let _ = stream.set_zero_linger();
                }
                Recovery::ReconnectsFromSameAddress
            }
            _ => Recovery::Reconnects,
        }
    }
}

impl TcpOptions {
    /// Where a connection is made from that none came before.
    fn first_source(self, peer: SocketAddr) -> Source {
        if self.reserved_port {
            Source::Reserved
        } else if self.keeps_port {
            Source::Bound(SocketAddr::new(unspecified(peer), 0))
        } else {
            Source::Any
        }
    }
}

impl Dial for TcpDialer {
    type Stream = TcpStream;

    fn dial(&self, delay: Duration) -> Dialing<TcpStream> {
        let connecting = self.connect(delay);
        let (peer, record_max) = (self.peer, self.options.record_max);
        Box::pin(async move { TcpTransport::new(connecting.await?, peer, record_max) })
    }

    fn connected(&mut self, stream: &TcpStream) {
        Self::connected(self, stream);
    }

    fn failed(&mut self, error: &io::Error) {
        Self::failed(self, error);
    }

    fn lost(&mut self, transport: Option<TcpTransport>) -> Recovery {
        Self::lost(self, transport.as_ref().map(StreamTransport::stream))
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
        let dialer = TcpDialer::new(listener.local_addr().unwrap(), options);
        let mut transport = Reconnecting::connect(dialer).await.unwrap();
        // An address for documentation: this machine does not have it.
        transport.dialer.source = Source::Bound(SocketAddr::from(([192, 0, 2, 1], 9)));
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
}
