//! Values made of random bytes, within the bounds of an interface: for fuzz targets of one's own.
//!
//! `rpcgen` generates `Arbitrary` for the types of an interface file on request, and names all
//! that it needs by this module, so that the user's crate needs no dependency for it.

pub use ::arbitrary::{Arbitrary, Error, Result, Unstructured};

use crate::{ByteString, Quadruple};
use alloc::{boxed::Box, string::String, vec::Vec};
use bytes::Bytes;

/// Data of `opaque x<max>`.
///
/// # Errors
///
/// None; it has the form that all these functions have.
pub fn opaque(u: &mut Unstructured<'_>, max: u32) -> Result<Bytes> {
    let len = u.arbitrary_len::<u8>()?.min(max as usize);
    u.bytes(len).map(Bytes::copy_from_slice)
}

/// A string of `string x<max>`.
///
/// # Errors
///
/// As [`opaque`].
pub fn string(u: &mut Unstructured<'_>, max: u32) -> Result<ByteString> {
    opaque(u, max).map(ByteString::from)
}

/// Text of `string x<max>`.
///
/// # Errors
///
/// The random bytes are used up.
pub fn utf8(u: &mut Unstructured<'_>, max: u32) -> Result<String> {
    let mut text = String::arbitrary(u)?;
    while text.len() > max as usize {
        text.pop();
    }
    Ok(text)
}

/// The elements of `T x<max>` or of a list, each by a function.
///
/// # Errors
///
/// Those of the function.
pub fn elements<'a, T>(
    u: &mut Unstructured<'a>,
    max: u32,
    mut element: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut values = Vec::new();
    while values.len() < max as usize && !u.is_empty() && u.arbitrary()? {
        values.push(element(u)?);
    }
    Ok(values)
}

/// A value of a recursive type, by a function, from half of the bytes that are left: however many
/// there are, it is never deep.
///
/// # Errors
///
/// Those of the function.
pub fn recursive<'a, T>(
    u: &mut Unstructured<'a>,
    value: impl FnOnce(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Option<Box<T>>> {
    if u.is_empty() || !u.arbitrary()? {
        return Ok(None);
    }
    let half = u.bytes(u.len() / 2)?;
    value(&mut Unstructured::new(half)).map(|value| Some(Box::new(value)))
}

impl<'a> Arbitrary<'a> for ByteString {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        string(u, u32::MAX)
    }
}

impl<'a> Arbitrary<'a> for Quadruple {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary().map(Self::from_bits)
    }
}
