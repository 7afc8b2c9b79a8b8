//! Rules of an interface that its types do not say: ranges, and lengths that belong together.

use crate::{
    ByteStr, ByteString, Bytes, Decode, Decoder, Elements, Encode, Encoder, Error, ErrorKind,
};
use alloc::{string::String, vec::Vec};

/// A value that has a length: an array, opaque data, a string, or one of these that may be absent.
pub trait Length {
    /// Elements, or bytes; nothing where the value is absent.
    fn length(&self) -> Option<usize>;
}

impl<T> Length for [T] {
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T> Length for Vec<T> {
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl Length for Bytes {
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl Length for str {
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl Length for String {
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl Length for ByteString {
    fn length(&self) -> Option<usize> {
        Some(self.as_bytes().len())
    }
}

impl Length for ByteStr<'_> {
    fn length(&self) -> Option<usize> {
        Some(self.as_bytes().len())
    }
}

impl<T> Length for Elements<'_, T> {
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: Length> Length for Option<T> {
    fn length(&self) -> Option<usize> {
        self.as_ref().and_then(Length::length)
    }
}

impl<T: Length + ?Sized> Length for &T {
    fn length(&self) -> Option<usize> {
        (**self).length()
    }
}

impl Encoder {
    /// Writes a number within a range, its ends included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`].
    pub fn ranged<T: Encode + Number>(&mut self, value: &T, min: T, max: T) -> Result<(), Error> {
        in_range(*value, min, max).map_err(|kind| self.error(kind))?;
        value.encode(self)
    }

    /// Checks that a value that will be written is not shorter than this.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooShort`].
    pub fn at_least(&self, value: &(impl Length + ?Sized), min: u32) -> Result<(), Error> {
        at_least(value, min).map_err(|kind| self.error(kind))
    }

    /// Checks that a value that will be written is not longer than a count says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`].
    pub fn at_most(
        &self,
        value: &(impl Length + ?Sized),
        count: impl Into<i64>,
    ) -> Result<(), Error> {
        at_most(value, count.into()).map_err(|kind| self.error(kind))
    }

    /// Checks that a value that will be written is as long as another, if both are there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthsDiffer`].
    pub fn as_long_as(
        &self,
        value: &(impl Length + ?Sized),
        other: &(impl Length + ?Sized),
    ) -> Result<(), Error> {
        as_long_as(value, other).map_err(|kind| self.error(kind))
    }
}

impl Decoder<'_> {
    /// Reads a number within a range, its ends included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`].
    pub fn ranged<T: Decode + Number>(&mut self, min: T, max: T) -> Result<T, Error> {
        let offset = self.offset();
        let value = T::decode(self)?;
        in_range(value, min, max).map_err(|kind| Error::new(kind, offset))?;
        Ok(value)
    }

    /// Checks that a value that was read is not shorter than this.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooShort`].
    pub fn at_least(&self, value: &(impl Length + ?Sized), min: u32) -> Result<(), Error> {
        at_least(value, min).map_err(|kind| self.error(kind))
    }

    /// Checks that a value that was read is not longer than a count says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`].
    pub fn at_most(
        &self,
        value: &(impl Length + ?Sized),
        count: impl Into<i64>,
    ) -> Result<(), Error> {
        at_most(value, count.into()).map_err(|kind| self.error(kind))
    }

    /// Checks that a value that was read is as long as another, if both are there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LengthsDiffer`].
    pub fn as_long_as(
        &self,
        value: &(impl Length + ?Sized),
        other: &(impl Length + ?Sized),
    ) -> Result<(), Error> {
        as_long_as(value, other).map_err(|kind| self.error(kind))
    }
}

/// An integer of XDR.
pub trait Number: Copy + PartialOrd + Into<i128> {}

impl Number for i32 {}
impl Number for u32 {}
impl Number for i64 {}
impl Number for u64 {}

fn in_range<T: Number>(value: T, min: T, max: T) -> Result<(), ErrorKind> {
    if min <= value && value <= max {
        return Ok(());
    }
    Err(ErrorKind::OutOfRange {
        value: value.into(),
        min: min.into(),
        max: max.into(),
    })
}

fn at_least(value: &(impl Length + ?Sized), min: u32) -> Result<(), ErrorKind> {
    match value.length() {
        Some(len) if u32::try_from(len).is_ok_and(|len| len < min) => {
            Err(ErrorKind::TooShort { len, min })
        }
        _ => Ok(()),
    }
}

/// A count below 0 admits no elements.
fn at_most(value: &(impl Length + ?Sized), count: i64) -> Result<(), ErrorKind> {
    let max = u32::try_from(count.max(0)).unwrap_or(u32::MAX);
    match value.length() {
        Some(len) if !u32::try_from(len).is_ok_and(|len| len <= max) => {
            Err(ErrorKind::TooLong { len, max })
        }
        _ => Ok(()),
    }
}

fn as_long_as(
    value: &(impl Length + ?Sized),
    other: &(impl Length + ?Sized),
) -> Result<(), ErrorKind> {
    match (value.length(), other.length()) {
        (Some(len), Some(other)) if len != other => Err(ErrorKind::LengthsDiffer { len, other }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_their_range() {
        let mut encoder = Encoder::new();
        for value in [-3, 0, 7] {
            encoder.ranged(&value, -3, 7).unwrap();
        }
        let error = encoder.ranged(&8, -3, 7).unwrap_err();
        let kind = ErrorKind::OutOfRange {
            value: 8,
            min: -3,
            max: 7,
        };
        assert_eq!((error.kind(), error.offset()), (kind, 12));
        let wire = encoder.finish();
        let mut decoder = Decoder::new(&wire);
        assert_eq!(decoder.ranged(-3, 7).unwrap(), -3);
        let error = decoder.ranged(1_u32, u32::MAX).unwrap_err();
        assert_eq!(error.offset(), 4, "where the number stands");
        let max = i128::from(u32::MAX);
        let kind = ErrorKind::OutOfRange {
            value: 0,
            min: 1,
            max,
        };
        assert_eq!(error.kind(), kind);
    }

    #[test]
    fn lengths_that_counts_bound() {
        let encoder = Encoder::new();
        let three: &[i32] = &[1, 2, 3];
        encoder.at_most(three, 3_u32).unwrap();
        encoder.at_most(three, u32::MAX).unwrap();
        let kind = encoder.at_most(three, 2).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::TooLong { len: 3, max: 2 });
        let kind = encoder.at_most(three, -1).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::TooLong { len: 3, max: 0 });
        encoder.at_most("", -1).unwrap();
        encoder.at_least("ab", 2).unwrap();
        let kind = encoder.at_least("ab", 3).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::TooShort { len: 2, min: 3 });
    }

    #[test]
    fn what_is_absent_has_any_length() {
        let decoder = Decoder::from_slice(&[]);
        let absent: Option<Vec<i32>> = None;
        let present: Option<&[i32]> = Some(&[1]);
        decoder.at_most(&absent, 0).unwrap();
        decoder.at_least(&absent, 1).unwrap();
        decoder.as_long_as(&absent, &present).unwrap();
        decoder
            .as_long_as(&present, &Bytes::from_static(b"1"))
            .unwrap();
        let kind = decoder.as_long_as(&present, "12").unwrap_err().kind();
        assert_eq!(kind, ErrorKind::LengthsDiffer { len: 1, other: 2 });
    }
}
