//! A peer of the codec comparison: `bench list`, or `bench PEER CASE enc|dec SECS|iters=N`.
//!
//! It prints one JSON line with the time of one operation. Encoding reuses its buffer; decoding
//! makes owned values that share the message from 256 bytes on.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "the result goes there")]
#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends")]

mod run;
mod sample;

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

use std::hint::black_box;

use rpc_runtime::{CallHeader, Xid};
use run::{Run, encode};
use xdr::DecodeBorrowed as _;

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
    ("ours-ref", &["listing", "blob"]),
    ("ours-ref-read", &["listing"]),
];

fn measure(run: &Run) {
    match (run.peer(), run.case()) {
        ("ours", "header") => header(run),
        ("ours", "scalars") => run.both(&sample::scalars!(generated)),
        ("ours", "listing") => run.both(&sample::listing!(generated)),
        ("ours-ref" | "ours-ref-read", "listing") => listing(run),
        ("ours-ref", "blob") => blob(run),
        (_, "blob") => run.both(&sample::blob()),
        (_, "ints") => run.both(&sample::ints()),
        ("ours", "tree") => run.both(&sample::tree!(generated)),
        (peer, case) => println!("no case {case} for {peer}"),
    }
}

/// A listing that borrows from the message, its entries checked, or read too.
fn listing(run: &Run) {
    let value = sample::listing!(generated);
    let reads = run.peer() == "ours-ref-read";
    run.pair(
        |buffer| encode(&value, buffer),
        |wire| {
            let mut decoder = xdr::Decoder::new(wire);
            let listing = generated::ListingRef::decode_borrowed(&mut decoder)
                .expect("a well-formed message");
            if reads {
                listing.entries.iter().for_each(|entry| {
                    black_box(entry);
                });
            }
            black_box(listing);
        },
    );
}

/// Opaque data that is left where it lies, on the way out and on the way in.
fn blob(run: &Run) {
    let value = sample::blob();
    let mut sent = Vec::new();
    run.pair(
        |buffer| {
            let mut encoder = xdr::Encoder::from(std::mem::take(buffer)).with_chunks();
            encoder.encode(&value).expect("a value within its bounds");
            let (_, rest) = encoder.finish_chunks();
            sent = rest;
        },
        |wire| {
            xdr::Decoder::new(wire)
                .opaque_borrowed(u32::MAX)
                .map(<[u8]>::len)
        },
    );
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
        |buffer| encode(black_box(&header), buffer),
        |wire| CallHeader::decode(&mut xdr::Decoder::new(wire)).is_ok(),
    );
}
