//! Arguments and results that say whose they are.

use bytes::{Bytes, BytesMut};

use crate::random::mixed;

/// What arguments or results hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Kind {
    /// The arguments of a call.
    Arguments = 1,
    /// The result of a call.
    Result = 2,
}

/// So many bytes that belong to a call and to no other.
#[must_use]
pub fn payload(kind: Kind, token: u64, len: usize) -> Bytes {
    let mut bytes = BytesMut::with_capacity(len + 8);
    bytes.extend_from_slice(&token.to_be_bytes());
    let mut word = mixed(token ^ kind as u64);
    while bytes.len() < len {
        bytes.extend_from_slice(&word.to_be_bytes());
        word = word.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1);
    }
    bytes.truncate(len);
    bytes.freeze()
}

/// The token that a payload begins with.
#[must_use]
pub fn token(payload: &[u8]) -> Option<u64> {
    payload.first_chunk().copied().map(u64::from_be_bytes)
}
