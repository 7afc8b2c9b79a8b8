//! A peer of the codec comparison: `bench list`, or `bench PEER CASE enc|dec SECS|iters=N`.
//!
//! It prints one JSON line with the time of one operation. Encoding reuses its buffer; decoding
//! makes owned values that share the message from 256 bytes on.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "the result goes there")]
#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends")]

mod run;
mod sample;
mod shape;

/// What `rpcgen` makes of `codec.x`.
#[allow(
    dead_code,
    unreachable_pub,
    clippy::use_self,
    reason = "generated code is for a library; this program needs a part of it"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/codec.rs"));
}

use rpc_runtime::{CallHeader, Xid};
use run::{Run, encode};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [word] if word == "list" => {
            for (peer, cases) in PEERS {
                println!("{peer} {}", cases.join(" "));
            }
        }
        [peer, case, direction, length] => {
            let run = Run::new(peer, case, direction == "enc", length);
            measure(&run);
        }
        _ => println!("usage: bench list | PEER CASE enc|dec SECS|iters=N"),
    }
}

const PEERS: &[(&str, &[&str])] = &[
    (
        "ours",
        &["header", "scalars", "listing", "blob", "ints", "tree"],
    ),
    ("shape", &["scalars", "listing", "tree"]),
];

fn measure(run: &Run) {
    match (run.peer(), run.case()) {
        ("ours", "header") => header(run),
        ("ours", "scalars") => run.both(&sample::scalars!(generated)),
        ("ours", "listing") => run.both(&sample::listing!(generated)),
        (_, "blob") => run.both(&sample::blob()),
        (_, "ints") => run.both(&sample::ints()),
        ("shape", "scalars") => run.both(&sample::scalars!(shape)),
        ("shape", "listing") => run.both(&sample::listing!(shape)),
        ("shape", "tree") => run.both(&sample::tree!(shape)),
        ("ours", "tree") => run.both(&sample::tree!(generated)),
        (peer, case) => println!("no case {case} for {peer}"),
    }
}

/// The header of a call with `AUTH_NONE` twice.
fn header(run: &Run) {
    let header = CallHeader {
        xid: Xid(99),
        program: 0x2000_0099,
        version: 1,
        procedure: 1,
        ..CallHeader::default()
    };
    run.pair(
        |buffer| encode(std::hint::black_box(&header), buffer),
        |wire| CallHeader::decode(&mut xdr::Decoder::new(wire)).is_ok(),
    );
}
