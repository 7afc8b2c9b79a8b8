//! A client's connection that is made again when it was lost.

use std::{
    collections::VecDeque,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use super::{
    stream::{Stream, StreamTransport},
    transport::{Recovery, Transport},
};
use crate::{Message, Peer, Received, record::FRAGMENT_MAX, retransmission::ReconnectDelay};

/// A connection that is being made.
pub(super) type Dialing<S> =
    Pin<Box<dyn Future<Output = io::Result<StreamTransport<S>>> + Send + 'static>>;

/// How a client makes connections to one server, one after the other.
pub(super) trait Dial: Send + 'static {
    /// What carries the bytes of a connection.
    type Stream: Stream;

    /// Makes the next connection, after this time.
    fn dial(&self, delay: Duration) -> Dialing<Self::Stream>;

    /// Makes a connection after one was lost, after this time.
    fn dial_again(&self, delay: Duration) -> Dialing<Self::Stream> {
        self.dial(delay)
    }

    /// Takes note of a connection that was made.
    fn connected(&mut self, _stream: &Self::Stream) {}

    /// Takes note of a connection that could not be made.
    fn failed(&mut self, _error: &io::Error) {}

    /// Ends a connection that was lost, if there was one, and says how the next is made.
    fn lost(&mut self, _transport: Option<StreamTransport<Self::Stream>>) -> Recovery {
        Recovery::Reconnects
    }
}

/// Connections to one server, one after the other. The next is made when the one before was lost
/// and there is something to send.
#[derive(Debug)]
pub(super) struct Reconnecting<D: Dial> {
    pub(super) dialer: D,
    /// The server, as it was when the first connection was made.
    peer: Peer,
    state: State<D::Stream>,
    delay: ReconnectDelay,
    /// Since the last connection was lost.
    attempts: u32,
}

enum State<S> {
    Connected(Box<StreamTransport<S>>),
    /// Nothing has to be sent.
    Lost,
    Connecting(Dialing<S>),
}

impl<D: Dial> Reconnecting<D> {
    /// Makes the first connection.
    pub(super) async fn connect(mut dialer: D) -> io::Result<Self> {
        let transport = dialer.dial(Duration::ZERO).await?;
        dialer.connected(transport.stream());
        Ok(Self {
            dialer,
            peer: transport.peer(),
            state: State::Connected(Box::new(transport)),
            delay: ReconnectDelay::new(fastrand::u64(..)),
            attempts: 0,
        })
    }

    /// Connects, if there is no connection.
    fn poll_connect(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<&mut StreamTransport<D::Stream>>> {
        if let State::Lost = self.state {
            self.attempts = self.attempts.saturating_add(1);
            self.state = State::Connecting(self.dialer.dial_again(self.delay.next_delay()));
        }
        if let State::Connecting(connecting) = &mut self.state {
            let connected = ready!(connecting.as_mut().poll(cx));
            self.state = State::Lost;
            let transport = connected?;
            self.dialer.connected(transport.stream());
            self.attempts = 0;
            self.state = State::Connected(Box::new(transport));
        }
        match &mut self.state {
            State::Connected(transport) => Poll::Ready(Ok(transport)),
            State::Lost | State::Connecting(_) => Poll::Pending,
        }
    }
}

impl<D: Dial> Transport for Reconnecting<D> {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        if let State::Connected(transport) = &mut self.state {
            return transport.poll_send(cx, messages);
        }
        if messages.is_empty() {
            return Poll::Ready(Ok(()));
        }
        match ready!(self.poll_connect(cx)) {
            Ok(transport) => transport.poll_send(cx, messages),
            Err(error) => {
                self.dialer.failed(&error);
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
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Connected(transport) => self.dialer.lost(Some(*transport)),
            State::Lost | State::Connecting(_) => self.dialer.lost(None),
        }
    }

    fn attempts(&self) -> Option<u32> {
        match self.state {
            State::Connected(_) => None,
            State::Lost => Some(0),
            State::Connecting(_) => Some(self.attempts),
        }
    }

    fn peer(&self) -> Peer {
        self.peer
    }

    fn is_reliable(&self) -> bool {
        true
    }

    fn message_max(&self) -> usize {
        FRAGMENT_MAX
    }
}

impl<S> fmt::Debug for State<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected(_) => "Connected",
            Self::Lost => "Lost",
            Self::Connecting(_) => "Connecting",
        })
    }
}
