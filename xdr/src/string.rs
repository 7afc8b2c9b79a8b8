//! Strings: RFC 4506 §4.11.

use crate::{Decode, Decoder, Encode, Encoder, Error, ErrorKind};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use bytes::Bytes;
use core::{fmt, ops::Deref, str::Utf8Error};

/// Bytes that the length of a string takes.
const LEN_SIZE: usize = 4;

/// An XDR string: bytes that are most often ASCII, and kept whatever they are.
///
/// RFC 4506 speaks of ASCII, but servers send file names and messages in every encoding there is.
/// This type loses nothing; [`to_str`](Self::to_str) tells whether it is UTF-8, and `Display`
/// shows what is not as U+FFFD.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteString(Bytes);

impl ByteString {
    /// The string as text.
    ///
    /// # Errors
    ///
    /// The bytes are not UTF-8.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        core::str::from_utf8(&self.0)
    }

    /// The string as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for ByteString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for ByteString {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

macro_rules! byte_string_from {
    ($($source:ty => $convert:expr),* $(,)?) => {$(
        impl From<$source> for ByteString {
            fn from(value: $source) -> Self {
                Self($convert(value))
            }
        }
    )*};
}

byte_string_from! {
    Bytes => core::convert::identity,
    Vec<u8> => Bytes::from,
    String => Bytes::from,
    &str => |text: &str| Bytes::copy_from_slice(text.as_bytes()),
    &String => |text: &String| Bytes::copy_from_slice(text.as_bytes()),
    &[u8] => Bytes::copy_from_slice,
}

impl PartialEq<str> for ByteString {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for ByteString {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl Encoder {
    /// Writes `string x<max>`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`].
    #[inline]
    pub fn string(&mut self, value: &ByteString, max: u32) -> Result<(), Error> {
        self.put_bytes(&value.0, max)
    }

    /// Writes `string x<max>` from text; the bound is in bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`].
    #[inline]
    pub fn utf8(&mut self, value: &str, max: u32) -> Result<(), Error> {
        self.put_opaque(value.as_bytes(), max)
    }
}

impl<'a> Decoder<'a> {
    /// Reads `string x<max>`.
    ///
    /// # Errors
    ///
    /// The string is longer than `max` or not all there, or its padding is not zero.
    #[inline]
    pub fn string(&mut self, max: u32) -> Result<ByteString, Error> {
        self.opaque(max).map(ByteString)
    }

    /// Reads `string x<max>` as text; the bound is in bytes.
    ///
    /// # Errors
    ///
    /// As [`string`](Self::string), and where the bytes are not UTF-8.
    pub fn utf8(&mut self, max: u32) -> Result<String, Error> {
        let text = self.take_utf8(max)?;
        self.claim_memory(text.len())?;
        Ok(text.to_string())
    }

    /// Takes text where it lies.
    pub(crate) fn take_utf8(&mut self, max: u32) -> Result<&'a str, Error> {
        let start = self.offset() + LEN_SIZE;
        core::str::from_utf8(self.take_opaque(max)?)
            .map_err(|fault| Error::new(ErrorKind::InvalidUtf8, start + fault.valid_up_to()))
    }
}

impl Encode for ByteString {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.string(self, u32::MAX)
    }
}

impl Decode for ByteString {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.string(u32::MAX)
    }
}

impl Encode for str {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.utf8(self, u32::MAX)
    }
}

impl Encode for String {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.utf8(self, u32::MAX)
    }
}

impl Decode for String {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.utf8(u32::MAX)
    }
}
