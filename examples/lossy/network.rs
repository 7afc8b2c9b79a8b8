//! The bad network between a client and a server.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use fastrand::Rng;
use rpc_runtime::{
    Server,
    fault::{Faults, TcpEnding, TcpFaults, TcpRelay, UdpRelay},
};

use crate::Arguments;

/// The transports, in the order of the table.
pub(crate) const SCHEMES: [&str; 3] = ["udp", "reliable", "tcp"];

/// What a client calls through.
pub(crate) struct Network {
    scheme: &'static str,
    relay: Relay,
}

enum Relay {
    Udp(UdpRelay),
    Tcp(TcpRelay, Arc<AtomicU64>),
}

impl Network {
    /// Puts a bad network in front of a server.
    pub(crate) async fn start(
        scheme: &'static str,
        server: &Server,
        arguments: &Arguments,
    ) -> Result<Self, Box<dyn Error>> {
        let delay = Duration::from_millis(arguments.delay);
        let relay = if scheme == "tcp" {
            let server = server.tcp_addr().ok_or("the server has no TCP socket")?;
            let connections = Arc::new(AtomicU64::new(0));
            let (count, mean) = (Arc::clone(&connections), arguments.reset.max(1));
            let mut random = Rng::with_seed(arguments.seed);
            let faults = move |_| {
                count.fetch_add(1, Relaxed);
                let after = random.u64(1..=2 * mean);
                let faults = TcpFaults::none().pause(delay);
                if random.bool() {
                    faults.cut_to_server(after, TcpEnding::Reset)
                } else {
                    faults.cut_to_client(after, TcpEnding::Reset)
                }
            };
            Relay::Tcp(TcpRelay::start(server, faults).await?, connections)
        } else {
            let server = server.udp_addr().ok_or("the server has no UDP socket")?;
            let faults = Faults::none()
                .loss(arguments.loss)
                .duplication(arguments.duplication)
                .reordering(arguments.reordering)
                .corruption(arguments.corruption)
                .delay(delay);
            Relay::Udp(UdpRelay::start(server, faults, arguments.seed).await?)
        };
        Ok(Self { scheme, relay })
    }

    /// The address that a client connects to.
    pub(crate) fn address(&self) -> String {
        let address = match &self.relay {
            Relay::Udp(relay) => relay.local_addr(),
            Relay::Tcp(relay, _) => relay.local_addr(),
        };
        format!("{}://{address}", self.scheme)
    }

    /// What went through the network.
    pub(crate) fn traffic(&self) -> String {
        match &self.relay {
            Relay::Udp(relay) => {
                let (there, back) = (relay.to_server(), relay.to_client());
                format!(
                    "{} datagrams to the server, {} back, {} lost, {} corrupted",
                    there.sent,
                    back.sent,
                    there.lost + back.lost,
                    there.corrupted + back.corrupted
                )
            }
            Relay::Tcp(_, connections) => {
                format!(
                    "{} connections, one after the other",
                    connections.load(Relaxed)
                )
            }
        }
    }

    /// Datagrams that the client sent, where there are datagrams.
    pub(crate) fn sent(&self) -> Option<u64> {
        match &self.relay {
            Relay::Udp(relay) => Some(relay.to_server().sent),
            Relay::Tcp(..) => None,
        }
    }
}
