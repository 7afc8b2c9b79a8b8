use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    task::JoinSet,
    time::sleep,
};

/// Bytes that are passed on at once unless the faults say fewer.
const PIECE_MAX: usize = 64 << 10;

/// How a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpEnding {
    /// Both ends see an orderly end.
    Close,
    /// Both ends see a reset.
    Reset,
    /// The end to which the bytes went sees an orderly end, and what follows is thrown away; the
    /// other direction goes on.
    HalfClose,
}

/// What a relay does to one TCP connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpFaults {
    to_server: Direction,
    to_client: Direction,
    mirrors_port: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Direction {
    cut: Option<(u64, TcpEnding)>,
    piece: Option<usize>,
    pause: Duration,
}

impl TcpFaults {
    /// No faults at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Cuts the connection when so many bytes were passed on to the server.
    #[must_use]
    pub fn cut_to_server(mut self, after: u64, ending: TcpEnding) -> Self {
        self.to_server.cut = Some((after, ending));
        self
    }

    /// Cuts the connection when so many bytes were passed on to the client.
    #[must_use]
    pub fn cut_to_client(mut self, after: u64, ending: TcpEnding) -> Self {
        self.to_client.cut = Some((after, ending));
        self
    }

    /// Passes on at most so many bytes at once, in both directions: 1 makes a segment of each
    /// byte.
    #[must_use]
    pub fn split(mut self, bytes: usize) -> Self {
        self.to_server.piece = Some(bytes.clamp(1, PIECE_MAX));
        self.to_client.piece = self.to_server.piece;
        self
    }

    /// Waits before each piece, in both directions: small pieces dribble, and what gathers
    /// meanwhile is merged.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.to_server.pause = pause;
        self.to_client.pause = pause;
        self
    }

    /// Shows the server the client's own port number, at the address 127.0.0.2, as if there were
    /// no relay: a server that knows its clients by address and port knows them again. The server
    /// always sees a reset in the end, for otherwise the port would be blocked for a minute. It
    /// needs a server on 127.0.0.1 and an operating system that has the address, as Linux does.
    #[must_use]
    pub fn mirror_port(mut self) -> Self {
        self.mirrors_port = true;
        self
    }
}

/// A relay between TCP sockets that cuts, resets, half-closes, splits, merges and delays.
///
/// Clients connect to its address in place of the server's. It ends when it is dropped, with a
/// reset of all connections.
#[derive(Debug)]
pub struct TcpRelay {
    address: SocketAddr,
    /// Ends the tasks when it is dropped.
    _tasks: JoinSet<()>,
}

impl TcpRelay {
    /// Starts a relay to a server, at any free port of 127.0.0.1. The function says what happens
    /// to each connection, the first of which has the number 0.
    ///
    /// # Errors
    ///
    /// The operating system gives no socket.
    pub async fn start(
        server: SocketAddr,
        mut faults: impl FnMut(u64) -> TcpFaults + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                // Without descriptors there is no relay any more.
                let Ok((client, _)) = listener.accept().await else {
                    return;
                };
                connections.spawn(relay(client, server, faults(number)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            address,
            _tasks: tasks,
        })
    }

    /// The address that clients connect to.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

/// Passes on what the two ends of a connection send each other, until both have ended or the
/// connection is cut.
async fn relay(mut client: TcpStream, server: SocketAddr, faults: TcpFaults) {
    let port = client.peer_addr().map(|address| address.port());
    let mirrored = port.ok().filter(|_| faults.mirrors_port);
    let ending = match connect(server, mirrored).await {
        Ok(mut server) => {
            let ending = pass_on(&mut client, &mut server, faults).await;
            if ending == TcpEnding::Reset || faults.mirrors_port {
                // Without a reset the socket is closed in order, which is an ending too.
                let _ = server.set_zero_linger();
            }
            ending
        }
        Err(_) => TcpEnding::Reset,
    };
    if ending == TcpEnding::Reset {
        let _ = client.set_zero_linger();
    }
}

/// Connects to the server, from a port of this number at 127.0.0.2 where there is one.
async fn connect(server: SocketAddr, mirrored: Option<u16>) -> io::Result<TcpStream> {
    let stream = match mirrored {
        None => TcpStream::connect(server).await?,
        Some(port) => {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from(([127, 0, 0, 2], port)))?;
            socket.connect(server).await?
        }
    };
    Ok(stream)
}

async fn pass_on(client: &mut TcpStream, server: &mut TcpStream, faults: TcpFaults) -> TcpEnding {
    // Each piece is a segment of its own.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let both = tokio::try_join!(
        pump(from_client, to_server, faults.to_server),
        pump(from_server, to_client, faults.to_client),
    );
    both.err().unwrap_or(TcpEnding::Close)
}

/// Passes on one direction to its end. An error is the ending of the whole connection.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    direction: Direction,
) -> Result<(), TcpEnding> {
    let mut buffer = vec![0; direction.piece.unwrap_or(PIECE_MAX)];
    let mut left = direction.cut.map(|(after, _)| after);
    while left != Some(0) {
        if !direction.pause.is_zero() {
            sleep(direction.pause).await;
        }
        let room = left.map_or(buffer.len(), |left| {
            usize::try_from(left).unwrap_or(usize::MAX)
        });
        let room = room.min(buffer.len());
        let input = buffer.get_mut(..room).unwrap_or_default();
        let count = from.read(input).await.map_err(|_| TcpEnding::Reset)?;
        if count == 0 {
            return end(&mut to).await;
        }
        let piece = input.get(..count).unwrap_or_default();
        to.write_all(piece).await.map_err(|_| TcpEnding::Reset)?;
        left = left.map(|left| left.saturating_sub(count as u64));
    }
    match direction.cut {
        Some((_, TcpEnding::HalfClose)) => {
            end(&mut to).await?;
            while from.read(&mut buffer).await.map_err(|_| TcpEnding::Reset)? > 0 {}
            Ok(())
        }
        Some((_, ending)) => Err(ending),
        None => Ok(()),
    }
}

/// Says that nothing follows; an end that has gone already is gone for the other too.
async fn end(to: &mut WriteHalf<'_>) -> Result<(), TcpEnding> {
    to.shutdown().await.map_err(|_| TcpEnding::Reset)
}
