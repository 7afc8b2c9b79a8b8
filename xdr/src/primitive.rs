//! Integers, booleans, floating point, void: RFC 4506 §4.1 to §4.8 and §4.16.

use crate::{Decode, Decoder, Encode, Encoder, Error, ErrorKind};
use core::mem::size_of;

macro_rules! big_endian {
    ($($type:ty),*) => {$(
        impl Encode for $type {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
                encoder.put(&self.to_be_bytes());
                Ok(())
            }
        }

        impl Decode for $type {
            const MIN_SIZE: usize = size_of::<Self>();

            #[inline]
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
                decoder.take_array().map(Self::from_be_bytes)
            }
        }
    )*};
}

big_endian!(i32, u32, i64, u64, f32, f64);

impl Encode for bool {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        i32::from(*self).encode(encoder)
    }
}

impl Decode for bool {
    const MIN_SIZE: usize = 4;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        let offset = decoder.offset();
        match decoder.decode()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Error::new(ErrorKind::InvalidBool(other), offset)),
        }
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
        encoder.put(&self.0.to_be_bytes());
        Ok(())
    }
}

impl Decode for Quadruple {
    const MIN_SIZE: usize = 16;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder
            .take_array()
            .map(|bytes| Self(u128::from_be_bytes(bytes)))
    }
}
