//! Integers, booleans, floating point, void: RFC 4506 §4.1 to §4.8 and §4.16.

use crate::{Decode, Decoder, Encode, Encoder, Error};
use alloc::vec::Vec;

/// Numbers of an array that are turned around at a time, before they go to the buffer together:
/// the compiler makes vectors of a loop over memory of known size, and no zeros are written first.
const BLOCK: usize = 32;

macro_rules! big_endian {
    ($($type:ty),*) => {$(
        impl Encode for $type {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
                encoder.put(&self.to_be_bytes());
                Ok(())
            }

            fn encode_elements(values: &[Self], encoder: &mut Encoder) -> Result<(), Error> {
                encoder.nested(|encoder| {
                    encoder.reserve(size_of_val(values));
                    let (blocks, rest) = values.as_chunks::<BLOCK>();
                    for block in blocks {
                        let mut bytes = [0; BLOCK * size_of::<Self>()];
                        for (chunk, value) in bytes.as_chunks_mut().0.iter_mut().zip(block) {
                            *chunk = value.to_be_bytes();
                        }
                        encoder.put(&bytes);
                    }
                    for value in rest {
                        encoder.put(&value.to_be_bytes());
                    }
                    Ok(())
                })
            }
        }

        impl Decode for $type {
            const MIN_SIZE: usize = size_of::<Self>();
            const MAX_SIZE: usize = Self::MIN_SIZE;

            #[inline]
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
                decoder.take_array().map(|bytes| Self::from_be_bytes(*bytes))
            }

            fn decode_elements(decoder: &mut Decoder<'_>, len: usize) -> Result<Vec<Self>, Error> {
                decoder.nested(|decoder| {
                    let size = len.saturating_mul(Self::MIN_SIZE);
                    let bytes = decoder.take(size)?;
                    decoder.claim_memory(size)?;
                    let (chunks, _) = bytes.as_chunks();
                    Ok(chunks.iter().map(|chunk| Self::from_be_bytes(*chunk)).collect())
                })
            }
        }
    )*};
}

big_endian!(i32, u32, i64, u64, f32, f64);

impl Encode for bool {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.run::<4>(|run| run.put(self));
        Ok(())
    }
}

impl Decode for bool {
    const MIN_SIZE: usize = 4;
    const MAX_SIZE: usize = Self::MIN_SIZE;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.fixed()
    }
}

impl Encode for () {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.void()
    }
}

impl Decode for () {
    const MIN_SIZE: usize = 0;
    const MAX_SIZE: usize = Self::MIN_SIZE;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.void()
    }
}

/// A quadruple-precision floating-point number (RFC 4506 §4.8), as the 128 bits it has.
///
/// Rust has no stable type to calculate with it; equality here is equality of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Quadruple(u128);

impl Quadruple {
    /// The number that has these bits: sign 1, exponent 15 (biased by 16383), fraction 112.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits of the number.
    #[must_use]
    pub const fn to_bits(self) -> u128 {
        self.0
    }
}

impl Encode for Quadruple {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.run::<16>(|run| run.put(self));
        Ok(())
    }
}

impl Decode for Quadruple {
    const MIN_SIZE: usize = 16;
    const MAX_SIZE: usize = Self::MIN_SIZE;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.fixed()
    }
}
