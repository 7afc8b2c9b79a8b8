//! A client's TCP connection that is made again when it was lost.

use std::{
    collections::VecDeque,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use super::{
    tcp::TcpTransport,
    transport::{Recovery, Transport},
};
use crate::{Message, Peer, Received, record::FRAGMENT_MAX, retransmission::ReconnectDelay};

/// How long a TCP connection may take to come up: the operating system itself would try for
/// minutes, longer than any call may take.
pub(super) const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// What can be chosen of a client's TCP connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct TcpOptions {
    /// Bytes that a record may have.
    pub(super) record_max: usize,
    /// Whether each connection is made from the port of the one before.
    pub(super) keeps_port: bool,
}

/// TCP connections to one address, one after the other. The next is made when the one before was
/// lost and there is something to send.
#[derive(Debug)]
pub(super) struct ReconnectingTcp {
    peer: SocketAddr,
    options: TcpOptions,
    /// Where the next connection is made from, if that is to be the same as before.
    local: Option<SocketAddr>,
    state: State,
    delay: ReconnectDelay,
}

enum State {
    Connected(Box<TcpTransport>),
    /// Nothing has to be sent.
    Lost,
    Connecting(Connecting),
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

impl ReconnectingTcp {
    pub(super) fn new(stream: TcpStream, options: TcpOptions) -> io::Result<Self> {
        let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
        Ok(Self {
            peer,
            options,
            local: options.keeps_port.then_some(local),
            state: State::Connected(Box::new(TcpTransport::new(
                stream,
                peer,
                options.record_max,
            )?)),
            delay: ReconnectDelay::new(fastrand::u64(..)),
        })
    }

    /// Connects, if there is no connection.
    fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&mut TcpTransport>> {
        if let State::Lost = self.state {
            let connecting = connect(self.peer, self.local, self.delay.next_delay());
            self.state = State::Connecting(Box::pin(connecting));
        }
        if let State::Connecting(connecting) = &mut self.state {
            let connected = ready!(connecting.as_mut().poll(cx));
            self.state = State::Lost;
            let transport = connected.and_then(|stream| self.take(stream))?;
            self.state = State::Connected(Box::new(transport));
        }
        match &mut self.state {
            State::Connected(transport) => Poll::Ready(Ok(transport)),
            State::Lost | State::Connecting(_) => Poll::Pending,
        }
    }

    fn take(&mut self, stream: TcpStream) -> io::Result<TcpTransport> {
        if self.options.keeps_port {
            self.local = Some(stream.local_addr()?);
        }
        TcpTransport::new(stream, self.peer, self.options.record_max)
    }
}

/// Connects after this time, from this address if there is one.
pub(super) async fn connect(
    peer: SocketAddr,
    local: Option<SocketAddr>,
    delay: Duration,
) -> io::Result<TcpStream> {
    let socket = match peer {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(local) = local {
        socket.set_reuseaddr(true)?;
        let bound = socket.bind(local);
        bound.map_err(|error| io::Error::new(io::ErrorKind::AddrInUse, error))?;
    }
    // The port is bound already: nobody else takes it meanwhile.
    sleep(delay).await;
    timeout(CONNECT_DEADLINE, socket.connect(peer)).await?
}

impl Transport for ReconnectingTcp {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        let is_connected = matches!(self.state, State::Connected(_));
        if messages.is_empty() && !is_connected {
            return Poll::Ready(Ok(()));
        }
        match ready!(self.poll_connect(cx)) {
            Ok(transport) => transport.poll_send(cx, messages),
            Err(error) => {
                let kind = error.kind();
                if kind == io::ErrorKind::AddrInUse || kind == io::ErrorKind::AddrNotAvailable {
                    self.local = None;
                }
                Poll::Ready(Err(error))
            }
        }
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        let State::Connected(transport) = &mut self.state else {
            return Poll::Pending;
        };
        let count = ready!(transport.poll_receive(cx, messages))?;
        if count > 0 {
            self.delay.answered();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Connected(transport) => transport.poll_close(cx),
            State::Lost | State::Connecting(_) => Poll::Ready(Ok(())),
        }
    }

    fn recover(&mut self) -> Recovery {
        if let State::Connected(transport) = std::mem::replace(&mut self.state, State::Lost)
            && self.local.is_some()
        {
            transport.abort();
        }
        match self.local {
            Some(_) => Recovery::ReconnectsFromSameAddress,
            None => Recovery::Reconnects,
        }
    }

    fn peer(&self) -> Peer {
        Peer::Tcp(self.peer)
    }

    fn is_reliable(&self) -> bool {
        true
    }

    fn message_max(&self) -> usize {
        FRAGMENT_MAX
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected(_) => "Connected",
            Self::Lost => "Lost",
            Self::Connecting(_) => "Connecting",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallErrorKind, Client, Outcome, Procedure, Program, transaction::Transactions};
    use tokio::{io::AsyncReadExt, net::TcpListener};

    #[tokio::test]
    async fn a_port_that_is_refused_leaves_the_outcome_unknown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await;
        let options = TcpOptions {
            record_max: 1000,
            keeps_port: true,
        };
        let mut transport = ReconnectingTcp::new(stream.unwrap(), options).unwrap();
        // An address for documentation: this machine does not have it.
        transport.local = Some(SocketAddr::from(([192, 0, 2, 1], 9)));
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
