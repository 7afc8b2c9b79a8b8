//! What `idl/externs.x` does not define, as a user writes it down.
#![allow(
    non_camel_case_types,
    missing_docs,
    reason = "the names are those of the interface file"
)]

use std::time::Duration;

pub const VIR_MODEL_BUFLEN: i64 = 3;
pub const VIR_UUID_BUFLEN: i64 = 2;
pub const EBUSY: i64 = 16;
pub const VIR_TYPED_PARAM_INT: i64 = 1;
pub const VIR_TYPED_PARAM_STRING: i64 = -2;
pub const VIR_KIND_LARGE: i64 = 5;
pub const VIR_WIDE: i64 = 0x1_0000_0000;
pub const REMOTE_FIRST: i64 = 1;
pub const REMOTE_VERSION: i64 = 4;
pub const REMOTE_PROGRAM: i64 = 0x2000_0020;

/// A time that travels as a `hyper` of seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct virStamp(pub Duration);

impl xdr::Encode for virStamp {
    fn encode(&self, encoder: &mut xdr::Encoder) -> xdr::Result<()> {
        encoder.encode(&self.0.as_secs())
    }
}

impl xdr::Decode for virStamp {
    const MIN_SIZE: usize = 8;

    fn decode(decoder: &mut xdr::Decoder<'_>) -> xdr::Result<Self> {
        decoder
            .decode()
            .map(|seconds| Self(Duration::from_secs(seconds)))
    }
}
