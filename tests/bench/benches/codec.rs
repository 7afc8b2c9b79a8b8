//! The time of the codec, with the copy of as many bytes beside it: `cargo bench -p bench`.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark that cannot go on ends")]

#[path = "../src/sample.rs"]
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

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rpc_runtime::{CallHeader, Xid};
use xdr::{Decode, Decoder, Encode, Encoder};

/// Measures a type both ways, and the copy of its bytes.
fn both<T: Encode + Decode>(criterion: &mut Criterion, name: &str, value: &T) {
    pair(criterion, name, value, |wire| {
        let mut decoder = Decoder::new(wire);
        let value: T = decoder.decode().expect("a well-formed message");
        decoder.finish().expect("nothing behind the value");
        value
    });
}

fn pair<T: Encode, D>(
    criterion: &mut Criterion,
    name: &str,
    value: &T,
    decode: impl Fn(&Bytes) -> D,
) {
    let mut buffer = encode(value, Vec::new());
    let wire = Bytes::copy_from_slice(&buffer);
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(wire.len() as u64));
    group.bench_function("memcpy", |bencher| {
        let mut copy = vec![0; wire.len()];
        bencher.iter(|| black_box(&mut copy).copy_from_slice(black_box(&wire)));
    });
    group.bench_function("encode", |bencher| {
        bencher.iter(|| buffer = encode(black_box(value), std::mem::take(&mut buffer)));
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| decode(black_box(&wire)));
    });
    group.finish();
}

/// Encodes into a buffer that was used before.
fn encode<T: Encode>(value: &T, mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    let mut encoder = Encoder::from(buffer);
    encoder.encode(value).expect("a value within its bounds");
    encoder.into_vec()
}

fn codec(criterion: &mut Criterion) {
    let header = CallHeader {
        xid: Xid(99),
        program: 0x2000_0099,
        version: 1,
        procedure: 1,
        ..CallHeader::default()
    };
    pair(criterion, "header", &header, |wire| {
        CallHeader::decode(&mut Decoder::new(wire))
    });
    both(criterion, "scalars", &sample::scalars!(generated));
    both(criterion, "listing", &sample::listing!(generated));
    both(criterion, "tree", &sample::tree!(generated));
    both(criterion, "blob", &sample::blob());
    both(criterion, "ints", &sample::ints());
}

criterion_group!(benches, codec);
criterion_main!(benches);
