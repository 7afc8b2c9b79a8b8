use std::{io, net::SocketAddr};

use super::reserved_port::unspecified;

/// What can be chosen of a client's TCP connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpOptions {
    /// Bytes that a record may have.
    pub(crate) record_max: usize,
    /// Whether each connection is made from the port of the one before.
    pub(crate) keeps_port: bool,
    /// Whether connections are made from ports that need a privilege.
    pub(crate) reserved_port: bool,
}

/// Where a connection is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Where the operating system likes.
    Any,
    /// A port that needs a privilege.
    Reserved,
    /// This address. With port 0 the operating system chooses one that no other connection gets, so
    /// that it can be bound again.
    Bound(SocketAddr),
}

/// Where the TCP connections of a client are made from, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct TcpSource {
    peer: SocketAddr,
    options: TcpOptions,
    pub(crate) next: Source,
}

impl TcpSource {
    pub(crate) fn new(peer: SocketAddr, options: TcpOptions) -> Self {
        Self {
            peer,
            options,
            next: options.first_source(peer),
        }
    }

    /// The server.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// What was chosen.
    #[cfg(feature = "net")]
    pub(crate) fn options(&self) -> TcpOptions {
        self.options
    }

    /// Bytes that a record may have.
    pub(crate) fn record_max(&self) -> usize {
        self.options.record_max
    }

    /// Has the connections that follow this one come from the same port, if they are to.
    pub(crate) fn connected(&mut self, local: Option<SocketAddr>) {
        if self.options.keeps_port
            && let Some(address) = local
        {
            self.next = Source::Bound(address);
        }
    }

    /// Gives a port up that the operating system refuses.
    pub(crate) fn failed(&mut self, error: &io::Error) {
        let is_refused = matches!(
            error.kind(),
            io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable
        );
        if is_refused && matches!(self.next, Source::Bound(_)) {
            self.next = self.options.first_source(self.peer);
        }
    }

    /// Whether the next connection is made from the port of the one before.
    pub(crate) fn keeps_port(&self) -> bool {
        matches!(self.next, Source::Bound(address) if address.port() != 0)
    }
}

impl TcpOptions {
    /// Where a connection is made from that none came before.
    fn first_source(self, peer: SocketAddr) -> Source {
        if self.reserved_port {
            Source::Reserved
        } else if self.keeps_port {
            Source::Bound(SocketAddr::new(unspecified(peer), 0))
        } else {
            Source::Any
        }
    }
}
