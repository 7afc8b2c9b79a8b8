//! Opaque data of fixed and variable length: RFC 4506 §4.9 and §4.10.

use crate::{Decode, Decoder, Encode, Encoder, Error};
use bytes::Bytes;

/// The length, in bytes, from which decoded opaque data shares the memory of its message.
///
/// A shorter piece is copied: it would keep a message of perhaps a megabyte alive for its sake.
pub const SHARE_MIN: usize = 256;

impl Encoder {
    /// Writes `opaque x<max>`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`](crate::ErrorKind).
    pub fn opaque(&mut self, value: &Bytes, max: u32) -> Result<(), Error> {
        self.put_len(value.len(), max)?;
        self.put_padded(value);
        Ok(())
    }
}

impl Decoder<'_> {
    /// Reads `opaque x<max>`.
    ///
    /// # Errors
    ///
    /// The data is longer than `max` or not all there, or its padding is not zero.
    pub fn opaque(&mut self, max: u32) -> Result<Bytes, Error> {
        let len = self.take_len(max, 1)?;
        self.take_bytes(len)
    }
}

impl Encode for Bytes {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.opaque(self, u32::MAX)
    }
}

impl Decode for Bytes {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.opaque(u32::MAX)
    }
}

impl<const N: usize> Encode for [u8; N] {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.put_padded(self);
        Ok(())
    }
}

impl<const N: usize> Decode for [u8; N] {
    const MIN_SIZE: usize = N.next_multiple_of(4);

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        let bytes = decoder.take_array()?;
        decoder.take_zeros(N.wrapping_neg() % 4)?;
        Ok(bytes)
    }
}
