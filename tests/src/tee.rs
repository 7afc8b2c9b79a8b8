//! A link that writes down what passes: it stands between a client and a server.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinHandle,
};

/// Bytes that are passed on at once: what fits into one packet of a capture.
const PIECE_MAX: usize = 16 << 10;

/// From whom a piece came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// What passed, in the order in which it did.
pub type Pieces = Vec<(From, Vec<u8>)>;

/// A link for one client, over TCP or UDP.
#[derive(Debug)]
pub struct Tee {
    address: SocketAddr,
    pieces: Arc<Mutex<Pieces>>,
    task: JoinHandle<io::Result<()>>,
}

impl Tee {
    /// A link to a server that listens for TCP connections.
    pub async fn tcp(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let pieces = Arc::default();
        let task = tokio::spawn(pass_stream(listener, server, Arc::clone(&pieces)));
        Ok(Self {
            address,
            pieces,
            task,
        })
    }

    /// A link to a server that receives UDP datagrams.
    pub async fn udp(server: SocketAddr) -> io::Result<Self> {
        let near = UdpSocket::bind("127.0.0.1:0").await?;
        let address = near.local_addr()?;
        let pieces = Arc::default();
        let task = tokio::spawn(pass_datagrams(near, server, Arc::clone(&pieces)));
        Ok(Self {
            address,
            pieces,
            task,
        })
    }

    /// The address that the client takes for the server's.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the link and gives what passed.
    #[must_use]
    pub fn end(self) -> Pieces {
        self.task.abort();
        std::mem::take(&mut *self.pieces.lock().unwrap())
    }
}

async fn pass_stream(
    listener: TcpListener,
    server: SocketAddr,
    pieces: Arc<Mutex<Pieces>>,
) -> io::Result<()> {
    let (mut near, _) = listener.accept().await?;
    let mut far = TcpStream::connect(server).await?;
    let (near_read, near_write) = near.split();
    let (far_read, far_write) = far.split();
    tokio::try_join!(
        pass(near_read, far_write, From::Client, &pieces),
        pass(far_read, near_write, From::Server, &pieces),
    )?;
    Ok(())
}

async fn pass(
    mut read: impl AsyncRead + Unpin,
    mut write: impl AsyncWrite + Unpin,
    from: From,
    pieces: &Mutex<Pieces>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE_MAX];
    loop {
        let len = read.read(&mut buffer).await?;
        let Some(piece @ [_, ..]) = buffer.get(..len) else {
            return write.shutdown().await;
        };
        // Written down first: when the reply is there, all of it stands in the list.
        pieces.lock().unwrap().push((from, piece.to_vec()));
        write.write_all(piece).await?;
    }
}

async fn pass_datagrams(
    near: UdpSocket,
    server: SocketAddr,
    pieces: Arc<Mutex<Pieces>>,
) -> io::Result<()> {
    let far = UdpSocket::bind("127.0.0.1:0").await?;
    far.connect(server).await?;
    let (mut call, mut reply) = (vec![0; PIECE_MAX], vec![0; PIECE_MAX]);
    let mut client = None;
    loop {
        tokio::select! {
            received = near.recv_from(&mut call) => {
                let (len, from) = received?;
                client = Some(from);
                call.resize(len, 0);
                pieces.lock().unwrap().push((From::Client, call.clone()));
                far.send(&call).await?;
                call.resize(PIECE_MAX, 0);
            }
            received = far.recv(&mut reply) => {
                reply.resize(received?, 0);
                pieces.lock().unwrap().push((From::Server, reply.clone()));
                if let Some(client) = client {
                    near.send_to(&reply, client).await?;
                }
                reply.resize(PIECE_MAX, 0);
            }
        }
    }
}
