//! The accept path: what a server does with connections, wherever they come from.

use std::{fs::File, future::ready, io, time::Duration};

use tokio::{net::TcpListener, task::JoinSet, time::timeout};

use super::{
    server_connection::{Common, Phase, reached, serve},
    tcp::TcpTransport,
    transport::Transport,
};
use crate::observe;

/// How long a listener pauses after an error: when descriptors have run out, they do not come
/// back at once, and trying again and again would take the time that the connections need.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that the operating system keeps until they are accepted, as tokio has it.
pub(super) const BACKLOG: u32 = 1024;

/// Connections that are turned away at once when descriptors have run out: as many as most
/// systems let wait, so that none waits for what may not come for hours.
const TURNED_AWAY_MAX: usize = 4096;

/// What systems of the family of Unix say when there are no more descriptors: `ENFILE`, `EMFILE`.
const NO_DESCRIPTORS: [i32; 2] = [23, 24];

/// Where a server takes connections from.
pub(super) trait Listen: Send + 'static {
    /// What a connection of it is.
    type Transport: Transport;

    /// Whether a connection takes a descriptor.
    const TAKES_DESCRIPTORS: bool = true;

    /// Waits for the next connection; nothing where no more can come. A future that is dropped
    /// takes no connection with it.
    ///
    /// It never waits for the peer of a connection, which would hold up all others: handshakes are
    /// the transport's.
    ///
    /// # Errors
    ///
    /// This time there is no connection; the next may be in order.
    fn accept(&mut self) -> impl Future<Output = io::Result<Option<Self::Transport>>> + Send;
}

/// Accepts connections until the server ends or no more can come, and then waits for theirs to
/// end.
pub(super) async fn accept<L: Listen>(mut listener: L, common: Common) {
    let mut connections = JoinSet::new();
    let mut phase = common.phase.clone();
    let mut reserve = Reserve::default();
    if L::TAKES_DESCRIPTORS {
        reserve.restore();
    }
    loop {
        let accepted = tokio::select! {
            biased;
            () = reached(&mut phase, Phase::Draining) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(Some(transport)) => {
                // One that is too many is closed: its peer learns that at once.
                let peer = transport.peer();
                if let Some(seat) = common.load.seat(peer) {
                    let served = serve(transport, common.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(seat);
                    });
                } else {
                    observe::connection_refused(peer);
                }
            }
            Ok(None) => break,
            Err(error) if is_of_newcomer(&error) => {}
            Err(error) => {
                observe::cannot_accept(&error);
                let number = error.raw_os_error().unwrap_or_default();
                if NO_DESCRIPTORS.contains(&number) {
                    reserve.turn_away(&mut listener).await;
                }
                let _ = timeout(ACCEPT_PAUSE, reached(&mut phase, Phase::Draining)).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Whether only the connection failed that was to be accepted: its peer gave up, or a firewall or
/// the network was against it.
fn is_of_newcomer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::Interrupted
    )
}

/// A descriptor for the time when there are no others: newcomers can be told with it that there is
/// no room, and do not fill the queue of those that are to be accepted.
#[derive(Debug, Default)]
struct Reserve(Option<File>);

impl Reserve {
    fn restore(&mut self) {
        // Without a descriptor newcomers wait.
        self.0 = File::open("/dev/null").ok();
    }

    /// Accepts those who wait, and closes them at once.
    async fn turn_away(&mut self, listener: &mut impl Listen) {
        self.0 = None;
        for _ in 0..TURNED_AWAY_MAX {
            let is_turned_away = tokio::select! {
                biased;
                accepted = listener.accept() => accepted.is_ok_and(|transport| transport.is_some()),
                () = ready(()) => false,
            };
            if !is_turned_away {
                break;
            }
        }
        self.restore();
    }
}

/// Listens for TCP connections.
#[derive(Debug)]
pub(super) struct TcpAcceptor {
    pub(super) listener: TcpListener,
    /// Bytes that a call may have.
    pub(super) record_max: usize,
}

impl Listen for TcpAcceptor {
    type Transport = TcpTransport;

    async fn accept(&mut self) -> io::Result<Option<TcpTransport>> {
        loop {
            let (stream, peer) = self.listener.accept().await?;
            // A connection that has died already is no reason to do anything.
            if let Ok(transport) = TcpTransport::new(stream, peer, self.record_max) {
                return Ok(Some(transport));
            }
        }
    }
}
