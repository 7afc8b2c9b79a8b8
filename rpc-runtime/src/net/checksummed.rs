use std::{
    io,
    marker::PhantomData,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::net::ToSocketAddrs;

use super::datagram::{Datagram, DatagramEndpoint};
use crate::checksum::{Checksum, Crc32c, seal, unseal};

/// A [`DatagramEndpoint`] with a checksum in front of each datagram: one that has changed on the
/// way is dropped and counted, and so is what has no checksum at all.
///
/// Datagrams may still be lost, come twice, or come in another order. Both ends need the same
/// checksum.
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use rpc_runtime::{ChecksummedEndpoint, DatagramEndpoint, checksum::Fletcher16};
///
/// let server = ChecksummedEndpoint::<Fletcher16>::open("127.0.0.1:0").await?;
/// let anybody = DatagramEndpoint::open("127.0.0.1:0").await?;
/// anybody.send(server.local_addr()?, b"no checksum").await?;
/// let client = ChecksummedEndpoint::<Fletcher16>::open("127.0.0.1:0").await?;
/// client.send(server.local_addr()?, b"hello").await?;
/// assert_eq!(server.receive().await?.data(), b"hello");
/// assert_eq!(server.dropped(), 1);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ChecksummedEndpoint<C = Crc32c> {
    endpoint: DatagramEndpoint,
    dropped: AtomicU64,
    checksum: PhantomData<fn() -> C>,
}

impl<C: Checksum> ChecksummedEndpoint<C> {
    /// Opens an endpoint at a local address; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The address does not exist here or is in use.
    pub async fn open(local: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self {
            endpoint: DatagramEndpoint::open(local).await?,
            dropped: AtomicU64::new(0),
            checksum: PhantomData,
        })
    }

    /// The address of this endpoint.
    ///
    /// # Errors
    ///
    /// The operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Sends a datagram of at most 65,507 bytes, its checksum among them.
    ///
    /// # Errors
    ///
    /// The destination has no address, or the operating system does not take the datagram.
    pub async fn send(&self, destination: impl ToSocketAddrs, data: &[u8]) -> io::Result<()> {
        self.endpoint.send(destination, &seal::<C>(data)).await
    }

    /// Waits for a datagram that has not changed on the way.
    ///
    /// # Errors
    ///
    /// The operating system reports that a datagram sent earlier could not be delivered.
    pub async fn receive(&self) -> io::Result<Datagram> {
        loop {
            let datagram = self.endpoint.receive().await?;
            let sealed = datagram.clone().into_data();
            if let Some(data) = unseal::<C>(&sealed) {
                return Ok(datagram.with_data(data));
            }
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Datagrams that came with a checksum that is not theirs, and were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}
