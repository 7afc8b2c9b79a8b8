//! What the operating system allows: byte for byte the traffic of a call (record mark, headers without
//! credentials, arguments), with no codec, dispatch or matching.
//!
//! Flavours: `std tcp|unix|udp` and `tokio tcp|unix|udp`; with `batch`, `tokio tcp|unix` answers all calls
//! that one read brought with one write.

#![forbid(unsafe_code)]

mod asynchronous;
mod blocking;
mod traffic;

use bench_contract::{Fault, Role, arguments, runtime};

fn main() -> Result<(), Fault> {
    let (flavour, role) = arguments()?;
    let has = |word| flavour.iter().any(|one| one == word);
    let (udp, unix, batch) = (has("udp"), has("unix"), has("batch"));
    if has("tokio") {
        let runtime = runtime(&flavour)?;
        return match role {
            Role::Server if udp => runtime.block_on(asynchronous::serve_udp()),
            Role::Server => runtime.block_on(asynchronous::serve(unix)),
            Role::Client(load) if udp => runtime.block_on(asynchronous::call_udp(&load)),
            Role::Client(load) => runtime.block_on(asynchronous::call(load, unix, batch)),
        };
    }
    match role {
        Role::Server if udp => blocking::serve_udp(),
        Role::Server => blocking::serve(unix),
        Role::Client(load) if udp => blocking::call_udp(&load),
        Role::Client(load) => blocking::call(load, unix),
    }
}
