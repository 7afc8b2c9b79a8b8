//! From the address of a server, as users write it, to a transport.

use std::{io, net::SocketAddr};

use tokio::net::lookup_host;

#[cfg(unix)]
use super::unix::UnixDialer;
use super::{
    client_connection, handle::Handle, memory, reconnect::Reconnecting, reliable, tcp::TcpDialer,
    transport::Transport, udp::UdpTransport,
};
#[cfg(unix)]
use crate::connect::UnixAddress;
use crate::{
    connect::{ConnectError, ServerAddress, TcpOptions},
    transaction::Transactions,
};

/// Connects to a server, wherever its address leads.
pub(super) async fn connect(address: &str, options: TcpOptions) -> Result<Handle, ConnectError> {
    let connected = match ServerAddress::parse(address)? {
        ServerAddress::Memory(name) => memory::connect(name).map(messages),
        #[cfg(unix)]
        ServerAddress::Unix(path) => connect_unix(path, options.record_max).await,
        ServerAddress::Tcp(host) => connect_tcp(host, options).await,
        ServerAddress::Udp(host) => {
            let connect = |address| UdpTransport::connect(address, options.reserved_port);
            first(host, connect).await.map(messages)
        }
        ServerAddress::Reliable(host) => first(host, reliable::connect).await.map(Handle::Reliable),
    };
    connected.map_err(|error| ConnectError::new(address, error))
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
