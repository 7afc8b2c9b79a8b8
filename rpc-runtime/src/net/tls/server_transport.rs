//! A server's end of a connection that begins in clear text and turns to TLS.

use std::{
    collections::VecDeque,
    fmt, io, mem,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::ServerTls;
use crate::{
    Message, Peer, Received, TlsPeer,
    net::{
        stream::{Stream, StreamTransport},
        tcp::TcpTransport,
        transport::{Progress, Transport},
    },
    record::FRAGMENT_MAX,
    starttls,
};

/// A TCP connection that answers a probe, and speaks TLS from then on.
#[derive(Debug)]
pub(in crate::net) struct TlsTransport {
    tls: Arc<ServerTls>,
    peer: SocketAddr,
    record_max: usize,
    state: State,
    /// What came in clear text and was not looked at; empty between turns.
    clear: VecDeque<Received>,
    /// Refusals of calls in clear text, and the answer to a probe.
    answers: VecDeque<Message>,
}

enum State {
    Clear(Box<TcpTransport>),
    /// The probe is being answered.
    Answering(Box<TcpTransport>),
    Handshaking(Handshake),
    Secured {
        transport: Box<StreamTransport<TlsStream<TcpStream>>>,
        peer: Arc<TlsPeer>,
    },
    /// The handshake failed.
    Failed,
}

impl Stream for TlsStream<TcpStream> {
    fn abort(&self) {
        self.get_ref().0.abort();
    }
}

type Handshake =
    Pin<Box<dyn Future<Output = io::Result<(TlsStream<TcpStream>, Arc<TlsPeer>)>> + Send>>;

impl TlsTransport {
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        record_max: usize,
        tls: Arc<ServerTls>,
    ) -> io::Result<Self> {
        let transport = TcpTransport::new(stream, peer, record_max)?;
        Ok(Self {
            tls,
            peer,
            record_max,
            state: State::Clear(Box::new(transport)),
            clear: VecDeque::new(),
            answers: VecDeque::new(),
        })
    }

    /// Makes the handshake that a probe has asked for, if one has.
    fn poll_secure(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let State::Answering(transport) = &mut self.state {
            ready!(transport.poll_send(cx, &mut self.answers))?;
            if let State::Answering(transport) = mem::replace(&mut self.state, State::Failed) {
                let handshake = Arc::clone(&self.tls).handshake(transport.into_stream());
                self.state = State::Handshaking(Box::pin(handshake));
            }
        }
        if let State::Handshaking(handshake) = &mut self.state {
            let made = ready!(handshake.as_mut().poll(cx));
            self.state = State::Failed;
            let (stream, peer) = made?;
            let address = Peer::Tls(self.peer);
            let transport = StreamTransport::over(stream, address, self.record_max);
            let transport = Box::new(transport);
            self.state = State::Secured { transport, peer };
        }
        Poll::Ready(Ok(()))
    }

    /// Looks at what came in clear text: a probe is answered, calls go on or are refused.
    fn sort(&mut self, messages: &mut VecDeque<Received>) -> io::Result<usize> {
        let before = messages.len();
        while let Some(received) = self.clear.pop_front() {
            let Received { from, message, .. } = &received;
            if let Some(xid) = starttls::probe_xid(message) {
                self.begin_to_secure()?;
                let answer = starttls::answer(xid);
                self.answers.push_back(Message::new(*from, answer));
            } else if !self.tls.allows_cleartext
                && let Some(refusal) = starttls::refusal(message)
            {
                self.answers.push_back(Message::new(*from, refusal));
            } else {
                messages.push_back(received);
            }
        }
        Ok(messages.len() - before)
    }

    /// Has the probe answered, unless something came behind it: that must wait for the handshake.
    fn begin_to_secure(&mut self) -> io::Result<()> {
        match mem::replace(&mut self.state, State::Failed) {
            State::Clear(transport) if self.clear.is_empty() && transport.is_between_records() => {
                self.state = State::Answering(transport);
                Ok(())
            }
            _ => Err(went_on()),
        }
    }
}

impl Transport for TlsTransport {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        if !messages.is_empty() {
            // Replies to calls in clear text wait for the handshake, too.
            ready!(self.poll_secure(cx))?;
        }
        match &mut self.state {
            State::Clear(transport) => {
                ready!(transport.poll_send(cx, &mut self.answers))?;
                transport.poll_send(cx, messages)
            }
            State::Secured { transport, .. } => transport.poll_send(cx, messages),
            State::Answering(_) | State::Handshaking(_) => Poll::Ready(Ok(())),
            State::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_secure(cx))?;
            match &mut self.state {
                State::Clear(transport) => {
                    // A peer that takes no answers is not read from.
                    ready!(transport.poll_send(cx, &mut self.answers))?;
                    let received = ready!(transport.poll_receive(cx, &mut self.clear))?;
                    let count = self.sort(messages)?;
                    if received == 0 || count > 0 {
                        return Poll::Ready(Ok(count));
                    }
                }
                State::Secured { transport, .. } => return transport.poll_receive(cx, messages),
                State::Answering(_) | State::Handshaking(_) => return Poll::Pending,
                State::Failed => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            }
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Clear(transport) => {
                ready!(transport.poll_send(cx, &mut self.answers))?;
                transport.poll_close(cx)
            }
            State::Secured { transport, .. } => transport.poll_close(cx),
            // Nothing that was sent could be lost.
            State::Answering(_) | State::Handshaking(_) | State::Failed => Poll::Ready(Ok(())),
        }
    }

    fn progress(&self) -> Option<Progress> {
        match &self.state {
            State::Clear(transport) => transport.progress(),
            State::Secured { transport, .. } => transport.progress(),
            State::Answering(_) | State::Handshaking(_) | State::Failed => Some(Progress {
                sent: 0,
                is_within_record: true,
            }),
        }
    }

    fn abort(&mut self) {
        match &mut self.state {
            State::Clear(transport) | State::Answering(transport) => transport.abort(),
            State::Secured { transport, .. } => transport.abort(),
            // It is dropped with the handshake, which has sent next to nothing.
            State::Handshaking(_) | State::Failed => {}
        }
    }

    fn peer(&self) -> Peer {
        match &self.state {
            State::Secured { transport, .. } => transport.peer(),
            _ => Peer::Tcp(self.peer),
        }
    }

    fn tls_peer(&self) -> Option<&Arc<TlsPeer>> {
        match &self.state {
            State::Secured { peer, .. } => Some(peer),
            _ => None,
        }
    }

    fn is_reliable(&self) -> bool {
        true
    }

    fn message_max(&self) -> usize {
        FRAGMENT_MAX
    }
}

fn went_on() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the client went on before the TLS handshake",
    )
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear(_) => "Clear",
            Self::Answering(_) => "Answering",
            Self::Handshaking(_) => "Handshaking",
            Self::Secured { .. } => "Secured",
            Self::Failed => "Failed",
        })
    }
}
