//! From the address of a server, as users write it, to a transport.

use std::{io, net::SocketAddr};

use tokio::net::lookup_host;

#[cfg(feature = "tls")]
use super::tls::{ClientTls, TlsDialer};
#[cfg(unix)]
use super::unix::UnixDialer;
use super::{
    client_connection,
    handle::Handle,
    memory,
    reconnect::{Dial, Reconnecting},
    reliable,
    tcp::TcpDialer,
    transport::Transport,
    udp::UdpTransport,
};
#[cfg(unix)]
use crate::connect::UnixAddress;
use crate::{
    connect::{ConnectError, ServerAddress, TcpOptions},
    transaction::Transactions,
};

/// What can be chosen of a client's connections.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) tcp: TcpOptions,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<ClientTls>,
}

/// Connects to a server, wherever its address leads.
pub(super) async fn connect(address: &str, options: &Options) -> Result<Handle, ConnectError> {
    let tcp = options.tcp;
    let connected = match ServerAddress::parse(address)? {
        ServerAddress::Memory(name) => memory::connect(name).map(messages),
        #[cfg(unix)]
        ServerAddress::Unix(path) => connect_unix(path, tcp.record_max).await,
        ServerAddress::Tcp(host) => {
            let connect = |address| Reconnecting::connect(TcpDialer::new(host, address, tcp));
            let transport = first(host, connect).await;
            transport.map(|transport| stream(transport, tcp.keeps_port))
        }
        ServerAddress::Tls(host) => connect_tls(host, options).await,
        ServerAddress::Udp(host) => {
            let connect = |address| UdpTransport::connect(address, tcp.reserved_port);
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

/// A connection over TCP, whose calls may be sent again if every connection is from one port.
fn stream<D: Dial>(transport: Reconnecting<D>, keeps_port: bool) -> Handle {
    if keeps_port {
        let connection = client_connection::spawn(transport, Transactions::replaying());
        return Handle::Messages(connection);
    }
    messages(transport)
}

#[cfg(feature = "tls")]
async fn connect_tls(host: &str, options: &Options) -> io::Result<Handle> {
    let tls = options.tls.as_ref().ok_or_else(|| {
        let kind = io::ErrorKind::InvalidInput;
        io::Error::new(kind, "whom to trust is set by ClientBuilder::tls")
    })?;
    let connect = async |address| {
        Reconnecting::connect(TlsDialer::new(host, address, options.tcp, tls)?).await
    };
    let transport = first(host, connect).await?;
    Ok(stream(transport, options.tcp.keeps_port))
}

#[cfg(not(feature = "tls"))]
fn connect_tls(_: &str, _: &Options) -> std::future::Ready<io::Result<Handle>> {
    let text = "TLS needs the feature `tls` of rpc-runtime";
    std::future::ready(Err(io::Error::new(io::ErrorKind::Unsupported, text)))
}

#[cfg(unix)]
async fn connect_unix(path: &str, record_max: usize) -> io::Result<Handle> {
    let dialer = UnixDialer::new(&UnixAddress::new(path), record_max);
    Reconnecting::connect(dialer).await.map(messages)
}

/// Connects to the first address of the host that lets it.
pub(super) async fn first<T, F>(host: &str, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
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
