//! What lies between callers and server: relays that cut connections and lose datagrams.

use std::{error::Error, fs, io, net::SocketAddr, path::PathBuf, time::Duration};

use rpc_runtime::{
    Client, Server,
    fault::{Faults, TcpEnding, TcpFaults, TcpRelay, UdpRelay},
    memory,
    tls::ClientTls,
};
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    task::JoinSet,
    time::timeout,
};

use crate::{
    child::Child,
    server::{CERTIFICATE, HOST, Ledger},
    stubs::soak::v1,
};

/// The name of the server in this process.
const MEMORY: &str = "soak";

/// A way to a server.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) name: &'static str,
    /// Of the relay, where there is one.
    pub(crate) address: String,
    /// Whether the clients are blocking ones.
    pub(crate) blocks: bool,
    /// For an address of TLS.
    pub(crate) tls: Option<ClientTls>,
    /// A client of the same server that has no relay before it.
    pub(crate) control: v1::Client,
    /// What lies between; it ends when it is dropped.
    _between: Between,
}

#[derive(Debug)]
#[expect(dead_code, reason = "they are held, and end when they are dropped")]
enum Between {
    Tcp(TcpRelay),
    Udp(UdpRelay),
    Unix(JoinSet<()>),
    Memory(Server),
    /// Another route has it.
    Shared,
}

/// One way for each transport: all to the child, but for the server in this process.
pub(crate) async fn routes(child: &Child, seed: u64) -> Result<Vec<Route>, Box<dyn Error>> {
    let control = Client::connect(&child.address("tcp")?).await?;
    let control = v1::Client::new(control);
    let route = |name, address, between| Route {
        name,
        address,
        blocks: false,
        tls: None,
        control: control.clone(),
        _between: between,
    };
    let tcp = tcp_relay(child, "tcp", seed).await?;
    let tls = tcp_relay(child, "tls", seed ^ 2).await?;
    let certificate = fs::read(child.path(CERTIFICATE))?;
    let udp = udp_relay(child, seed).await?;
    let reliable = udp_relay(child, seed ^ 1).await?;
    let path = child.path("relay");
    let unix_relay = unix(path.clone(), child.place("unix")?.into(), seed)?;
    let tcp_address = format!("tcp://{}", tcp.local_addr());
    let udp_address = format!("udp://{}", udp.local_addr());
    let unix_address = format!("unix:{}", path.display());
    let server = Server::builder()
        .service(v1::Server::new(Ledger::default()))
        .memory(memory::listen(MEMORY)?);
    let server = server.start().await?;
    let memory = format!("memory:{MEMORY}");
    let shared = |name, address: &str| Route {
        blocks: true,
        ..route(name, address.to_owned(), Between::Shared)
    };
    Ok(vec![
        shared("blocking-tcp", &tcp_address),
        shared("blocking-udp", &udp_address),
        shared("blocking-unix", &unix_address),
        route("tcp", tcp_address, Between::Tcp(tcp)),
        Route {
            tls: Some(ClientTls::from_pem(&certificate)?.server_name(HOST)?),
            ..route(
                "tls",
                format!("tls://{}", tls.local_addr()),
                Between::Tcp(tls),
            )
        },
        route("udp", udp_address, Between::Udp(udp)),
        route(
            "reliable",
            format!("reliable://{}", reliable.local_addr()),
            Between::Udp(reliable),
        ),
        route("unix", unix_address, Between::Unix(unix_relay)),
        Route {
            control: v1::Client::new(Client::connect(&memory).await?),
            ..route("memory", memory, Between::Memory(server))
        },
    ])
}

/// A relay that cuts each connection after a random number of bytes.
async fn tcp_relay(child: &Child, scheme: &str, seed: u64) -> io::Result<TcpRelay> {
    let mut random = fastrand::Rng::with_seed(seed);
    let server = address(child.place(scheme)?)?;
    TcpRelay::start(server, move |_| {
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
    })
    .await
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

fn address(text: &str) -> io::Result<SocketAddr> {
    text.parse().map_err(io::Error::other)
}
