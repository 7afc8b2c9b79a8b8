//! What the drivers share of connecting: the addresses of servers, and where connections come from.

pub(crate) mod reserved_port;
mod source;
#[cfg(unix)]
mod unix_address;

use std::{fmt, io, time::Duration};

pub(crate) use source::{Source, TcpOptions, TcpSource};
#[cfg(unix)]
pub(crate) use unix_address::UnixAddress;

/// How long a connection may take to come up: the operating system itself would try for minutes,
/// longer than any call may take.
pub(crate) const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// How long a client waits before it tries a Unix socket again that had no room for its connection.
#[cfg(unix)]
pub(crate) const FULL_PAUSE: Duration = Duration::from_millis(10);

/// Bytes of the largest datagram: 65,535 of an IPv4 packet less its header and that of UDP.
pub(crate) const DATAGRAM_MAX: usize = 65_507;

/// The address of a server, as users write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerAddress<'a> {
    /// `tcp://HOST:PORT`
    Tcp(&'a str),
    /// `tls://HOST:PORT`
    Tls(&'a str),
    /// `udp://HOST:PORT`
    Udp(&'a str),
    /// `reliable://HOST:PORT`
    Reliable(&'a str),
    /// `unix:PATH`
    #[cfg(unix)]
    Unix(&'a str),
    /// `memory:NAME`
    Memory(&'a str),
}

impl<'a> ServerAddress<'a> {
    pub(crate) fn parse(address: &'a str) -> Result<Self, ConnectError> {
        let parsed = address.split_once(':').and_then(|(scheme, rest)| {
            match (scheme, rest.strip_prefix("//")) {
                ("memory", _) => Some(Self::Memory(rest)),
                #[cfg(unix)]
                ("unix", _) => Some(Self::Unix(rest)),
                ("tcp", Some(host)) => Some(Self::Tcp(host)),
                ("tls", Some(host)) => Some(Self::Tls(host)),
                ("udp", Some(host)) => Some(Self::Udp(host)),
                ("reliable", Some(host)) => Some(Self::Reliable(host)),
                _ => None,
            }
        });
        parsed.ok_or_else(|| ConnectError {
            address: address.to_owned(),
            fault: Fault::Malformed,
        })
    }
}

/// A server that no connection could be made to; nothing was called.
#[derive(Debug)]
pub struct ConnectError {
    address: String,
    fault: Fault,
}

#[derive(Debug)]
enum Fault {
    Malformed,
    Io(io::Error),
}

impl ConnectError {
    pub(crate) fn new(address: &str, error: io::Error) -> Self {
        Self {
            address: address.to_owned(),
            fault: Fault::Io(error),
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
            Fault::Malformed => None,
            Fault::Io(error) => Some(error),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: ", self.address)?;
        match &self.fault {
            Fault::Malformed => f.write_str(
                "an address is tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, \
                 reliable://HOST:PORT, unix:PATH or memory:NAME",
            ),
            Fault::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {}
