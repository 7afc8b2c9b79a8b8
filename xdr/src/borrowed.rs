//! Values that borrow from the message they are read from: nothing is allocated for them.

use crate::{ByteString, Decode, Decoder, Error, ErrorKind, Limits, Tolerance};
use alloc::string::String;
use core::{fmt, iter::FusedIterator, marker::PhantomData, ops::Deref, str::Utf8Error};

/// A value that can be read from XDR and may borrow from the message.
///
/// Every [`Decode`] is one. `rpcgen` generates the implementations for borrowed twins of types,
/// where they are asked for.
pub trait DecodeBorrowed<'a>: Sized {
    /// The fewest bytes that a value takes on the wire.
    const MIN_SIZE: usize;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// The input ends too early or breaks a rule of RFC 4506 or of the interface.
    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self, Error>;
}

impl<'a, T: Decode> DecodeBorrowed<'a> for T {
    const MIN_SIZE: usize = T::MIN_SIZE;

    #[inline]
    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self, Error> {
        T::decode(decoder)
    }
}

impl<'a> DecodeBorrowed<'a> for &'a [u8] {
    const MIN_SIZE: usize = 4;

    #[inline]
    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self, Error> {
        decoder.opaque_borrowed(u32::MAX)
    }
}

impl<'a> DecodeBorrowed<'a> for &'a str {
    const MIN_SIZE: usize = 4;

    #[inline]
    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self, Error> {
        decoder.utf8_borrowed(u32::MAX)
    }
}

impl<'a> DecodeBorrowed<'a> for ByteStr<'a> {
    const MIN_SIZE: usize = 4;

    #[inline]
    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self, Error> {
        decoder.string_borrowed(u32::MAX)
    }
}

impl<'a, T: DecodeBorrowed<'a>> DecodeBorrowed<'a> for Elements<'a, T> {
    const MIN_SIZE: usize = 4;

    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self, Error> {
        decoder.array_borrowed(u32::MAX)
    }
}

impl<'a> Decoder<'a> {
    /// Reads the field of a struct, or the arm of a union, that may borrow; an error names it.
    ///
    /// # Errors
    ///
    /// As [`DecodeBorrowed::decode_borrowed`].
    #[inline]
    pub fn field_borrowed<T: DecodeBorrowed<'a>>(
        &mut self,
        type_name: &'static str,
        field: &'static str,
    ) -> Result<T, Error> {
        T::decode_borrowed(self).map_err(|error| error.in_field(type_name, field))
    }

    /// Reads `opaque x<max>` where it lies.
    ///
    /// # Errors
    ///
    /// As [`opaque`](Self::opaque).
    #[inline]
    pub fn opaque_borrowed(&mut self, max: u32) -> Result<&'a [u8], Error> {
        self.take_opaque(max)
    }

    /// Reads `opaque x[N]` where it lies.
    ///
    /// # Errors
    ///
    /// The data is not all there, or its padding is not zero.
    #[inline]
    pub fn fixed_opaque_borrowed<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let bytes = self.take_padded(N)?;
        bytes.first_chunk().ok_or_else(|| {
            self.error(ErrorKind::UnexpectedEnd {
                needed: N,
                remaining: bytes.len(),
            })
        })
    }

    /// Reads `string x<max>` where it lies.
    ///
    /// # Errors
    ///
    /// As [`string`](Self::string).
    #[inline]
    pub fn string_borrowed(&mut self, max: u32) -> Result<ByteStr<'a>, Error> {
        self.take_opaque(max).map(ByteStr)
    }

    /// Reads `string x<max>` as text where it lies; the bound is in bytes.
    ///
    /// # Errors
    ///
    /// As [`utf8`](Self::utf8).
    #[inline]
    pub fn utf8_borrowed(&mut self, max: u32) -> Result<&'a str, Error> {
        self.take_utf8(max)
    }

    /// Reads `T x<max>`: checks every element, and keeps none.
    ///
    /// # Errors
    ///
    /// As [`array`](Self::array).
    pub fn array_borrowed<T: DecodeBorrowed<'a>>(
        &mut self,
        max: u32,
    ) -> Result<Elements<'a, T>, Error> {
        self.array_borrowed_with(max, T::MIN_SIZE, T::decode_borrowed)
    }

    /// Reads `T x<max>`: checks every element with a function, which reads at least `min_size` bytes
    /// and what `T` reads, and keeps none.
    ///
    /// # Errors
    ///
    /// As [`array_with`](Self::array_with).
    pub fn array_borrowed_with<T, C>(
        &mut self,
        max: u32,
        min_size: usize,
        mut check: impl FnMut(&mut Self) -> Result<C, Error>,
    ) -> Result<Elements<'a, T>, Error> {
        let len = self.array_len(max, min_size)?;
        self.nested(|decoder| {
            let first = decoder.clone();
            for index in 0..len {
                check(decoder).map_err(|error| error.in_element(index))?;
            }
            Ok(Elements::new(&first, decoder, len, 0))
        })
    }

    /// Reads a linked list: checks every element, and keeps none.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub fn list_borrowed<T: DecodeBorrowed<'a>>(&mut self) -> Result<Elements<'a, T>, Error> {
        if self.decode()? {
            self.nonempty_list_borrowed()
        } else {
            Ok(Elements::default())
        }
    }

    /// Reads a linked list whose first node stands by value: checks every element, and keeps none.
    ///
    /// # Errors
    ///
    /// As [`nonempty_list`](Self::nonempty_list).
    pub fn nonempty_list_borrowed<T: DecodeBorrowed<'a>>(
        &mut self,
    ) -> Result<Elements<'a, T>, Error> {
        self.nested(|decoder| {
            let first = decoder.clone();
            let mut len = 0;
            loop {
                T::decode_borrowed(decoder).map_err(|error| error.in_element(len))?;
                len += 1;
                if !decoder.decode::<bool>()? {
                    return Ok(Elements::new(&first, decoder, len, FLAG_SIZE));
                }
            }
        })
    }
}

/// Bytes of the `bool` that says whether another element of a list follows.
const FLAG_SIZE: usize = 4;

/// An XDR string in a message: the borrowed form of [`ByteString`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteStr<'a>(&'a [u8]);

impl<'a> ByteStr<'a> {
    /// The string as text.
    ///
    /// # Errors
    ///
    /// The bytes are not UTF-8.
    pub fn to_str(self) -> Result<&'a str, Utf8Error> {
        core::str::from_utf8(self.0)
    }

    /// The string as bytes.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl Deref for ByteStr<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl<'a> From<&'a str> for ByteStr<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for ByteStr<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl From<ByteStr<'_>> for ByteString {
    fn from(string: ByteStr<'_>) -> Self {
        Self::from(string.0)
    }
}

impl PartialEq<str> for ByteStr<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for ByteStr<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for ByteStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.0))
    }
}

impl fmt::Debug for ByteStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// The elements of an array or a list in a message, read each time that they are asked for.
///
/// All of them were checked when the value was decoded, so that reading them cannot fail.
pub struct Elements<'a, T> {
    /// From the first element to the end of the last.
    region: &'a [u8],
    len: usize,
    /// Bytes between two elements.
    gap: usize,
    tolerance: Tolerance,
    element: PhantomData<fn() -> T>,
}

impl<'a, T> Elements<'a, T> {
    /// The elements between two positions of a decoder.
    fn new(first: &Decoder<'a>, end: &Decoder<'a>, len: usize, gap: usize) -> Self {
        Self {
            region: first.until(end),
            len,
            gap,
            tolerance: end.tolerance(),
            element: PhantomData,
        }
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<'a, T: DecodeBorrowed<'a>> Elements<'a, T> {
    /// Reads the elements, front to back.
    #[must_use]
    pub fn iter(&self) -> ElementsIter<'a, T> {
        // The limits were kept to when the elements were checked.
        let limits = Limits::default()
            .depth(u32::MAX)
            .memory(usize::MAX)
            .zero_sized_elements(u32::MAX);
        let decoder = Decoder::from_slice(self.region)
            .with_limits(limits)
            .with_tolerance(self.tolerance);
        ElementsIter {
            decoder,
            left: self.len,
            gap: self.gap,
            element: PhantomData,
        }
    }
}

impl<T> Clone for Elements<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Elements<'_, T> {}

impl<T> Default for Elements<'_, T> {
    fn default() -> Self {
        Self {
            region: &[],
            len: 0,
            gap: 0,
            tolerance: Tolerance::default(),
            element: PhantomData,
        }
    }
}

impl<'a, T: DecodeBorrowed<'a> + PartialEq> PartialEq for Elements<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: DecodeBorrowed<'a> + Eq> Eq for Elements<'a, T> {}

impl<'a, T: DecodeBorrowed<'a> + fmt::Debug> fmt::Debug for Elements<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: DecodeBorrowed<'a>> IntoIterator for Elements<'a, T> {
    type Item = T;
    type IntoIter = ElementsIter<'a, T>;

    fn into_iter(self) -> ElementsIter<'a, T> {
        self.iter()
    }
}

impl<'a, T: DecodeBorrowed<'a>> IntoIterator for &Elements<'a, T> {
    type Item = T;
    type IntoIter = ElementsIter<'a, T>;

    fn into_iter(self) -> ElementsIter<'a, T> {
        self.iter()
    }
}

/// Reads the elements of an array or a list, see [`Elements::iter`].
#[derive(Debug, Clone)]
pub struct ElementsIter<'a, T> {
    decoder: Decoder<'a>,
    left: usize,
    gap: usize,
    element: PhantomData<fn() -> T>,
}

impl<'a, T: DecodeBorrowed<'a>> Iterator for ElementsIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let value = T::decode_borrowed(&mut self.decoder).ok()?;
        // There is no gap behind the last one.
        let _ = self.decoder.take(self.gap);
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, T: DecodeBorrowed<'a>> ExactSizeIterator for ElementsIter<'a, T> {}

impl<'a, T: DecodeBorrowed<'a>> FusedIterator for ElementsIter<'a, T> {}
