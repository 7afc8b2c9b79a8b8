mod shards;
mod shutdown;

#[cfg(unix)]
use std::path::PathBuf;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::UdpSocket,
    runtime::Handle,
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};
use xdr::{Limits, Tolerance};

#[cfg(feature = "tls")]
use super::tls::{ServerTls, TlsAcceptor};
#[cfg(unix)]
use super::unix::UnixAcceptor;
use super::{
    accept::{TcpAcceptor, accept},
    account::Totals,
    calls::BlockingJob,
    limits::ServerLimits,
    load::Load,
    memory, now,
    server_connection::{Common, Phase, serve},
    server_socket::ServerSocket,
    workers::{WorkerStatus, Workers},
};
#[cfg(unix)]
use crate::connect::UnixAddress;
use crate::{
    CacheLimits, Dispatcher, VersionServer, datagram::ServerSettings, dispatch::AlreadyServed,
};

use shards::{Placed, Shards};
pub use shutdown::ShutdownReport;

/// Threads for services that block, at the most. They wait for disks and databases more than they
/// compute, so that there may be many more than processors; and each has a stack.
const WORKERS: usize = 64;

/// Threads for TCP connections: none beside those of the runtime that the server is started in.
const SHARDS: usize = 1;

/// How long a server that shuts down waits for its services.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);

/// A running server: versions of programs, on any number of transports.
///
/// It ends when it is dropped, at once; [`shutdown`](Self::shutdown) ends it in order.
#[derive(Debug)]
#[must_use = "a server ends when it is dropped"]
pub struct Server {
    phase: watch::Sender<Phase>,
    shutdown_limit: Duration,
    workers: Arc<Workers<BlockingJob>>,
    /// Is told of each worker that ends.
    worker_ended: Arc<Notify>,
    totals: Arc<Totals>,
    /// Ends when nothing is left of connections and calls.
    is_there: mpsc::Receiver<()>,
    listeners: JoinSet<()>,
    shards: Shards,
    tcp: Vec<SocketAddr>,
    #[cfg(feature = "tls")]
    tls: Vec<SocketAddr>,
    udp: Vec<SocketAddr>,
}

impl Server {
    /// A builder for a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            services: Vec::new(),
            tcp: Vec::new(),
            #[cfg(feature = "tls")]
            tls: Vec::new(),
            udp: Vec::new(),
            #[cfg(unix)]
            unix: UnixSockets::default(),
            memory: Vec::new(),
            limits: Limits::default(),
            tolerance: Tolerance::default(),
            server_limits: ServerLimits::default(),
            shards: SHARDS,
            workers: WORKERS,
            worker_queue: None,
            udp_cache: Some(CacheLimits::UDP),
            tcp_cache: None,
            shutdown_limit: SHUTDOWN_LIMIT,
        }
    }

    /// The first address that is listened at for TCP connections.
    #[must_use]
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.tcp.first().copied()
    }

    /// The first address that is listened at for TCP connections that speak TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls.first().copied()
    }

    /// The first address that UDP datagrams are received at.
    #[must_use]
    pub fn udp_addr(&self) -> Option<SocketAddr> {
        self.udp.first().copied()
    }

    /// All addresses of the server: those for TCP in the order of the builder, then those for TLS,
    /// then those for UDP.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        #[cfg(feature = "tls")]
        let tls = &self.tls;
        #[cfg(not(feature = "tls"))]
        let tls = &[];
        self.tcp.iter().chain(tls).chain(&self.udp).copied()
    }

    /// What the threads for services that block are doing.
    #[must_use]
    pub fn worker_status(&self) -> WorkerStatus {
        self.workers.status()
    }
}

/// What the thread of a worker does: it works, where the service finds the runtime of the server, and
/// says when it ends.
fn worker(ended: Arc<Notify>) -> impl Fn(&dyn Fn()) + Send + Sync {
    let runtime = Handle::current();
    move |work| {
        let inside = runtime.enter();
        work();
        drop(inside);
        ended.notify_one();
    }
}

/// What a server is made of.
#[derive(Debug)]
#[must_use = "a server runs once it is started"]
pub struct ServerBuilder {
    services: Vec<VersionServer>,
    tcp: Vec<String>,
    #[cfg(feature = "tls")]
    tls: Vec<(String, ServerTls)>,
    udp: Vec<String>,
    #[cfg(unix)]
    unix: UnixSockets,
    memory: Vec<memory::Listener>,
    limits: Limits,
    tolerance: Tolerance,
    pub(super) server_limits: ServerLimits,
    shards: usize,
    workers: usize,
    worker_queue: Option<usize>,
    udp_cache: Option<CacheLimits>,
    tcp_cache: Option<CacheLimits>,
    shutdown_limit: Duration,
}

/// The Unix sockets that a server listens at.
#[cfg(unix)]
#[derive(Debug, Default)]
struct UnixSockets {
    addresses: Vec<UnixAddress>,
    mode: Option<u32>,
}

/// A server that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two services were given for one version of a program.
    #[error(transparent)]
    AlreadyServed(#[from] AlreadyServed),
    /// An address cannot be listened at.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address, as it was given.
        address: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// A thread for [connections](ServerBuilder::shards) cannot be started.
    #[error("cannot start a thread for connections: {0}")]
    Shard(io::Error),
}

impl ServerBuilder {
    /// Adds a version of a program with its service: a generated `Server`.
    pub fn service(mut self, service: impl Into<VersionServer>) -> Self {
        self.services.push(service.into());
        self
    }

    /// Listens for TCP connections at this address, `HOST:PORT`; port 0 is any free one.
    ///
    /// `[::]` serves IPv4 as well where the operating system has it so, as Linux does; such peers are
    /// seen as `[::ffff:192.0.2.1]`, and limits take them for the IPv4 addresses that they are.
    pub fn tcp(mut self, address: impl Into<String>) -> Self {
        self.tcp.push(address.into());
        self
    }

    /// Listens at this address, `HOST:PORT`, for TCP connections that speak TLS (RFC 9289); port 0 is
    /// any free one.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, address: impl Into<String>, tls: ServerTls) -> Self {
        self.tls.push((address.into(), tls));
        self
    }

    /// Receives UDP datagrams at this address, `HOST:PORT`; port 0 is any free one.
    ///
    /// Where it is `0.0.0.0` or `[::]`, which is for IPv4 as with [`tcp`](Self::tcp), replies leave
    /// from the address that the call came to.
    pub fn udp(mut self, address: impl Into<String>) -> Self {
        self.udp.push(address.into());
        self
    }

    /// Listens for connections at this Unix socket, a path, or on Linux `@NAME`, a name that is no
    /// file. The file is removed when the server ends; one that a server that has died left behind
    /// is replaced.
    #[cfg(unix)]
    pub fn unix(mut self, path: impl Into<PathBuf>) -> Self {
        self.unix.addresses.push(UnixAddress::new(path));
        self
    }

    /// Sets the permissions of the files of Unix sockets, such as `0o600`: who may write to the file
    /// may connect. The default is what the process gives to new files.
    #[cfg(unix)]
    pub fn unix_mode(mut self, mode: u32) -> Self {
        self.unix.mode = Some(mode);
        self
    }

    /// Serves clients within this process, those of [`memory::channel`] or [`memory::listen`].
    pub fn memory(mut self, listener: memory::Listener) -> Self {
        self.memory.push(listener);
        self
    }

    /// Sets what the decoded arguments of a call may take at the most: memory, nesting, elements
    /// of no size. The defaults are those of [`Limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets which faults of its clients the server overlooks in arguments: none by default, see
    /// [`Tolerance`] for the peers that need it. Headers are always read strictly.
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Divides TCP connections, those that speak TLS too, among so many threads, each with a runtime
    /// of its own. A connection stays on its thread, and its services run there: one that takes long
    /// holds up the other connections of the thread. Limits and [`workers`](Self::workers) are those
    /// of the whole server.
    ///
    /// Each thread has a listener for each address (`SO_REUSEPORT`), and Linux chooses one for each
    /// connection, by the addresses of both ends: with a few connections, a thread may have none. On
    /// other systems more than one thread is an error. An address that another server has is an error,
    /// too; but programs of the same user can share it later, if they ask for that.
    ///
    /// UDP, Unix sockets and memory stay in the runtime that [`start`](Self::start) is called in. (A
    /// client of reliable datagrams may change its address, and the system would then choose another
    /// thread.) With 1, the default, TCP does so too, and there are no other threads.
    ///
    /// Tasks that services spawn run on the thread of the call, and end with the server.
    pub fn shards(mut self, threads: usize) -> Self {
        self.shards = threads.max(1);
        self
    }

    /// Sets how many threads there are for services that block, in all and at the most: they are
    /// started as they are needed. While they are busy, calls of such services wait; no others do. The
    /// default is 64.
    pub fn workers(mut self, threads: usize) -> Self {
        self.workers = threads.max(1);
        self
    }

    /// Sets how many calls may wait for one of the [`workers`](Self::workers); more are refused, over
    /// reliable datagrams so that the caller knows that they were not executed, elsewhere by
    /// `SYSTEM_ERR`. By default as many wait as calls may of any service, see
    /// [`calls_total_max`](Self::calls_total_max).
    pub fn worker_queue(mut self, calls: impl Into<Option<usize>>) -> Self {
        self.worker_queue = calls.into();
        self
    }

    /// Sets what the [duplicate request cache](crate::duplicate_request_cache) of each UDP socket may
    /// hold, or switches it off. The default is [`CacheLimits::UDP`].
    pub fn duplicate_request_cache(mut self, limits: impl Into<Option<CacheLimits>>) -> Self {
        self.udp_cache = limits.into();
        self
    }

    /// Gives each TCP address a [duplicate request cache](crate::duplicate_request_cache), for
    /// clients that send calls again once they have connected again, from the same address and
    /// port. By default there is none; [`CacheLimits::TCP`] suits.
    pub fn duplicate_request_cache_for_tcp(
        mut self,
        limits: impl Into<Option<CacheLimits>>,
    ) -> Self {
        self.tcp_cache = limits.into();
        self
    }

    /// Sets how long [`Server::shutdown`] waits for the services. The default is 30 seconds.
    pub fn shutdown_limit(mut self, limit: Duration) -> Self {
        self.shutdown_limit = limit;
        self
    }

    /// Starts the server; it is reachable when this returns.
    ///
    /// # Errors
    ///
    /// An address cannot be listened at, two services are for one version of a program, or a thread
    /// cannot be started.
    pub async fn start(mut self) -> Result<Server, StartError> {
        let (mut server, common) = self.assemble().await?;
        for address in self.tcp {
            let common = common.with_cache(self.tcp_cache);
            server.listen_tcp(address, common).await?;
        }
        #[cfg(feature = "tls")]
        for (address, tls) in self.tls {
            let common = common.with_cache(self.tcp_cache);
            server.listen_tls(address, tls, common).await?;
        }
        for address in self.udp {
            let common = common.with_cache(self.udp_cache);
            server.listen_udp(address, common).await?;
        }
        #[cfg(unix)]
        for address in self.unix.addresses {
            let bound =
                UnixAcceptor::bind(&address, self.unix.mode, common.limits.record_max).await;
            let acceptor = bound.map_err(|error| StartError::Listen {
                address: address.to_string(),
                error,
            })?;
            server.listeners.spawn(accept(acceptor, common.clone()));
        }
        for listener in self.memory {
            server.listeners.spawn(accept(listener, common.clone()));
        }
        Ok(server)
    }

    /// A server that listens nowhere yet, and what its connections share.
    async fn assemble(&mut self) -> Result<(Server, Common), StartError> {
        let mut dispatcher = Dispatcher::new()
            .with_limits(self.limits)
            .with_tolerance(self.tolerance)
            .observed(now);
        for service in std::mem::take(&mut self.services) {
            dispatcher.register(service)?;
        }
        // One shard is what there is already.
        let threads = if self.shards > 1 { self.shards } else { 0 };
        let shards = Shards::start(threads).await.map_err(StartError::Shard)?;
        let worker_ended = Arc::new(Notify::new());
        let queue_max = self.worker_queue.unwrap_or(usize::MAX);
        let workers = Workers::new(self.workers, queue_max, worker(Arc::clone(&worker_ended)));
        let workers = Arc::new(workers);
        let (phase, receiver) = watch::channel(Phase::Running);
        let (load_is_there, is_there) = mpsc::channel(1);
        let totals = Arc::new(Totals::default());
        let common = Common {
            dispatcher: Arc::new(dispatcher),
            cache: None,
            load: Arc::new(Load::new(&self.server_limits, load_is_there)),
            limits: Arc::new(self.server_limits.clone()),
            workers: Arc::clone(&workers),
            totals: Arc::clone(&totals),
            phase: receiver,
        };
        let server = Server {
            phase,
            shutdown_limit: self.shutdown_limit,
            workers,
            worker_ended,
            totals,
            is_there,
            listeners: JoinSet::new(),
            shards,
            tcp: Vec::new(),
            #[cfg(feature = "tls")]
            tls: Vec::new(),
            udp: Vec::new(),
        };
        Ok((server, common))
    }
}

impl Server {
    async fn listen_tcp(&mut self, address: String, common: Common) -> Result<(), StartError> {
        let (local, listeners) = self.bind_tcp(address).await?;
        self.tcp.push(local);
        let record_max = common.limits.record_max;
        for (runtime, listener) in listeners {
            let acceptor = TcpAcceptor {
                listener,
                record_max,
            };
            let accept = accept(acceptor, common.clone());
            self.listeners.spawn_on(accept, &runtime);
        }
        Ok(())
    }

    #[cfg(feature = "tls")]
    async fn listen_tls(
        &mut self,
        address: String,
        tls: ServerTls,
        common: Common,
    ) -> Result<(), StartError> {
        let (local, listeners) = self.bind_tcp(address).await?;
        self.tls.push(local);
        let tls = Arc::new(tls);
        for (runtime, listener) in listeners {
            let record_max = common.limits.record_max;
            let acceptor = TlsAcceptor::new(listener, Arc::clone(&tls), record_max);
            let accept = accept(acceptor, common.clone());
            self.listeners.spawn_on(accept, &runtime);
        }
        Ok(())
    }

    async fn bind_tcp(&self, address: String) -> Result<(SocketAddr, Vec<Placed>), StartError> {
        let bound = self.shards.listen(&address).await;
        bound.map_err(|error| StartError::Listen { address, error })
    }

    async fn listen_udp(&mut self, address: String, common: Common) -> Result<(), StartError> {
        let amplification = common.limits.amplification();
        let bound = UdpSocket::bind(&address).await.and_then(|socket| {
            let local = socket.local_addr()?;
            Ok((
                local,
                ServerSocket::new(socket, ServerSettings::default(), amplification)?,
            ))
        });
        let (local, socket) = bound.map_err(|error| StartError::Listen { address, error })?;
        self.udp.push(local);
        self.listeners.spawn(serve(socket, common));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
