use std::{fmt, io, net::SocketAddr};

use bytes::Bytes;
use tokio::net::{ToSocketAddrs, UdpSocket, lookup_host};

use crate::connect::DATAGRAM_MAX;

/// An endpoint that sends and receives datagrams, and promises nothing: any of them may be lost,
/// come twice, or come in another order.
///
/// This is the layer on which everything reliable is built.
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use rpc_runtime::DatagramEndpoint;
///
/// let server = DatagramEndpoint::open("127.0.0.1:0").await?;
/// let client = DatagramEndpoint::open("127.0.0.1:0").await?;
/// client.send(server.local_addr()?, b"hello").await?;
/// let greeting = server.receive().await?;
/// server.reply(&greeting, b"hello yourself").await?;
/// assert_eq!(client.receive().await?.data(), b"hello yourself");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct DatagramEndpoint {
    socket: UdpSocket,
}

impl DatagramEndpoint {
    /// Opens an endpoint at a local address; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The address does not exist here or is in use.
    pub async fn open(local: impl ToSocketAddrs) -> io::Result<Self> {
        let socket = UdpSocket::bind(local).await?;
        Ok(Self { socket })
    }

    /// The address of this endpoint.
    ///
    /// # Errors
    ///
    /// The operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Sends a datagram of at most 65,507 bytes. That it was sent does not say that it arrives.
    ///
    /// # Errors
    ///
    /// The destination has no address, or the operating system does not take the datagram.
    pub async fn send(&self, destination: impl ToSocketAddrs, data: &[u8]) -> io::Result<()> {
        let destination = lookup_host(destination).await?.next();
        let destination = destination.ok_or(io::ErrorKind::AddrNotAvailable)?;
        self.socket.send_to(data, destination).await?;
        Ok(())
    }

    /// Waits for a datagram.
    ///
    /// # Errors
    ///
    /// The operating system reports that a datagram sent earlier could not be delivered.
    pub async fn receive(&self) -> io::Result<Datagram> {
        let mut data = vec![0; DATAGRAM_MAX];
        let (len, sender) = self.socket.recv_from(&mut data).await?;
        let data = Bytes::copy_from_slice(data.get(..len).unwrap_or_default());
        Ok(Datagram { data, sender })
    }

    /// Sends a datagram to the sender of another.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn reply(&self, to: &Datagram, data: &[u8]) -> io::Result<()> {
        self.send(to.sender, data).await
    }
}

/// A datagram that was received, and who sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Datagram {
    data: Bytes,
    sender: SocketAddr,
}

impl Datagram {
    /// The datagram with other data.
    pub(super) fn with_data(self, data: Bytes) -> Self {
        Self { data, ..self }
    }

    /// What was sent.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// What was sent, without a copy.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        self.data
    }

    /// Where it came from.
    #[must_use]
    pub fn sender(&self) -> SocketAddr {
        self.sender
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram")
            .field("sender", &self.sender)
            .field("len", &self.data.len())
            .finish()
    }
}
