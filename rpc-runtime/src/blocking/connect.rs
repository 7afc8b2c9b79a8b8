//! From the address of a server to a socket that is connected to it.

use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket},
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, net::UnixStream},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, sockopt};

use super::{
    link::Framing,
    shared::Shared,
    socket::{Readiness, Socket},
};
use crate::{
    ConnectError, Peer, UnixCredentials,
    connect::{
        CONNECT_DEADLINE, DATAGRAM_MAX, FULL_PAUSE, ServerAddress, Source, TcpOptions, TcpSource,
        UnixAddress,
        reserved_port::{self, PORTS, unspecified},
    },
    record::FRAGMENT_MAX,
};

/// A new connection.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) socket: Socket,
    pub(super) peer: Peer,
}

/// Where the connections of a client lead, one after the other.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Tcp(TcpSource),
    Unix(UnixAddress, TcpOptions),
    /// One socket for all time.
    Udp(SocketAddr),
}

/// Connects to a server.
pub(super) fn connect(address: &str, options: TcpOptions) -> Result<Shared, ConnectError> {
    let shared = match ServerAddress::parse(address)? {
        ServerAddress::Tcp(host) => first(host, |peer| {
            Target::Tcp(TcpSource::new(peer, options)).first_connection()
        }),
        ServerAddress::Udp(host) => first(host, |peer| {
            let connected = connect_udp(peer, options.reserved_port)?;
            Ok(Shared::new(Target::Udp(peer), connected))
        }),
        ServerAddress::Unix(path) => {
            Target::Unix(UnixAddress::new(path), options).first_connection()
        }
        ServerAddress::Tls(_) | ServerAddress::Reliable(_) | ServerAddress::Memory(_) => {
            Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the blocking client speaks tcp://HOST:PORT, udp://HOST:PORT and unix:PATH",
            ))
        }
    };
    shared.map_err(|error| ConnectError::new(address, error))
}

/// Connects to the first address of the host that lets it.
fn first(host: &str, connect: impl Fn(SocketAddr) -> io::Result<Shared>) -> io::Result<Shared> {
    let mut fault = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in host.to_socket_addrs()? {
        match connect(address) {
            Ok(connected) => return Ok(connected),
            Err(error) => fault = error,
        }
    }
    Err(fault)
}

impl Target {
    pub(super) fn framing(&self) -> Framing {
        match self {
            Self::Tcp(source) => Framing::Records {
                max: source.record_max(),
            },
            Self::Unix(_, options) => Framing::Records {
                max: options.record_max,
            },
            Self::Udp(_) => Framing::Datagrams,
        }
    }

    /// Bytes that a message may have.
    pub(super) fn message_max(&self) -> usize {
        match self {
            Self::Tcp(_) | Self::Unix(..) => FRAGMENT_MAX,
            Self::Udp(_) => DATAGRAM_MAX,
        }
    }

    /// Whether the server sees the next connection come from where it saw this.
    pub(super) fn keeps_address(&self) -> bool {
        matches!(self, Self::Tcp(source) if source.keeps_port())
    }

    /// Takes note of an attempt to connect.
    pub(super) fn tried(&mut self, outcome: &io::Result<Connected>) {
        if let Self::Tcp(source) = self {
            match outcome {
                Ok(connected) => source.connected(connected.socket.local_addr().ok()),
                Err(error) => source.failed(error),
            }
        }
    }

    fn first_connection(mut self) -> io::Result<Shared> {
        let connected = self.connect(CONNECT_DEADLINE);
        self.tried(&connected);
        Ok(Shared::new(self, connected?))
    }

    /// Connects, within this time.
    pub(super) fn connect(&self, limit: Duration) -> io::Result<Connected> {
        let limit = limit.clamp(Duration::from_millis(1), CONNECT_DEADLINE);
        match self {
            Self::Tcp(source) => connect_tcp(source, limit),
            Self::Unix(address, _) => connect_unix(address, limit),
            Self::Udp(peer) => connect_udp(*peer, false),
        }
    }
}

fn connect_udp(peer: SocketAddr, reserved_port: bool) -> io::Result<Connected> {
    let socket = if reserved_port {
        reserved_port::bind(fastrand::u16(PORTS), peer, UdpSocket::bind)?
    } else {
        UdpSocket::bind((unspecified(peer), 0))?
    };
    socket.connect(peer)?;
    Ok(Connected {
        socket: Socket::new(socket),
        peer: Peer::Udp(peer.into()),
    })
}

fn connect_tcp(source: &TcpSource, limit: Duration) -> io::Result<Connected> {
    let peer = source.peer();
    let stream = match source.next {
        Source::Any => TcpStream::connect_timeout(&peer, limit)?,
        Source::Reserved => {
            let bind = |address| bound_socket(address, false);
            connect_bound(
                reserved_port::bind(fastrand::u16(PORTS), peer, bind)?,
                peer,
                limit,
            )?
        }
        Source::Bound(address) => {
            let socket = bound_socket(address, true);
            let socket = socket.map_err(|error| io::Error::new(io::ErrorKind::AddrInUse, error))?;
            connect_bound(socket, peer, limit)?
        }
    };
    // A call is complete as it is: waiting for more bytes to send with it only delays it.
    stream.set_nodelay(true)?;
    Ok(Connected {
        socket: Socket::new(stream),
        peer: Peer::Tcp(peer),
    })
}

/// A TCP socket at this address, even if a connection from there has just ended.
fn bound_socket(address: SocketAddr, reuses: bool) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = stream_socket(family)?;
    if reuses {
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}

fn stream_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    Ok(socket)
}

/// Connects a socket that has an address already.
fn connect_bound(socket: OwnedFd, peer: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(true)?;
    match rustix::net::connect(&stream, &peer) {
        Err(rustix::io::Errno::INPROGRESS) => {
            let socket = Socket::new(stream);
            let wanted = Readiness {
                input: false,
                output: true,
            };
            if !socket.wait(wanted, limit)?.output {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let stream = TcpStream::from(socket.into_inner());
            sockopt::socket_error(&stream)??;
            stream.set_nonblocking(false)?;
            Ok(stream)
        }
        outcome => {
            outcome?;
            stream.set_nonblocking(false)?;
            Ok(stream)
        }
    }
}

/// Connects; a server that has connections to accept already does not have it wait, so this does.
fn connect_unix(address: &UnixAddress, limit: Duration) -> io::Result<Connected> {
    let started = Instant::now();
    loop {
        match connect_unix_now(address) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && started.elapsed() < limit =>
            {
                thread::sleep(FULL_PAUSE);
            }
            stream => {
                let stream = stream?;
                return Ok(Connected {
                    peer: Peer::Unix(credentials(&stream)?),
                    socket: Socket::new(stream),
                });
            }
        }
    }
}

/// Connects, or fails where the server has connections to accept already.
fn connect_unix_now(address: &UnixAddress) -> io::Result<UnixStream> {
    let path = address.path();
    let address = match path.as_os_str().as_bytes() {
        #[cfg(target_os = "linux")]
        [0, name @ ..] => SocketAddrUnix::new_abstract_name(name)?,
        _ => SocketAddrUnix::new(&path)?,
    };
    let stream = UnixStream::from(stream_socket(AddressFamily::UNIX)?);
    stream.set_nonblocking(true)?;
    rustix::net::connect(&stream, &address)?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Who listens at the other end.
#[cfg(target_os = "linux")]
fn credentials(stream: &UnixStream) -> io::Result<UnixCredentials> {
    let credentials = sockopt::socket_peercred(stream)?;
    Ok(UnixCredentials {
        uid: credentials.uid.as_raw(),
        gid: credentials.gid.as_raw(),
        pid: Some(credentials.pid.as_raw_nonzero().get()),
    })
}

/// Who listens at the other end: only Linux says it in a way that this crate can ask.
#[cfg(not(target_os = "linux"))]
fn credentials(_: &UnixStream) -> io::Result<UnixCredentials> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the blocking client has Unix sockets on Linux only",
    ))
}
