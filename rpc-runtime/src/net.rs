//! The driver: thin pumps between the sans-IO core and tokio.
//!
//! Each connection is one task, which owns its transport and does both directions: it hands over
//! all that waits to be sent, then takes what has come. So everything that gathers while it is
//! not running is sent with one write, and nothing is shared but a short queue.

mod accept;
mod account;
mod address;
mod amplification;
mod broadcast;
mod calls;
mod channel;
mod checksummed;
mod client;
mod client_connection;
mod datagram;

mod datagram_socket;
mod deadlines;
pub(crate) mod fault;
mod handle;
mod limits;
mod load;
pub mod memory;
mod reconnect;
mod reliable;
mod request_cache;
mod server;
mod server_connection;
mod server_socket;
mod shared;
mod started;
mod state;
mod stream;
mod tcp;
pub mod testing;
mod timer;
#[cfg(feature = "tls")]
pub mod tls;
mod transport;
mod udp;
#[cfg(unix)]
mod unix;
mod workers;

use std::{
    future::pending,
    pin::pin,
    task::{Context, Poll},
    time::Instant,
};

pub use broadcast::{Broadcast, Replies};
pub use channel::ReliableChannel;
pub use checksummed::ChecksummedEndpoint;
pub use client::{Client, ClientBuilder};
pub use datagram::{Datagram, DatagramEndpoint};
pub use limits::Overload;
pub use server::{Server, ServerBuilder, ShutdownReport, StartError};
pub use started::Started;
pub use state::{ConnectionState, ConnectionStates};
pub use transport::{Progress, Recovery, Transport};
pub use workers::WorkerStatus;

/// The time, by the clock of the runtime, which tests may move.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Waits until this time, or for ever.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => pending().await,
    }
}

/// The reply of a service that blocks, made on a thread that tokio has for such.
#[cfg(feature = "tower")]
pub(crate) fn blocking_reply(
    reply: crate::dispatch::ReplyFunction,
) -> crate::dispatch::ReplyFuture {
    // It fails where the service has panicked, or the runtime ends.
    Box::pin(async {
        let reply = tokio::task::spawn_blocking(reply).await;
        reply.unwrap_or(Err(crate::Refusal::SystemErr))
    })
}

/// Has the task woken once others have run, and once the runtime has looked for input.
///
/// Waking the task here and now would not do: a runtime of one thread looks for input every 61
/// turns of its tasks only, and all of them could be turns of one busy connection.
fn give_way(cx: &mut Context<'_>) {
    let _: Poll<()> = pin!(tokio::task::yield_now()).poll(cx);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::poll_fn,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering::Relaxed},
        },
    };
    use tokio::{net::UdpSocket, runtime::Builder};

    #[test]
    fn task_that_gives_way_lets_input_be_seen() {
        // This runtime looks for input when all tasks wait, or have given way.
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().event_interval(u32::MAX).build();
        let test = async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let is_received = Arc::new(AtomicBool::new(false));
            let mut turns = 0;
            let busy = tokio::spawn({
                let is_received = Arc::clone(&is_received);
                poll_fn(move |cx| {
                    turns += 1;
                    if is_received.load(Relaxed) || turns == 1000 {
                        return Poll::Ready(is_received.load(Relaxed));
                    }
                    give_way(cx);
                    Poll::Pending
                })
            });
            let address = socket.local_addr().unwrap();
            let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            sender.send_to(b"input", address).unwrap();
            socket.recv(&mut [0; 5]).await.unwrap();
            is_received.store(true, Relaxed);
            assert!(busy.await.unwrap(), "before the busy task had ended");
        };
        runtime.unwrap().block_on(test);
    }
}
