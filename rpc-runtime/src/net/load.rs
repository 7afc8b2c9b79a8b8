//! What all connections of a server have under way together: how many they are, and how many calls
//! wait for services.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{Notify, mpsc};

use super::limits::ServerLimits;
use crate::{Peer, observe, peer::host};

/// The connections and calls of a server.
#[derive(Debug)]
pub(super) struct Load {
    connections_max: usize,
    connections_per_address_max: usize,
    exempts_loopback: bool,
    connections: Mutex<Connections>,
    calls_max: usize,
    /// Calls that wait for services.
    calls: AtomicUsize,
    /// Wakes one that waits for a call to end.
    call_ended: Notify,
    observed: observe::Waiting,
    /// Tells the server, when it is dropped, that no connection and no call is left.
    _is_there: mpsc::Sender<()>,
}

#[derive(Debug, Default)]
struct Connections {
    all: usize,
    by_host: HashMap<IpAddr, usize>,
}

/// A connection, which counts until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    load: Arc<Load>,
    host: Option<IpAddr>,
}

/// A call that waits for its service, which counts until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Load>);

impl Load {
    pub(super) fn new(limits: &ServerLimits, is_there: mpsc::Sender<()>) -> Self {
        Self {
            connections_max: limits.connections_max,
            connections_per_address_max: limits.connections_per_address_max,
            exempts_loopback: limits.exempts_loopback,
            connections: Mutex::default(),
            calls_max: limits.calls_total_max,
            calls: AtomicUsize::new(0),
            call_ended: Notify::new(),
            observed: observe::Waiting::new(),
            _is_there: is_there,
        }
    }

    /// Takes a connection in, unless there are too many, of all peers or from this one.
    pub(super) fn seat(self: &Arc<Self>, peer: Peer) -> Option<Seat> {
        let address = peer.address().map(|address| address.ip().to_canonical());
        let counted = address.filter(|address| !(self.exempts_loopback && address.is_loopback()));
        let host = counted.map(host);
        let mut connections = self.connections();
        if connections.all >= self.connections_max {
            return None;
        }
        if let Some(host) = host {
            let of_host = connections.by_host.entry(host).or_default();
            if *of_host >= self.connections_per_address_max {
                return None;
            }
            *of_host += 1;
        }
        connections.all += 1;
        let load = Arc::clone(self);
        Some(Seat { load, host })
    }

    /// Whether no more calls may wait for services. Several connections may ask at the same time,
    /// so that there can be as many more as threads that serve them.
    pub(super) fn is_full(&self) -> bool {
        self.calls.load(Ordering::Relaxed) >= self.calls_max
    }

    /// Counts a call that has to wait.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.observed.begin();
        InFlight(Arc::clone(self))
    }

    /// Waits until a call has ended. Who then begins none passes it on, see [`pass_on`](Self::pass_on).
    pub(super) async fn call_ended(self: Arc<Self>) {
        self.call_ended.notified().await;
    }

    /// Lets the next one look that waits for a call to end, if there is room.
    pub(super) fn pass_on(&self) {
        if !self.is_full() {
            self.call_ended.notify_one();
        }
    }

    /// Connections, addresses that they are from, and calls that wait.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let connections = self.connections();
        let calls = self.calls.load(Ordering::Relaxed);
        (connections.all, connections.by_host.len(), calls)
    }

    /// Nothing that can panic happens under the lock.
    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut connections = self.load.connections();
        connections.all -= 1;
        if let Some(host) = self.host
            && let Entry::Occupied(mut of_host) = connections.by_host.entry(host)
        {
            *of_host.get_mut() -= 1;
            if *of_host.get() == 0 {
                of_host.remove();
            }
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Self(load) = self;
        load.calls.fetch_sub(1, Ordering::Relaxed);
        load.observed.end();
        load.call_ended.notify_one();
    }
}
