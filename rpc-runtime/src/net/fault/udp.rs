use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use tokio::{net::UdpSocket, sync::mpsc, task::JoinSet};

use crate::fault::{Faults, LinkCounters, LossyLink};
use crate::{
    connect::DATAGRAM_MAX,
    net::{now, until},
};

/// Clients that a relay keeps apart, each with a socket of its own; others are not heard.
const CLIENTS_MAX: usize = 1024;

/// Datagrams from the server that wait for the relay; more are lost, as in a socket's buffer.
const QUEUE_MAX: usize = 1024;

/// A relay between UDP sockets, with a [`LossyLink`] in each direction.
///
/// Clients send to its address in place of the server's, and the server sees a port of the relay
/// in place of each client's. Whatever is in the datagrams passes: plain ONC RPC, reliable
/// datagrams, or the packets of a channel. It ends when it is dropped.
#[derive(Debug)]
pub struct UdpRelay {
    address: SocketAddr,
    links: Arc<Mutex<Links>>,
    /// Ends the tasks when it is dropped.
    _tasks: JoinSet<()>,
}

/// Both directions; datagrams go to, or come from, the client with this address.
#[derive(Debug)]
struct Links {
    to_server: LossyLink<SocketAddr>,
    to_client: LossyLink<SocketAddr>,
}

impl Links {
    fn next_delivery(&self) -> Option<Instant> {
        let deliveries = [
            self.to_server.next_delivery(),
            self.to_client.next_delivery(),
        ];
        deliveries.into_iter().flatten().min()
    }
}

impl UdpRelay {
    /// Starts a relay to a server, at any free port of 127.0.0.1; the seed decides which datagrams
    /// suffer the faults, in each direction.
    ///
    /// # Errors
    ///
    /// The operating system gives no socket.
    pub async fn start(server: SocketAddr, faults: Faults, seed: u64) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let links = Arc::new(Mutex::new(Links {
            to_server: LossyLink::new(faults, seed),
            to_client: LossyLink::new(faults, !seed),
        }));
        let (received, from_server) = mpsc::channel(QUEUE_MAX);
        let relay = Relay {
            server,
            socket,
            links: Arc::clone(&links),
            clients: HashMap::new(),
            received,
            readers: JoinSet::new(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(relay.run(from_server));
        Ok(Self {
            address,
            links,
            _tasks: tasks,
        })
    }

    /// The address that clients send to.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Changes the faults of both directions, for datagrams that come from now on.
    pub fn set_faults(&self, faults: Faults) {
        let mut links = lock(&self.links);
        links.to_server.set_faults(faults);
        links.to_client.set_faults(faults);
    }

    /// What happened to datagrams on their way to the server.
    #[must_use]
    pub fn to_server(&self) -> LinkCounters {
        lock(&self.links).to_server.counters()
    }

    /// What happened to datagrams on their way to the clients.
    #[must_use]
    pub fn to_client(&self) -> LinkCounters {
        lock(&self.links).to_client.counters()
    }
}

/// The task of a relay.
struct Relay {
    server: SocketAddr,
    socket: UdpSocket,
    links: Arc<Mutex<Links>>,
    /// The sockets that stand for the clients at the server.
    clients: HashMap<SocketAddr, Arc<UdpSocket>>,
    received: mpsc::Sender<(SocketAddr, Bytes)>,
    readers: JoinSet<()>,
}

impl Relay {
    async fn run(mut self, mut from_server: mpsc::Receiver<(SocketAddr, Bytes)>) {
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            let next = lock(&self.links).next_delivery();
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => {
                    // An error tells of a datagram that could not be delivered to a client.
                    if let Ok((len, client)) = received && self.knows(client).await {
                        let datagram = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
                        lock(&self.links).to_server.send(now(), client, datagram);
                    }
                }
                Some((client, datagram)) = from_server.recv() => {
                    lock(&self.links).to_client.send(now(), client, datagram);
                }
                () = until(next) => {}
            }
            self.deliver().await;
        }
    }

    /// Passes on what has come out of the links. What no socket takes is lost.
    async fn deliver(&self) {
        loop {
            let now = now();
            let (to_server, to_client) = {
                let mut links = lock(&self.links);
                (links.to_server.deliver(now), links.to_client.deliver(now))
            };
            if to_server.is_none() && to_client.is_none() {
                return;
            }
            if let Some((client, datagram)) = to_server
                && let Some(socket) = self.clients.get(&client)
            {
                let _ = socket.send(&datagram).await;
            }
            if let Some((client, datagram)) = to_client {
                let _ = self.socket.send_to(&datagram, client).await;
            }
        }
    }

    /// Whether there is a socket for this client, if need be a new one.
    async fn knows(&mut self, client: SocketAddr) -> bool {
        if self.clients.contains_key(&client) {
            return true;
        }
        if self.clients.len() >= CLIENTS_MAX {
            return false;
        }
        let Ok(socket) = connect(self.server).await else {
            return false;
        };
        let socket = Arc::new(socket);
        self.clients.insert(client, Arc::clone(&socket));
        let received = self.received.clone();
        self.readers.spawn(async move {
            let mut buffer = vec![0; DATAGRAM_MAX];
            loop {
                // An error tells that the server is not there now; it may come back.
                if let Ok(len) = socket.recv(&mut buffer).await {
                    let datagram = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
                    let _ = received.try_send((client, datagram));
                }
            }
        });
        true
    }
}

async fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any = match server {
        SocketAddr::V4(_) => "0.0.0.0:0",
        SocketAddr::V6(_) => "[::]:0",
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}

/// The links; a panic while they were locked has left nothing half done.
fn lock(links: &Mutex<Links>) -> MutexGuard<'_, Links> {
    links.lock().unwrap_or_else(PoisonError::into_inner)
}
