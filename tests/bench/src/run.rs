//! How one operation is repeated and timed.

use std::{hint::black_box, time::Instant};

use bytes::Bytes;
use xdr::{Decode, Decoder, Encode, Encoder};

/// Stretches of time of which the median counts: a shared machine stalls now and then.
const STRETCHES: usize = 25;

/// What is to be measured: a peer, one of its cases, one direction.
pub(crate) struct Run {
    peer: String,
    case: String,
    is_encode: bool,
    /// Seconds, or `iters=N`.
    length: String,
}

impl Run {
    pub(crate) fn new(peer: &str, case: &str, is_encode: bool, length: &str) -> Self {
        Self {
            peer: peer.into(),
            case: case.into(),
            is_encode,
            length: length.into(),
        }
    }

    pub(crate) fn peer(&self) -> &str {
        &self.peer
    }

    pub(crate) fn case(&self) -> &str {
        &self.case
    }

    /// Measures the codec of an owned type.
    pub(crate) fn both<T: Encode + Decode>(&self, value: &T) {
        self.pair(
            |buffer| encode(black_box(value), buffer),
            |wire| decode::<T>(wire),
        );
    }

    /// Measures an encoder, that writes into an empty buffer, or a decoder, that says whether
    /// the message was good.
    pub(crate) fn pair<D>(
        &self,
        mut encode: impl FnMut(&mut Vec<u8>),
        mut decode: impl FnMut(&Bytes) -> D,
    ) {
        let mut buffer = Vec::new();
        encode(&mut buffer);
        let len = buffer.len();
        if self.is_encode {
            self.time(len, || encode(black_box(&mut buffer)));
        } else {
            let wire = Bytes::from(buffer);
            self.time(len, || {
                black_box(decode(black_box(&wire)));
            });
        }
    }

    fn time(&self, bytes: usize, mut operation: impl FnMut()) {
        let mut nanoseconds_of = |times: u64| {
            let began = Instant::now();
            for _ in 0..times {
                operation();
            }
            began.elapsed().as_secs_f64() * 1e9
        };
        let (times, total) = match self.length.strip_prefix("iters=") {
            Some(times) => {
                let times = times.parse().expect("a number of operations");
                (times, nanoseconds_of(times))
            }
            None => median(self.length.parse().expect("seconds"), &mut nanoseconds_of),
        };
        let each = total / as_f64(times);
        let Self { peer, case, .. } = self;
        let direction = if self.is_encode { "enc" } else { "dec" };
        println!(
            "{{\"peer\":\"{peer}\",\"case\":\"{case}\",\"dir\":\"{direction}\",\
             \"bytes\":{bytes},\"iters\":{times},\"ns_per_op\":{each:.2}}}"
        );
    }
}

/// How many operations a stretch has, and how long the median stretch took.
fn median(seconds: f64, nanoseconds_of: &mut impl FnMut(u64) -> f64) -> (u64, f64) {
    let wanted = seconds * 1e9 / 25.0;
    // Warms up, and finds how many operations fill a stretch.
    let mut times = 1;
    while nanoseconds_of(times) < wanted {
        times *= 2;
    }
    let mut stretches: Vec<f64> = (0..STRETCHES).map(|_| nanoseconds_of(times)).collect();
    stretches.sort_by(f64::total_cmp);
    (
        times,
        stretches.get(STRETCHES / 2).copied().unwrap_or(f64::NAN),
    )
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 operations")]
fn as_f64(times: u64) -> f64 {
    times as f64
}

/// Encodes into a buffer that was used before.
pub(crate) fn encode<T: Encode>(value: &T, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut encoder = Encoder::from(std::mem::take(buffer));
    encoder.encode(value).expect("a value within its bounds");
    *buffer = encoder.into_vec();
}

pub(crate) fn decode<T: Decode>(wire: &Bytes) -> T {
    let mut decoder = Decoder::new(wire);
    let value = decoder.decode().expect("a well-formed message");
    decoder.finish().expect("nothing behind the value");
    value
}
