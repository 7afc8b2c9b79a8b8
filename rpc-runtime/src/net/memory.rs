//! Calls within a process, with no socket between client and server: for tests, and for programs
//! that are their own peers.
//!
//! Everything but the socket is as it is elsewhere: calls and replies are encoded, dispatched and
//! matched in the same way.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use rpc_runtime::{Answer, Caller, Procedure, Program, Refusal, Server, VersionServer, memory};
//! use xdr::Decode;
//!
//! // What rpcgen writes for `program CALC { version V1 { int twice(int) = 1; } = 1; } = 0x20000001;`
//! const CALC: Program = Program::new("Calc", 0x2000_0001);
//! const TWICE: Procedure = Procedure::new(CALC, 1, 1, "twice");
//! let calc = VersionServer::new(CALC, 1, (), |_, call| match call.procedure() {
//!     1 => Answer::future(async move {
//!         let number = call.arguments(i32::decode)?;
//!         call.reply(|encoder| encoder.encode(&(2 * number)))
//!     }),
//!     _ => Answer::refuse(Refusal::ProcUnavail),
//! });
//!
//! let (listener, connector) = memory::channel();
//! let server = Server::builder().service(calc).memory(listener).start().await?;
//! let client = connector.connect();
//! let twice = client.call(&TWICE, |encoder| encoder.encode(&21), i32::decode).await?;
//! assert_eq!(twice, 42);
//! server.shutdown().await;
//! # Ok(()) }
//! ```

use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    fmt, io,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{accept::Listen, client::Client, transport::Transport};
use crate::{Message, Peer, Received, record::RECORD_MAX};

/// Messages that are received at once.
const BATCH_MAX: usize = 64;

/// A listener for a server, and a connector that makes clients of that server.
#[must_use]
pub fn channel() -> (Listener, Connector) {
    let (sender, accepted) = mpsc::unbounded_channel();
    let listener = Listener {
        accepted,
        name: None,
    };
    (listener, Connector { sender })
}

/// A listener that `Client::connect("memory:NAME")` leads to, from anywhere in this process.
///
/// # Errors
///
/// There is a listener of this name already. A name is free again when its listener is dropped, and
/// so when its server has ended.
pub fn listen(name: impl Into<String>) -> Result<Listener, NameInUse> {
    match names().entry(name.into()) {
        Entry::Occupied(entry) => Err(NameInUse {
            name: entry.key().clone(),
        }),
        Entry::Vacant(entry) => {
            let (mut listener, connector) = channel();
            listener.name = Some(entry.key().clone());
            entry.insert(connector);
            Ok(listener)
        }
    }
}

/// A connection to the listener of this name.
pub(super) fn connect(name: &str) -> io::Result<MemoryTransport> {
    let names = names();
    let connector = names.get(name);
    connector.and_then(Connector::open).ok_or_else(|| {
        let kind = io::ErrorKind::ConnectionRefused;
        io::Error::new(kind, "nobody in this process listens under this name")
    })
}

/// The listeners that have names.
static NAMES: Mutex<BTreeMap<String, Connector>> = Mutex::new(BTreeMap::new());

fn names() -> MutexGuard<'static, BTreeMap<String, Connector>> {
    // Nothing that is done under the lock can be left half done.
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name that another listener of this process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameInUse {
    name: String,
}

impl fmt::Display for NameInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is a listener at memory:{} already", self.name)
    }
}

impl std::error::Error for NameInUse {}

/// Where a server takes connections from: the other end of a [`Connector`].
#[derive(Debug)]
pub struct Listener {
    accepted: UnboundedReceiver<MemoryTransport>,
    /// What clients of this process call it.
    name: Option<String>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            names().remove(name);
        }
    }
}

impl Listen for Listener {
    type Transport = MemoryTransport;

    const TAKES_DESCRIPTORS: bool = false;

    /// There are no more connections once all connectors are dropped.
    async fn accept(&mut self) -> io::Result<Option<MemoryTransport>> {
        Ok(self.accepted.recv().await)
    }
}

/// Makes clients of the server that has the [`Listener`].
#[derive(Debug, Clone)]
pub struct Connector {
    sender: UnboundedSender<MemoryTransport>,
}

impl Connector {
    /// A client on a connection of its own; where the server has ended, its calls fail, not
    /// executed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, which has to run the connection.
    #[must_use]
    pub fn connect(&self) -> Client {
        let (transport, peer) = pair();
        // A server that has ended drops its end, which ends this one.
        let _ = self.sender.send(peer);
        Client::new(transport)
    }

    /// A connection, unless the server has ended.
    fn open(&self) -> Option<MemoryTransport> {
        let (transport, peer) = pair();
        self.sender.send(peer).ok().map(|()| transport)
    }
}

/// Two ends of a connection within the process.
fn pair() -> (MemoryTransport, MemoryTransport) {
    let (to_second, from_first) = mpsc::unbounded_channel();
    let (to_first, from_second) = mpsc::unbounded_channel();
    let end = |sender, receiver| MemoryTransport {
        sender: Some(sender),
        receiver,
        batch: Vec::new(),
    };
    (end(to_second, from_second), end(to_first, from_first))
}

/// One end of a connection within the process.
#[derive(Debug)]
pub(super) struct MemoryTransport {
    /// Until this end has said that it sends no more.
    sender: Option<UnboundedSender<Bytes>>,
    receiver: UnboundedReceiver<Bytes>,
    batch: Vec<Bytes>,
}

impl Transport for MemoryTransport {
    fn poll_send(
        &mut self,
        _: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        while let Some(message) = messages.front() {
            let sender = self.sender.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
            let sent = sender.send(message.to_bytes());
            sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
            messages.pop_front();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        let Self {
            receiver, batch, ..
        } = self;
        let count = ready!(receiver.poll_recv_many(cx, batch, BATCH_MAX));
        let received = batch.drain(..);
        messages.extend(received.map(|message| Received::new(Peer::Memory, message)));
        Poll::Ready(Ok(count))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sender = None;
        while ready!(self.receiver.poll_recv(cx)).is_some() {}
        Poll::Ready(Ok(()))
    }

    fn peer(&self) -> Peer {
        Peer::Memory
    }

    fn is_reliable(&self) -> bool {
        true
    }

    fn message_max(&self) -> usize {
        RECORD_MAX
    }
}
