//! The server, in a process of its own: a ledger of what was executed.

use std::{
    collections::HashMap,
    error::Error,
    fs,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use rpc_runtime::{Context, Server, ServiceResult, tls::ServerTls};
use tokio::{io::AsyncReadExt as _, time::sleep};

use crate::stubs::soak::v1;

/// The host that the server's certificate is for.
pub(crate) const HOST: &str = "soak.example";

/// The file in which clients find the certificate.
pub(crate) const CERTIFICATE: &str = "certificate.pem";

/// Serves until the standard input ends. Sockets with a name are in the folder.
pub(crate) async fn run(folder: &str) -> Result<(), Box<dyn Error>> {
    let path = format!("{folder}/socket");
    let own = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    let chain = own.cert.pem();
    fs::write(format!("{folder}/{CERTIFICATE}"), &chain)?;
    let tls = ServerTls::from_pem(chain.as_bytes(), own.signing_key.serialize_pem().as_bytes())?;
    let server = Server::builder()
        .service(v1::Server::new(Ledger::default()))
        .tcp("127.0.0.1:0")
        .tls("127.0.0.1:0", tls)
        .udp("127.0.0.1:0")
        .unix(&path)
        .start()
        .await?;
    let tcp = server.tcp_addr().ok_or("no TCP address")?;
    let tls = server.tls_addr().ok_or("no TLS address")?;
    let udp = server.udp_addr().ok_or("no UDP address")?;
    println!("tcp {tcp}\ntls {tls}\nudp {udp}\nunix {path}\nready");
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    let report = server.shutdown().await;
    println!("{report:?}");
    Ok(())
}

/// How often each call was executed.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<HashMap<u64, u32>>);

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down an execution, and is busy for a while.
    async fn execute(&self, token: u64, pause_ms: u32) {
        *self.lock().entry(token).or_default() += 1;
        if pause_ms > 0 {
            sleep(Duration::from_millis(pause_ms.into())).await;
        }
    }
}

impl v1::Service for Ledger {
    async fn once(
        &self,
        _: &Context,
        token: u64,
        bytes: Bytes,
        pause_ms: u32,
    ) -> ServiceResult<Bytes> {
        self.execute(token, pause_ms).await;
        Ok(bytes)
    }

    async fn again(
        &self,
        _: &Context,
        token: u64,
        bytes: Bytes,
        pause_ms: u32,
    ) -> ServiceResult<Bytes> {
        self.execute(token, pause_ms).await;
        Ok(bytes)
    }

    async fn note(&self, _: &Context, token: u64) -> ServiceResult<()> {
        self.execute(token, 0).await;
        Ok(())
    }

    async fn settle(&self, _: &Context, asked: Vec<u64>) -> ServiceResult<Vec<u32>> {
        let mut executed = self.lock();
        let counts = asked.iter().map(|token| executed.remove(token));
        Ok(counts.map(Option::unwrap_or_default).collect())
    }

    async fn remembered(&self, _: &Context) -> ServiceResult<u32> {
        let remembered = self.lock().len();
        Ok(u32::try_from(remembered).unwrap_or(u32::MAX))
    }
}
