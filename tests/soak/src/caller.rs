//! One who calls, until the end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rpc_runtime::Client;
use tokio::time::{Instant, sleep, timeout};

use crate::{
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
    random: fastrand::Rng,
}

impl Caller {
    pub(crate) fn new(address: String, route: usize, seed: u64) -> Self {
        Self {
            address,
            route,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Calls until the end, by one client after the other.
    pub(crate) async fn run(mut self, tally: Arc<Tally>, end: Instant) {
        while Instant::now() < end {
            let deadline = Duration::from_millis(self.random.u64(500..5000));
            let client = Client::builder().deadline(deadline);
            let Ok(client) = client.connect(&self.address).await else {
                tally.refused(self.route);
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            let client = v1::Client::new(client);
            for _ in 0..self.random.usize(1..400) {
                if Instant::now() >= end {
                    break;
                }
                self.call(&client, &tally).await;
                sleep(Duration::from_millis(self.random.u64(..25))).await;
            }
        }
    }

    /// Makes one call, of whatever sort.
    async fn call(&mut self, client: &v1::Client, tally: &Tally) {
        let token = self.random.u64(..);
        let sort = self.random.u8(..20);
        if sort == 0 {
            let ended = Ended::of_maybe(&client.note(token).await);
            return tally.ended(self.route, token, ended);
        }
        let is_idempotent = sort.is_multiple_of(3);
        let bytes = self.payload();
        let pause_ms = if sort == 1 {
            self.random.u32(..1500)
        } else {
            0
        };
        let call = async {
            if is_idempotent {
                client.again(token, bytes.clone(), pause_ms).await
            } else {
                client.once(token, bytes.clone(), pause_ms).await
            }
        };
        let patience = match sort {
            2 => Duration::from_millis(self.random.u64(..30)),
            _ => Duration::MAX,
        };
        let ended = match timeout(patience, call).await {
            Ok(result) => Ended::of(&result, &bytes, is_idempotent),
            Err(_) => Ended::cancelled(is_idempotent),
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
