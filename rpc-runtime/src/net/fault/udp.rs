use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    net::UdpSocket,
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use crate::fault::{Faults, LinkCounters, LossyLink};
use crate::{
    connect::DATAGRAM_MAX,
    net::{now, until},
};

/// Clients that a relay keeps apart, each with a socket of its own; others are not heard.
const CLIENTS_MAX: usize = 1024;

/// After how long a silent client may be forgotten: one that waits for a reply sends more often.
const SILENCE_MAX: Duration = Duration::from_secs(60);

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
        let relay = Relay::new(server, socket, Arc::clone(&links), received);
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
    clients: HashMap<SocketAddr, RelayedClient>,
    received: mpsc::Sender<(SocketAddr, Bytes)>,
    readers: JoinSet<()>,
}

/// A client, as the relay keeps it apart from others.
struct RelayedClient {
    /// What stands for it at the server.
    socket: Arc<UdpSocket>,
    /// The task that reads from the socket.
    reader: AbortHandle,
    /// When it sent something the last time.
    heard: Instant,
}

impl Relay {
    fn new(
        server: SocketAddr,
        socket: UdpSocket,
        links: Arc<Mutex<Links>>,
        received: mpsc::Sender<(SocketAddr, Bytes)>,
    ) -> Self {
        Self {
            server,
            socket,
            links,
            clients: HashMap::new(),
            received,
            readers: JoinSet::new(),
        }
    }

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
                && let Some(client) = self.clients.get(&client)
            {
                let _ = client.socket.send(&datagram).await;
            }
            if let Some((client, datagram)) = to_client {
                let _ = self.socket.send_to(&datagram, client).await;
            }
        }
    }

    /// Whether there is a socket for this client, if need be a new one.
    async fn knows(&mut self, client: SocketAddr) -> bool {
        if let Some(known) = self.clients.get_mut(&client) {
            known.heard = now();
            return true;
        }
        self.forget_silent();
        if self.clients.len() >= CLIENTS_MAX {
            return false;
        }
        let Ok(socket) = connect(self.server).await else {
            return false;
        };
        let socket = Arc::new(socket);
        let received = self.received.clone();
        let reader = read(Arc::clone(&socket), client, received);
        let known = RelayedClient {
            socket,
            reader: self.readers.spawn(reader),
            heard: now(),
        };
        self.clients.insert(client, known);
        true
    }

    /// Gives the sockets of clients back that have sent nothing for long.
    fn forget_silent(&mut self) {
        let now = now();
        self.clients.retain(|_, client| {
            let stays = now.duration_since(client.heard) < SILENCE_MAX;
            if !stays {
                client.reader.abort();
            }
            stays
        });
        while self.readers.try_join_next().is_some() {}
    }
}

/// Takes what the server sends to a client.
async fn read(
    socket: Arc<UdpSocket>,
    client: SocketAddr,
    received: mpsc::Sender<(SocketAddr, Bytes)>,
) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        // An error tells that the server is not there now; it may come back.
        if let Ok(len) = socket.recv(&mut buffer).await {
            let datagram = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
            let _ = received.try_send((client, datagram));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sockets_of_silent_clients_are_given_back() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = socket.local_addr().unwrap();
        let links = Arc::new(Mutex::new(Links {
            to_server: LossyLink::new(Faults::none(), 1),
            to_client: LossyLink::new(Faults::none(), 2),
        }));
        let (received, _from_server) = mpsc::channel(QUEUE_MAX);
        let mut relay = Relay::new(server, socket, links, received);
        let client = |port| SocketAddr::from(([127, 0, 0, 1], port));
        for port in 1..=100 {
            assert!(relay.knows(client(port)).await);
        }
        tokio::time::advance(SILENCE_MAX / 2).await;
        assert!(relay.knows(client(7)).await);
        tokio::time::advance(SILENCE_MAX / 2).await;
        assert!(relay.knows(client(101)).await);
        let mut known: Vec<u16> = relay.clients.keys().map(SocketAddr::port).collect();
        known.sort_unstable();
        assert_eq!(known, [7, 101]);
        while relay.readers.len() > 2 {
            relay.readers.join_next().await;
        }
    }
}
