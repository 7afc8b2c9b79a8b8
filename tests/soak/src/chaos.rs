//! What lies between callers and server: relays that cut connections and lose datagrams.

use std::{io, path::PathBuf, time::Duration};

use rpc_runtime::fault::{Faults, TcpEnding, TcpFaults, TcpRelay, UdpRelay};
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    task::JoinSet,
    time::timeout,
};

use crate::child::Child;

/// A way to the server.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) name: &'static str,
    /// Of the relay.
    pub(crate) address: String,
    /// The relay ends with it.
    _relay: Relay,
}

#[derive(Debug)]
#[expect(dead_code, reason = "they are held, and end when they are dropped")]
enum Relay {
    Tcp(TcpRelay),
    Udp(UdpRelay),
    Unix(JoinSet<()>),
}

/// All ways to the server, one of each transport.
pub(crate) async fn routes(child: &Child, seed: u64) -> Result<Vec<Route>, io::Error> {
    let tcp = tcp(child, seed).await?;
    let udp = udp(child, seed).await?;
    let reliable = udp_relay(child, seed ^ 1).await?;
    let path = child.path("relay");
    let unix = unix(path.clone(), child.place("unix")?.into(), seed)?;
    Ok(vec![
        tcp,
        udp,
        Route {
            name: "reliable",
            address: format!("reliable://{}", reliable.local_addr()),
            _relay: Relay::Udp(reliable),
        },
        Route {
            name: "unix",
            address: format!("unix:{}", path.display()),
            _relay: Relay::Unix(unix),
        },
    ])
}

async fn tcp(child: &Child, seed: u64) -> io::Result<Route> {
    let mut random = fastrand::Rng::with_seed(seed);
    let server = address(child.place("tcp")?)?;
    let relay = TcpRelay::start(server, move |_| {
        let ending = match random.u8(..3) {
            0 => TcpEnding::Close,
            1 => TcpEnding::Reset,
            _ => TcpEnding::HalfClose,
        };
        let after = random.u64(..4 << 20);
        if random.bool() {
            TcpFaults::none().cut_to_server(after, ending)
        } else {
            TcpFaults::none().cut_to_client(after, ending)
        }
    });
    let relay = relay.await?;
    Ok(Route {
        name: "tcp",
        address: format!("tcp://{}", relay.local_addr()),
        _relay: Relay::Tcp(relay),
    })
}

async fn udp(child: &Child, seed: u64) -> io::Result<Route> {
    let relay = udp_relay(child, seed).await?;
    Ok(Route {
        name: "udp",
        address: format!("udp://{}", relay.local_addr()),
        _relay: Relay::Udp(relay),
    })
}

/// A relay that does to each tenth datagram something or other.
async fn udp_relay(child: &Child, seed: u64) -> io::Result<UdpRelay> {
    let faults = Faults::none()
        .loss(0.05)
        .duplication(0.03)
        .reordering(0.03)
        .delay(Duration::from_micros(200));
    UdpRelay::start(address(child.place("udp")?)?, faults, seed).await
}

/// A relay between Unix sockets that cuts each connection after a random time.
fn unix(path: PathBuf, server: PathBuf, seed: u64) -> io::Result<JoinSet<()>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let listener = UnixListener::bind(path)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let life = Duration::from_millis(random.u64(..3000));
            let server = server.clone();
            connections.spawn(async move {
                if let Ok(mut server) = UnixStream::connect(server).await {
                    // However it ends, both ends are closed now.
                    let _ = timeout(life, copy_bidirectional(&mut client, &mut server)).await;
                }
            });
            while connections.try_join_next().is_some() {}
        }
    });
    Ok(tasks)
}

fn address(text: &str) -> io::Result<std::net::SocketAddr> {
    text.parse().map_err(io::Error::other)
}
