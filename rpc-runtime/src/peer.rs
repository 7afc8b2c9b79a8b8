use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use crate::datagram::CallToken;

/// The other end of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Peer {
    /// Another task of this process.
    #[default]
    Memory,
    /// The address at the far end of a TCP connection.
    Tcp(SocketAddr),
    /// The address at the far end of a TCP connection that speaks TLS.
    Tls(SocketAddr),
    /// The process at the far end of a Unix socket.
    Unix(UnixCredentials),
    /// Where UDP datagrams come from and go to.
    Udp(UdpPath),
    /// The address at the far end of the reliable datagram protocol.
    Reliable {
        /// The address; that of a client may change while it has a call.
        address: SocketAddr,
        /// The call that came from there; its reply goes where the client is by then.
        call: Option<CallToken>,
    },
}

/// Who is at the far end of a Unix socket, as the operating system knows it: who made the connection,
/// or began to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnixCredentials {
    /// The user.
    pub uid: u32,
    /// The user's group.
    pub gid: u32,
    /// The process, where the operating system tells.
    pub pid: Option<i32>,
}

/// The two ends of the way of a datagram: what comes to one address of this machine has to be
/// answered from there, for its sender may listen to no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UdpPath {
    /// The address of the peer.
    pub remote: SocketAddr,
    /// The address of this machine, where it has several to choose from.
    pub local: Option<IpAddr>,
}

impl UdpPath {
    /// The same way, by this address of this machine.
    #[must_use]
    pub const fn with_local(mut self, local: IpAddr) -> Self {
        self.local = Some(local);
        self
    }
}

impl From<SocketAddr> for UdpPath {
    fn from(remote: SocketAddr) -> Self {
        let local = None;
        Self { remote, local }
    }
}

/// As a [`SocketAddr`] is made.
impl<I: Into<IpAddr>> From<(I, u16)> for UdpPath {
    fn from(remote: (I, u16)) -> Self {
        SocketAddr::from(remote).into()
    }
}

impl Peer {
    /// The address of the peer, where its transport has addresses.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Memory | Self::Unix(_) => None,
            Self::Tcp(address) | Self::Tls(address) | Self::Reliable { address, .. } => {
                Some(*address)
            }
            Self::Udp(path) => Some(path.remote),
        }
    }

    /// The name of the call that came from there, where it came by the reliable datagram protocol.
    pub(crate) fn call_token(&self) -> Option<CallToken> {
        match self {
            Self::Reliable { call, .. } => *call,
            _ => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Tls(address) => write!(f, "tls://{address}"),
            Self::Unix(UnixCredentials { uid, pid, .. }) => {
                write!(f, "unix socket of user {uid}")?;
                pid.map_or(Ok(()), |pid| write!(f, ", process {pid}"))
            }
            Self::Udp(path) => write!(f, "udp://{}", path.remote),
            Self::Reliable { address, .. } => write!(f, "reliable://{address}"),
        }
    }
}

/// The network of an address that one host has to itself, in which it can choose any: its address
/// where that is of IPv4, and 64 bits where it is of IPv6.
pub(crate) fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}
