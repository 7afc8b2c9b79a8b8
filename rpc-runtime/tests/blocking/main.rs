//! The blocking client, against servers of this crate in a runtime of their own and against peers that
//! end in the wrong moment.
#![cfg(all(feature = "net", feature = "blocking", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod connections;
mod outcomes;
mod started;

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bytes::Bytes;
use common::{ADD, Calc, ECHO, LARGE, WAIT, server};
use rpc_runtime::{Caller, Server, blocking::Client};
use tokio::runtime::Runtime;

fn add<C: Caller>(caller: &C, a: i32, b: i32) -> C::Call<i32> {
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&[a, b]);
    caller.call(&ADD, arguments, xdr::Decode::decode)
}

fn echo<C: Caller>(caller: &C, bytes: &Bytes) -> C::Call<Bytes> {
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(bytes);
    caller.call(&ECHO, arguments, xdr::Decode::decode)
}

fn wait<C: Caller>(caller: &C, value: i32) -> C::Call<i32> {
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&value);
    caller.call(&WAIT, arguments, xdr::Decode::decode)
}

fn large<C: Caller>(caller: &C, len: u32) -> C::Call<Bytes> {
    let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&len);
    caller.call(&LARGE, arguments, xdr::Decode::decode)
}

/// A server in a runtime that has threads of its own, as if it were another process.
struct Remote {
    runtime: Runtime,
    server: Option<Server>,
    calc: Calc,
    unix: String,
}

impl Remote {
    fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let calc = Calc::default();
        let number = NUMBER.fetch_add(1, Relaxed);
        let unix = format!("@blocking-test-{}-{number}", std::process::id());
        let server = Server::builder()
            .service(server(calc.clone()))
            .tcp("127.0.0.1:0")
            .udp("127.0.0.1:0")
            .unix(&unix);
        let server = runtime.block_on(server.start()).unwrap();
        Self {
            runtime,
            server: Some(server),
            calc,
            unix,
        }
    }

    fn address(&self, transport: &str) -> String {
        let server = self.server.as_ref().unwrap();
        match transport {
            "tcp" => format!("tcp://{}", server.tcp_addr().unwrap()),
            "udp" => format!("udp://{}", server.udp_addr().unwrap()),
            _ => format!("unix:{}", self.unix),
        }
    }

    fn connect(&self, transport: &str) -> Client {
        Client::connect(&self.address(transport)).unwrap()
    }

    /// Waits until so many calls of `wait` have begun.
    fn wait_for(&self, calls: u32) {
        self.runtime.block_on(self.calc.gate.wait_for(calls));
    }

    /// Ends the server, without answering what is under way.
    fn kill(&mut self) {
        let _guard = self.runtime.enter();
        self.server = None;
    }
}

/// Runs a test over every transport, with a server of its own, which the test may end.
fn over_all(test: impl Fn(Client, &mut Remote)) {
    for transport in ["tcp", "udp", "unix"] {
        let mut remote = Remote::start();
        test(remote.connect(transport), &mut remote);
    }
}
