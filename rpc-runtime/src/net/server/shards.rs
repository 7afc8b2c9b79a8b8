//! Threads that each serve the connections that the operating system gives them.

use std::{future::Future, io, net::SocketAddr, thread};

use tokio::{
    net::{TcpListener, TcpSocket, lookup_host},
    runtime::{Builder, Handle},
    sync::{oneshot, watch},
};

use crate::net::accept::BACKLOG;

/// The threads that a server divides its TCP connections among, each with a runtime of its own; none
/// where everything is served by the runtime that the server was started in.
///
/// They end when this is dropped.
#[derive(Debug)]
pub(super) struct Shards {
    /// Tells the threads to end, and knows when they have.
    is_over: watch::Sender<bool>,
    shards: Vec<Shard>,
}

#[derive(Debug)]
struct Shard {
    runtime: Handle,
    thread: thread::JoinHandle<()>,
}

/// A listener, and the runtime that it is in.
pub(super) type Placed = (Handle, TcpListener);

impl Shards {
    /// Starts so many threads.
    pub(super) async fn start(count: usize) -> io::Result<Self> {
        let is_over = watch::Sender::new(false);
        let mut shards = Vec::with_capacity(count);
        for _ in 0..count {
            shards.push(Shard::start(is_over.subscribe()).await?);
        }
        Ok(Self { is_over, shards })
    }

    /// Listens for TCP connections at an address, once in each shard, or in the runtime that this is
    /// called in where there are none.
    pub(super) async fn listen(&self, address: &str) -> io::Result<(SocketAddr, Vec<Placed>)> {
        let Some((first, others)) = self.shards.split_first() else {
            let listener = TcpListener::bind(address).await?;
            return Ok((listener.local_addr()?, vec![(Handle::current(), listener)]));
        };
        let (local, listener) = first.listen_first(address).await?;
        let mut listeners = vec![(first.runtime.clone(), listener)];
        for shard in others {
            let socket = socket_for(local)?;
            share(&socket)?;
            socket.bind(local)?;
            listeners.push((shard.runtime.clone(), shard.accept_from(socket)?));
        }
        Ok((local, listeners))
    }

    /// Has the threads end, and drops what runs on them.
    pub(super) fn end(&self) {
        self.is_over.send_replace(true);
    }

    /// Waits until all threads are at their end.
    pub(super) fn ended(&self) -> impl Future<Output = ()> {
        self.is_over.closed()
    }

    /// Waits for the threads; blocks unless they have [ended](Self::ended).
    pub(super) fn join(self) {
        for shard in self.shards {
            // The tasks of a runtime panic within it.
            let _ = shard.thread.join();
        }
    }
}

impl Shard {
    async fn start(is_over: watch::Receiver<bool>) -> io::Result<Self> {
        let (sender, receiver) = oneshot::channel();
        let builder = thread::Builder::new().name("rpc-shard".to_owned());
        let thread = builder.spawn(move || run(sender, is_over))?;
        // A thread that has panicked says nothing.
        let runtime = receiver.await.map_err(io::Error::other)??;
        Ok(Self { runtime, thread })
    }

    /// Listens at an address where nobody does, whoever would share it; port 0 is any free one.
    async fn listen_first(&self, address: &str) -> io::Result<(SocketAddr, TcpListener)> {
        let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in lookup_host(address).await? {
            let socket = socket_for(address)?;
            match socket.bind(address) {
                Ok(()) => {
                    // From now on: the other shards are let in, and another server was kept out.
                    share(&socket)?;
                    let listener = self.accept_from(socket)?;
                    return Ok((listener.local_addr()?, listener));
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Listens with a socket; this shard accepts.
    fn accept_from(&self, socket: TcpSocket) -> io::Result<TcpListener> {
        let _inside = self.runtime.enter();
        socket.listen(BACKLOG)
    }
}

/// What a thread does: it runs tasks until the server is over.
fn run(started: oneshot::Sender<io::Result<Handle>>, mut is_over: watch::Receiver<bool>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            // Who starts the server may have given up.
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok(runtime.handle().clone()));
    // An error says that the server was dropped.
    let _ = runtime.block_on(is_over.wait_for(|is_over| *is_over));
    // Drops the tasks; what services have moved to threads for blocking is not waited for.
    runtime.shutdown_background();
    // Only now can somebody see that this has ended.
    drop(is_over);
}

/// A socket to listen with, as tokio makes them.
fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    Ok(socket)
}

/// Has the operating system divide connections among the sockets that listen at one address.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn share(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseport(true)
}

/// Others give all connections to one of the sockets, or let no second one listen.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn share(_: &TcpSocket) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this operating system does not divide connections among threads",
    ))
}
