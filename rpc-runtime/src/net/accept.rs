//! The accept path: what a server does with connections, wherever they come from.

use std::{io, time::Duration};

use tokio::{net::TcpListener, task::JoinSet, time::timeout};

use super::{
    server_connection::{Common, Phase, reached, serve},
    tcp::TcpTransport,
    transport::Transport,
};

/// How long a listener pauses after an error: when descriptors have run out, they do not come
/// back at once, and trying again and again would take the time that the connections need.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a server takes connections from.
pub(super) trait Listen: Send + 'static {
    /// What a connection of it is.
    type Transport: Transport;

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
pub(super) async fn accept(mut listener: impl Listen, common: Common) {
    let mut connections = JoinSet::new();
    let mut phase = common.phase.clone();
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
                if let Some(seat) = common.load.seat(transport.peer()) {
                    let served = serve(transport, common.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(seat);
                    });
                }
            }
            Ok(None) => break,
            // The peer gave up before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => {
                let _ = timeout(ACCEPT_PAUSE, reached(&mut phase, Phase::Draining)).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
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
