//! From the address of a server, as users write it, to a transport.

use std::{fmt, io, net::SocketAddr};

use tokio::net::lookup_host;

#[cfg(unix)]
use super::unix::{UnixAddress, UnixDialer};
use super::{
    client_connection,
    handle::Handle,
    memory,
    reconnect::Reconnecting,
    reliable,
    tcp::{TcpDialer, TcpOptions},
    transport::Transport,
    udp::UdpTransport,
};
use crate::transaction::Transactions;

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
    fn new(address: &str, fault: Fault) -> Self {
        Self {
            address: address.to_owned(),
            fault,
        }
    }

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
                "an address is tcp://HOST:PORT, udp://HOST:PORT, reliable://HOST:PORT, unix:PATH \
                 or memory:NAME",
            ),
            Fault::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {}

/// Connects to a server, wherever its address leads.
pub(super) async fn connect(address: &str, options: TcpOptions) -> Result<Handle, ConnectError> {
    let connected = match address.split_once(':') {
        Some(("memory", name)) => memory::connect(name).map(messages),
        #[cfg(unix)]
        Some(("unix", path)) => connect_unix(path, options.record_max).await,
        Some((scheme, host)) => match (scheme, host.strip_prefix("//")) {
            ("tcp", Some(host)) => connect_tcp(host, options).await,
            ("udp", Some(host)) => {
                let connect = |address| UdpTransport::connect(address, options.reserved_port);
                first(host, connect).await.map(messages)
            }
            ("reliable", Some(host)) => first(host, reliable::connect).await.map(Handle::Reliable),
            _ => return Err(ConnectError::new(address, Fault::Scheme)),
        },
        None => return Err(ConnectError::new(address, Fault::Scheme)),
    };
    connected.map_err(|error| ConnectError::new(address, Fault::Io(error)))
}

/// A connection on this transport, with the transactions that suit it.
fn messages(transport: impl Transport) -> Handle {
    let transactions = client_connection::transactions(&transport);
    Handle::Messages(client_connection::spawn(transport, transactions))
}

async fn connect_tcp(host: &str, options: TcpOptions) -> io::Result<Handle> {
    let connect = |address| Reconnecting::connect(TcpDialer::new(address, options));
    let transport = first(host, connect).await?;
    if options.keeps_port {
        let connection = client_connection::spawn(transport, Transactions::replaying());
        return Ok(Handle::Messages(connection));
    }
    Ok(messages(transport))
}

#[cfg(unix)]
async fn connect_unix(path: &str, record_max: usize) -> io::Result<Handle> {
    let dialer = UnixDialer::new(&UnixAddress::new(path), record_max);
    Reconnecting::connect(dialer).await.map(messages)
}

/// Connects to the first address of the host that lets it.
async fn first<T, F>(host: &str, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
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
