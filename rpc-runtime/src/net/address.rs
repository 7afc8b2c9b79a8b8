//! From the address of a server, as users write it, to a transport.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    reconnect::{self, CONNECT_DEADLINE, ReconnectingTcp, TcpOptions},
    reliable,
    shared::Shared,
    udp::UdpTransport,
};

/// A server that no connection could be made to; nothing was called.
#[derive(Debug)]
pub struct ConnectError {
    address: String,
    fault: Fault,
}

#[derive(Debug)]
enum Fault {
    Scheme,
    Io(io::Error),
}

impl ConnectError {
    /// The address, as it was given.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The error of the operating system, unless the address itself is at fault.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.fault {
            Fault::Scheme => None,
            Fault::Io(error) => Some(error),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: ", self.address)?;
        match &self.fault {
            Fault::Scheme => f.write_str(
                "an address is tcp://HOST:PORT, udp://HOST:PORT or reliable://HOST:PORT",
            ),
            Fault::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {}

/// A transport that an address leads to.
#[derive(Debug)]
pub(super) enum Connected {
    Tcp(Box<ReconnectingTcp>),
    Udp(UdpTransport),
    Reliable(Arc<Shared<reliable::Request>>),
}

/// Connects to `tcp://HOST:PORT`, `udp://HOST:PORT` or `reliable://HOST:PORT`.
pub(super) async fn connect(address: &str, tcp: TcpOptions) -> Result<Connected, ConnectError> {
    let connected = match address.split_once("://") {
        Some(("tcp", host)) => connect_tcp(host, tcp)
            .await
            .map(|transport| Connected::Tcp(Box::new(transport))),
        Some(("udp", host)) => connect_datagrams(host, UdpTransport::connect)
            .await
            .map(Connected::Udp),
        Some(("reliable", host)) => connect_datagrams(host, reliable::connect)
            .await
            .map(Connected::Reliable),
        _ => {
            return Err(ConnectError {
                address: address.to_owned(),
                fault: Fault::Scheme,
            });
        }
    };
    connected.map_err(|error| ConnectError {
        address: address.to_owned(),
        fault: Fault::Io(error),
    })
}

async fn connect_tcp(host: &str, options: TcpOptions) -> io::Result<ReconnectingTcp> {
    let stream = if options.keeps_port {
        connect_bound(host).await?
    } else {
        timeout(CONNECT_DEADLINE, TcpStream::connect(host)).await??
    };
    ReconnectingTcp::new(stream, options)
}

/// Connects from a port that was bound before: the operating system lets no other connection have
/// such a port, so that it can be bound again.
async fn connect_bound(host: &str) -> io::Result<TcpStream> {
    let mut fault = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in lookup_host(host).await? {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        match reconnect::connect(address, Some(any), Duration::ZERO).await {
            Ok(stream) => return Ok(stream),
            Err(error) => fault = error,
        }
    }
    Err(fault)
}

/// Takes the first address of the host towards which this machine has a route.
async fn connect_datagrams<T, F>(host: &str, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut fault = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in lookup_host(host).await? {
        match connect(address).await {
            Ok(connected) => return Ok(connected),
            Err(error) => fault = error,
        }
    }
    Err(fault)
}
