//! `Serialize` and `Deserialize` for the types of this crate.

use crate::{ByteString, Quadruple, hex};
use alloc::{string::String, vec::Vec};
use bytes::Bytes;
use core::fmt;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap as _,
};

/// The key of a string that is not UTF-8: `{"hex": "61ff"}`.
const HEX_KEY: &str = "hex";

/// In formats that people read: text where it is UTF-8, `{"hex": "61ff"}` where it is not.
impl Serialize for ByteString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(self);
        }
        if let Ok(text) = self.to_str() {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(HEX_KEY, &Hex(self.clone().into_bytes()))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for ByteString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(StringVisitor)
        } else {
            hex::read(deserializer).map(Self::from)
        }
    }
}

struct StringVisitor;

impl<'de> Visitor<'de> for StringVisitor {
    type Value = ByteString;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or a map with hexadecimal digits")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ByteString, E> {
        Ok(text.into())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<ByteString, E> {
        Ok(text.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByteString, A::Error> {
        match map.next_entry::<String, Hex>()? {
            Some((key, Hex(bytes))) if key == HEX_KEY => Ok(bytes.into()),
            _ => Err(A::Error::missing_field(HEX_KEY)),
        }
    }
}

/// Bytes as hexadecimal digits.
struct Hex(Bytes);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hex::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex::deserialize(deserializer).map(Self)
    }
}

/// The 16 bytes of the number; as hexadecimal digits in formats that people read.
impl Serialize for Quadruple {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hex::serialize(&self.to_bits().to_be_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for Quadruple {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: [u8; 16] = hex::deserialize(deserializer)?;
        Ok(Self::from_bits(u128::from_be_bytes(bytes)))
    }
}

/// Arrays of fixed length, of which serde knows those up to 32 elements only.
///
/// For a field: `#[serde(with = "::xdr::fixed_array")]`, for arrays in a `Box` too.
pub mod fixed_array {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Vec, hex};
    use alloc::boxed::Box;

    /// An array of fixed length, or a box of one.
    pub trait FixedArray: Sized {
        /// The type of its elements.
        type Element;

        /// The elements.
        fn elements(&self) -> &[Self::Element];

        /// The array of just these elements.
        ///
        /// # Errors
        ///
        /// There are more or fewer.
        fn from_elements<E: serde::de::Error>(elements: Vec<Self::Element>) -> Result<Self, E>;
    }

    impl<T, const N: usize> FixedArray for [T; N] {
        type Element = T;

        fn elements(&self) -> &[T] {
            self
        }

        fn from_elements<E: serde::de::Error>(elements: Vec<T>) -> Result<Self, E> {
            hex::sized(elements)
        }
    }

    impl<T: FixedArray> FixedArray for Box<T> {
        type Element = T::Element;

        fn elements(&self) -> &[T::Element] {
            (**self).elements()
        }

        fn from_elements<E: serde::de::Error>(elements: Vec<T::Element>) -> Result<Self, E> {
            T::from_elements(elements).map(Self::new)
        }
    }

    /// Writes an array.
    ///
    /// # Errors
    ///
    /// Those of the format.
    pub fn serialize<A: FixedArray<Element: Serialize>, S: Serializer>(
        array: &A,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(array.elements())
    }

    /// Reads an array.
    ///
    /// # Errors
    ///
    /// Those of the format, and where the number of elements is another.
    pub fn deserialize<'de, A: FixedArray<Element: Deserialize<'de>>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<A, D::Error> {
        A::from_elements(Vec::deserialize(deserializer)?)
    }
}
