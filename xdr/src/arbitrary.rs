//! Values made of random bytes, within the bounds of an interface: for fuzz targets of one's own.
//!
//! `rpcgen` generates `Arbitrary` for the types of an interface file on request, and names all
//! that it needs by this module, so that the user's crate needs no dependency for it.

pub use ::arbitrary::{Arbitrary, Error, Result, Unstructured};

use crate::{ByteString, Length, Quadruple};
use alloc::{boxed::Box, string::String, vec::Vec};
use bytes::Bytes;
use core::ops::{Bound, RangeBounds};

/// The fewest and the most elements.
fn bounds(range: &impl RangeBounds<u32>) -> (usize, usize) {
    let min = match range.start_bound() {
        Bound::Included(&min) => min,
        Bound::Excluded(&below) => below.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let max = match range.end_bound() {
        Bound::Included(&max) => max,
        Bound::Excluded(&above) => above.saturating_sub(1),
        Bound::Unbounded => u32::MAX,
    };
    (min as usize, max as usize)
}

/// Data of `opaque x<max>`: `opaque(u, ..=max)`.
///
/// # Errors
///
/// None; it has the form that all these functions have.
pub fn opaque(u: &mut Unstructured<'_>, len: impl RangeBounds<u32>) -> Result<Bytes> {
    let (min, max) = bounds(&len);
    let data = u.arbitrary_len::<u8>()?.min(max);
    let mut data = u.bytes(data)?.to_vec();
    data.resize(data.len().max(min), 0);
    Ok(data.into())
}

/// A string of `string x<max>`.
///
/// # Errors
///
/// As [`opaque`].
pub fn string(u: &mut Unstructured<'_>, len: impl RangeBounds<u32>) -> Result<ByteString> {
    opaque(u, len).map(ByteString::from)
}

/// Text of `string x<max>`.
///
/// # Errors
///
/// The random bytes are used up.
pub fn utf8(u: &mut Unstructured<'_>, len: impl RangeBounds<u32>) -> Result<String> {
    let (min, max) = bounds(&len);
    let mut text = String::arbitrary(u)?;
    text.shorten(max);
    text.extend(core::iter::repeat_n(' ', min.saturating_sub(text.len())));
    Ok(text)
}

/// The elements of `T x<max>` or of a list, each by a function.
///
/// # Errors
///
/// Those of the function.
pub fn elements<'a, T>(
    u: &mut Unstructured<'a>,
    len: impl RangeBounds<u32>,
    mut element: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let (min, max) = bounds(&len);
    let mut values = Vec::new();
    while values.len() < min || values.len() < max && !u.is_empty() && u.arbitrary()? {
        values.push(element(u)?);
    }
    Ok(values)
}

/// The elements of `T x[n]`, each by a function.
///
/// # Errors
///
/// Those of the function.
pub fn array<'a, T, const N: usize>(
    u: &mut Unstructured<'a>,
    mut element: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<[T; N]> {
    let elements: Result<Vec<T>> = (0..N).map(|_| element(u)).collect();
    elements?.try_into().map_err(|_| Error::IncorrectFormat)
}

/// What stands behind `T *x`, by a function.
///
/// # Errors
///
/// Those of the function.
pub fn optional<'a, T>(
    u: &mut Unstructured<'a>,
    value: impl FnOnce(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Option<T>> {
    if u.is_empty() || !u.arbitrary()? {
        return Ok(None);
    }
    value(u).map(Some)
}

/// A value of a type that contains itself, from half of the bytes that are left: however many
/// there are, it is never deep.
///
/// # Errors
///
/// Those of the type.
pub fn nested<'a, T: Arbitrary<'a>>(u: &mut Unstructured<'a>) -> Result<T> {
    let half = u.bytes(u.len() / 2)?;
    T::arbitrary(&mut Unstructured::new(half))
}

/// As [`nested`], in a box.
///
/// # Errors
///
/// Those of the type.
pub fn boxed<'a, T: Arbitrary<'a>>(u: &mut Unstructured<'a>) -> Result<Box<T>> {
    nested(u).map(Box::new)
}

/// Makes an array no longer than a count says.
pub fn at_most(array: &mut impl Shorten, count: impl Into<i64>) {
    array.shorten(usize::try_from(count.into()).unwrap_or_default());
}

/// Makes two arrays equally long, if both are there.
pub fn as_long_as(array: &mut impl Shorten, other: &mut impl Shorten) {
    if let (Some(len), Some(other_len)) = (array.length(), other.length()) {
        array.shorten(other_len);
        other.shorten(len);
    }
}

/// A value that can lose what it has at its end.
pub trait Shorten: Length {
    /// Leaves at most this many elements, or bytes.
    fn shorten(&mut self, len: usize);
}

impl<T> Shorten for Vec<T> {
    fn shorten(&mut self, len: usize) {
        self.truncate(len);
    }
}

impl Shorten for Bytes {
    fn shorten(&mut self, len: usize) {
        self.truncate(len);
    }
}

impl Shorten for ByteString {
    fn shorten(&mut self, len: usize) {
        let mut bytes = core::mem::take(self).into_bytes();
        bytes.truncate(len);
        *self = bytes.into();
    }
}

impl Shorten for String {
    fn shorten(&mut self, len: usize) {
        while self.len() > len {
            self.pop();
        }
    }
}

impl<T: Shorten> Shorten for Option<T> {
    fn shorten(&mut self, len: usize) {
        if let Some(value) = self {
            value.shorten(len);
        }
    }
}

impl<'a> Arbitrary<'a> for ByteString {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        string(u, ..)
    }
}

impl<'a> Arbitrary<'a> for Quadruple {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary().map(Self::from_bits)
    }
}
