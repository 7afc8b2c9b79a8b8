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
    #[inline]
    pub fn opaque(&mut self, value: &Bytes, max: u32) -> Result<(), Error> {
        self.put_bytes(value, max)
    }
}

impl Decoder<'_> {
    /// Reads `opaque x<max>`.
    ///
    /// # Errors
    ///
    /// The data is longer than `max` or not all there, or its padding is not zero.
    #[inline]
    pub fn opaque(&mut self, max: u32) -> Result<Bytes, Error> {
        self.take_bytes(max)
    }

    /// Reads the bytes of `opaque x<max>` behind their length, which was read just before: for a
    /// length in a run with other values.
    ///
    /// ```
    /// let mut decoder = xdr::Decoder::from_slice(b"\0\0\0\x07\0\0\0\x02ab\0\0");
    /// let mut run = decoder.run::<8>()?;
    /// let (number, len): (i32, u32) = (run.get()?, run.get()?);
    /// assert_eq!((number, decoder.opaque_of_len(len, 400)?), (7, xdr::Bytes::from("ab")));
    /// # Ok::<(), xdr::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`opaque`](Self::opaque).
    #[inline]
    pub fn opaque_of_len(&mut self, len: u32, max: u32) -> Result<Bytes, Error> {
        self.take_bytes_of(len, max)
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

/// The zeros behind data of this length.
#[inline]
fn padding_of(len: usize) -> &'static [u8] {
    [0; 3].get(..len.wrapping_neg() % 4).unwrap_or_default()
}

impl<const N: usize> Encode for [u8; N] {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.put(self);
        encoder.put(padding_of(N));
        Ok(())
    }
}

impl<const N: usize> Decode for [u8; N] {
    const MIN_SIZE: usize = N.next_multiple_of(4);
    const MAX_SIZE: usize = Self::MIN_SIZE;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.fixed()
    }
}
