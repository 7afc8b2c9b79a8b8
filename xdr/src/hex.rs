//! Opaque data in formats that people read: hexadecimal digits, `"00ff"`.
//!
//! For a field: `#[serde(with = "::xdr::hex")]`, where opaque data is all that the type has:
//! itself, in an `Option`, an array, a list. In formats that nobody reads it is bytes.

use alloc::{boxed::Box, string::String, vec::Vec};
use bytes::Bytes;
use core::fmt::{self, Write as _};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
};

/// Opaque data, or a type that has nothing else.
pub trait Hex: Sized {
    /// Writes the value.
    ///
    /// # Errors
    ///
    /// Those of the format.
    fn to_hex<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// Those of the format; what is no hexadecimal number of whole bytes, or has another length.
    fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Writes opaque data.
///
/// # Errors
///
/// Those of the format.
pub fn serialize<T: Hex, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.to_hex(serializer)
}

/// Reads opaque data.
///
/// # Errors
///
/// As [`Hex::from_hex`].
pub fn deserialize<'de, T: Hex, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::from_hex(deserializer)
}

/// Bytes that are shown as hexadecimal digits.
struct Digits<'a>(&'a [u8]);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The bytes of hexadecimal digits, two for each.
fn parse(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |&[high, low]: &[u8; 2]| u8::try_from(16 * digit(high)? + digit(low)?).ok();
    pairs.iter().map(byte).collect()
}

pub(crate) fn write<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if !serializer.is_human_readable() {
        return serializer.serialize_bytes(bytes);
    }
    let mut digits = String::with_capacity(2 * bytes.len());
    let _ = write!(digits, "{}", Digits(bytes));
    serializer.serialize_str(&digits)
}

pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(DigitsVisitor)
    } else {
        deserializer.deserialize_byte_buf(BytesVisitor)
    }
}

struct DigitsVisitor;

impl Visitor<'_> for DigitsVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hexadecimal digits, two for each byte")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Vec<u8>, A::Error> {
        let mut all = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            all.push(byte);
        }
        Ok(all)
    }
}

impl Hex for Bytes {
    fn to_hex<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(self, serializer)
    }

    fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer).map(Self::from)
    }
}

impl<const N: usize> Hex for [u8; N] {
    fn to_hex<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(self, serializer)
    }

    fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        sized(read(deserializer)?)
    }
}

/// The elements as an array of just that length.
fn sized<E: serde::de::Error, T, const N: usize>(elements: Vec<T>) -> Result<[T; N], E> {
    elements.try_into().map_err(|elements: Vec<T>| {
        E::custom(format_args!(
            "{} elements where {N} are needed",
            elements.len()
        ))
    })
}

/// A value that is written as hexadecimal digits inside of another.
struct Borrowed<'a, T>(&'a T);

impl<T: Hex> Serialize for Borrowed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_hex(serializer)
    }
}

/// A value that is read from hexadecimal digits inside of another.
struct Owned<T>(T);

impl<'de, T: Hex> Deserialize<'de> for Owned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::from_hex(deserializer).map(Self)
    }
}

impl<T: Hex> Hex for Option<T> {
    fn to_hex<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Borrowed).serialize(serializer)
    }

    fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<Owned<T>>::deserialize(deserializer)?;
        Ok(value.map(|Owned(value)| value))
    }
}

impl<T: Hex> Hex for Vec<T> {
    fn to_hex<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Borrowed))
    }

    fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Vec::<Owned<T>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|Owned(value)| value).collect())
    }
}

impl<T: Hex, const N: usize> Hex for [T; N] {
    fn to_hex<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Borrowed))
    }

    fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        sized(Vec::<T>::from_hex(deserializer)?)
    }
}

impl<T: Hex> Hex for Box<T> {
    fn to_hex<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).to_hex(serializer)
    }

    fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::from_hex(deserializer).map(Self::new)
    }
}
