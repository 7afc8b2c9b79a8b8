//! One who calls, until the end.

use std::{panic, sync::Arc, time::Duration};

use bytes::Bytes;
use rpc_runtime::{CallResult, Client, blocking, tls::ClientTls};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    chaos::Route,
    stubs::soak::v1,
    tally::{Ended, Tally},
};

/// Bytes of the longest payload of a call over UDP: a datagram that fits into one of IPv4.
const DATAGRAM_PAYLOAD_MAX: usize = 8000;

/// Bytes of the longest payload of other calls.
const PAYLOAD_MAX: usize = 100_000;

/// One who calls.
#[derive(Debug)]
pub(crate) struct Caller {
    address: String,
    /// The route's place among the routes.
    route: usize,
    /// Whether each call takes a thread until its end.
    blocks: bool,
    tls: Option<ClientTls>,
    random: fastrand::Rng,
}

impl Caller {
    pub(crate) fn new(route: &Route, index: usize, seed: u64) -> Self {
        Self {
            address: route.address.clone(),
            route: index,
            blocks: route.blocks,
            tls: route.tls.clone(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Calls until the end, by one client after the other.
    pub(crate) async fn run(mut self, tally: Arc<Tally>, end: Instant) {
        while Instant::now() < end {
            let deadline = Duration::from_millis(self.random.u64(500..5000));
            let Some(calls) = self.connect(deadline).await else {
                tally.refused(self.route);
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            for _ in 0..self.random.usize(1..400) {
                if Instant::now() >= end {
                    break;
                }
                self.call(&calls, &tally).await;
                sleep(Duration::from_millis(self.random.u64(..25))).await;
            }
        }
    }

    async fn connect(&self, deadline: Duration) -> Option<Calls> {
        if self.blocks {
            let address = self.address.clone();
            let builder = blocking::Client::builder().deadline(deadline);
            let connected = on_a_thread(move || builder.connect(&address)).await;
            return connected.ok().map(Calls::Blocks);
        }
        let mut builder = Client::builder().deadline(deadline);
        if let Some(tls) = &self.tls {
            builder = builder.tls(tls.clone());
        }
        let client = builder.connect(&self.address).await.ok()?;
        Some(Calls::Waits(v1::Client::new(client)))
    }

    /// Makes one call, of whatever sort.
    async fn call(&mut self, calls: &Calls, tally: &Tally) {
        let token = self.random.u64(..);
        let sort = self.random.u8(..20);
        if sort == 0 {
            let ended = Ended::of_maybe(&calls.note(token).await);
            return tally.ended(self.route, token, ended);
        }
        let call = Call {
            token,
            is_idempotent: sort.is_multiple_of(3),
            bytes: self.payload(),
            pause_ms: if sort == 1 {
                self.random.u32(..1500)
            } else {
                0
            },
        };
        let patience = match sort {
            2 => Duration::from_millis(self.random.u64(..30)),
            _ => Duration::MAX,
        };
        let ended = match calls.call(&call, patience).await {
            Some(result) => Ended::of(&result, &call.bytes, call.is_idempotent),
            None => Ended::cancelled(call.is_idempotent),
        };
        tally.ended(self.route, token, ended);
    }

    fn payload(&mut self) -> Bytes {
        let max = if self.address.starts_with("udp:") {
            DATAGRAM_PAYLOAD_MAX
        } else {
            PAYLOAD_MAX
        };
        // Few are long.
        let len = match self.random.u8(..10) {
            0 => self.random.usize(..max),
            _ => self.random.usize(..500),
        };
        (0..=u8::MAX).cycle().skip(len % 7).take(len).collect()
    }
}

/// A call that has a reply.
#[derive(Debug, Clone)]
struct Call {
    token: u64,
    is_idempotent: bool,
    bytes: Bytes,
    pause_ms: u32,
}

/// A client of either kind.
#[derive(Debug)]
enum Calls {
    Waits(v1::Client),
    Blocks(blocking::Client),
}

impl Calls {
    async fn note(&self, token: u64) -> CallResult<()> {
        match self {
            Self::Waits(client) => client.note(token).await,
            Self::Blocks(client) => {
                let client = v1::Client::new(client.clone());
                on_a_thread(move || client.note(token)).await
            }
        }
    }

    /// The result, unless the caller's patience ends before.
    async fn call(&self, call: &Call, patience: Duration) -> Option<CallResult<Bytes>> {
        let Call {
            token,
            is_idempotent,
            bytes,
            pause_ms,
        } = call.clone();
        match self {
            Self::Waits(client) => {
                let call = if is_idempotent {
                    client.again(token, bytes, pause_ms)
                } else {
                    client.once(token, bytes, pause_ms)
                };
                timeout(patience, call).await.ok()
            }
            Self::Blocks(client) => {
                let client = client.clone();
                let run = move || {
                    if patience != Duration::MAX {
                        let starting = v1::Client::new(client.starting());
                        drop(starting.once(token, bytes, pause_ms));
                        return None;
                    }
                    let client = v1::Client::new(client);
                    Some(if is_idempotent {
                        client.again(token, bytes, pause_ms)
                    } else {
                        client.once(token, bytes, pause_ms)
                    })
                };
                on_a_thread(run).await
            }
        }
    }
}

/// What a function gives that may block its thread.
async fn on_a_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let ended = tokio::task::spawn_blocking(run).await;
    ended.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))
}
