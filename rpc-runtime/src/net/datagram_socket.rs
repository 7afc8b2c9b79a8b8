//! A UDP socket that moves many datagrams with one system call: what the drivers of the reliable
//! datagram protocol run on.
//!
//! Datagrams of one length to one address leave as one buffer that the kernel or the network card
//! cuts up (GSO), and come as one that they have put together (GRO).

use std::{
    array,
    io::{self, IoSliceMut},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

use crate::{UdpPath, connect::DATAGRAM_MAX};

/// Buffers that a server receives into at once; what comes in one is from one client.
const SERVER_BUFFERS: usize = 8;

/// Buffers that a client receives into at once: all comes from one server.
const CLIENT_BUFFERS: usize = 2;

/// Bytes of a buffer: those of the longest datagram, or of as many as one may hold.
const BUFFER_LEN: usize = 65_536;

/// A UDP socket with the buffers of both directions.
#[derive(Debug)]
pub(super) struct DatagramSocket {
    socket: UdpSocket,
    state: UdpSocketState,
    /// [`BUFFER_LEN`] bytes for each buffer; memory is taken up by what has come only.
    buffers: Box<[u8]>,
    batch: Batch,
    /// The datagram behind those of the batch.
    behind: Option<(UdpPath, Bytes)>,
    /// Whether the socket receives what comes to any address of this machine.
    has_any_address: bool,
}

/// Datagrams of one length, but for the last, to one address.
#[derive(Debug)]
struct Batch {
    to: UdpPath,
    /// Their bytes, one behind the other; none where there is no batch.
    contents: Vec<u8>,
    /// Bytes of each but the last.
    segment: usize,
    count: usize,
}

impl DatagramSocket {
    /// A socket that serves everybody.
    pub(super) fn serve(socket: UdpSocket) -> io::Result<Self> {
        let served = Self::new(socket, SERVER_BUFFERS)?;
        served.allow_fragments()?;
        Ok(served)
    }

    /// A socket to reach one peer. It is not connected: it follows where the routes of this
    /// machine lead to, and whoever receives has to look at where datagrams come from.
    pub(super) async fn towards(peer: SocketAddr) -> io::Result<Self> {
        let local = match peer {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        Self::new(UdpSocket::bind(local).await?, CLIENT_BUFFERS)
    }

    fn new(socket: UdpSocket, buffers: usize) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        let local = socket.local_addr()?;
        Ok(Self {
            batch: Batch {
                to: local.into(),
                contents: Vec::new(),
                segment: 0,
                count: 0,
            },
            socket,
            state,
            buffers: vec![0; buffers * BUFFER_LEN].into(),
            behind: None,
            has_any_address: local.ip().is_unspecified(),
        })
    }

    /// Lets the network cut up datagrams, as plain replies may need; those of the reliable datagram
    /// protocol never do.
    #[cfg(target_os = "linux")]
    fn allow_fragments(&self) -> io::Result<()> {
        use rustix::net::sockopt::{
            Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
        };
        set_ip_mtu_discover(&self.socket, Ipv4PathMtuDiscovery::WANT)?;
        if self.socket.local_addr()?.is_ipv6() {
            set_ipv6_mtu_discover(&self.socket, Ipv6PathMtuDiscovery::WANT)?;
            nix::sys::socket::setsockopt(
                &self.socket,
                nix::sys::socket::sockopt::Ipv6DontFrag,
                &false,
            )?;
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn allow_fragments(&self) -> io::Result<()> {
        Ok(())
    }

    /// Hands over the datagrams that have come, as many as one system call brings, and the way that
    /// they came.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        mut each: impl FnMut(UdpPath, &[u8]),
    ) -> Poll<io::Result<()>> {
        let mut meta = [RecvMeta::default(); SERVER_BUFFERS];
        let mut count = 0;
        ready!(self.socket.poll_recv_ready(cx))?;
        let mut chunks = self.buffers.chunks_mut(BUFFER_LEN);
        let has_room = chunks.len().min(BATCH_SIZE);
        let mut buffers: [_; SERVER_BUFFERS] =
            array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let buffers = buffers.get_mut(..has_room).unwrap_or_default();
        let receive = || {
            count = self.state.recv((&self.socket).into(), buffers, &mut meta)?;
            // A buffer that is left proves that nothing more is there, where one call can fill several:
            // the runtime is told so, which saves the system call that would find it out.
            if count < has_room {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(())
        };
        match self.socket.try_io(Interest::READABLE, receive) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                return Poll::Ready(Err(error));
            }
            _ => {}
        }
        let received = meta.iter().take(count).zip(self.buffers.chunks(BUFFER_LEN));
        for (meta, buffer) in received {
            let filled = buffer.get(..meta.len).unwrap_or_default();
            let local = meta
                .dst_ip
                .filter(|ip| self.has_any_address && is_of_one(*ip));
            let remote = meta.addr;
            for datagram in filled.chunks(meta.stride.max(1)) {
                each(UdpPath { remote, local }, datagram);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends all that the function gives.
    ///
    /// An error of one datagram is a datagram lost: the next may well arrive, and whoever can
    /// forge ICMP messages must not be able to end calls.
    pub(super) fn poll_send_all(
        &mut self,
        cx: &mut Context<'_>,
        mut next: impl FnMut() -> Option<(UdpPath, Bytes)>,
    ) -> Poll<()> {
        loop {
            self.fill(&mut next);
            if self.batch.contents.is_empty() {
                return Poll::Ready(());
            }
            // An error here says that the runtime ends.
            if ready!(self.socket.poll_send_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            let batch = &self.batch;
            let transmit = Transmit {
                destination: batch.to.remote,
                ecn: None,
                contents: &batch.contents,
                segment_size: (batch.count > 1).then_some(batch.segment),
                src_ip: batch.to.local,
            };
            let transmit = || self.state.try_send((&self.socket).into(), &transmit);
            let sent = self.socket.try_io(Interest::WRITABLE, transmit);
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if is_of_address(&error) && self.batch.to.local.take().is_some() => {}
                _ => self.batch.contents.clear(),
            }
        }
    }

    /// Adds to the batch what belongs into it.
    fn fill(&mut self, mut next: impl FnMut() -> Option<(UdpPath, Bytes)>) {
        let segments_max = self.state.max_gso_segments();
        while let Some((to, datagram)) = self.behind.take().or_else(&mut next) {
            if !self.batch.takes(to, &datagram, segments_max) {
                self.behind = Some((to, datagram));
                return;
            }
            self.batch.push(to, &datagram);
        }
    }
}

/// Whether datagrams cannot leave from an address of this machine: it is gone, or it is that of a
/// broadcast. The operating system has to choose another then.
fn is_of_address(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::NetworkUnreachable
    )
}

/// Whether datagrams to this address come to one machine only.
fn is_of_one(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    !(address.is_multicast() || is_broadcast)
}

impl Batch {
    /// Whether a datagram can be the next.
    fn takes(&self, to: UdpPath, datagram: &[u8], segments_max: usize) -> bool {
        let len = self.contents.len();
        let is_full = self.count >= segments_max || len + datagram.len() > DATAGRAM_MAX;
        // One that is shorter than the others was the last.
        let is_open = len == self.segment * self.count;
        len == 0 || self.to == to && !is_full && is_open && datagram.len() <= self.segment
    }

    fn push(&mut self, to: UdpPath, datagram: &[u8]) {
        if self.contents.is_empty() {
            self.to = to;
            self.segment = datagram.len();
            self.count = 0;
        }
        self.contents.extend_from_slice(datagram);
        self.count += 1;
    }
}
