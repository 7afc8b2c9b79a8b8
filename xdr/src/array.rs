//! Arrays of fixed and variable length: RFC 4506 §4.12 and §4.13.

use crate::{Decode, Decoder, Encode, Encoder, Error, ErrorKind};
use alloc::{boxed::Box, vec::Vec};
use arrayvec::ArrayVec;
use core::mem::size_of;

/// Memory, in bytes, that may be reserved for an array before its elements were read, even where
/// its share of what the input that is left occupies itself is less.
const RESERVE_MIN: usize = 4096;

impl Encoder {
    /// Writes `T x<max>`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`], and those of the elements.
    pub fn array<T: Encode>(&mut self, values: &[T], max: u32) -> Result<(), Error> {
        self.put_len(values.len(), max)?;
        T::encode_elements(values, self)
    }

    /// Writes `T x<max>`, each element with a function.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`], and those of the function.
    pub fn array_with<T>(
        &mut self,
        values: &[T],
        max: u32,
        encode: impl FnMut(&mut Self, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.put_len(values.len(), max)?;
        self.elements(values, encode)
    }

    /// Writes the elements of an array, and no count: `T x[n]`.
    ///
    /// # Errors
    ///
    /// Those of the function.
    pub fn elements<T>(
        &mut self,
        values: &[T],
        mut encode: impl FnMut(&mut Self, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.nested(|encoder| {
            for (index, value) in values.iter().enumerate() {
                encode(encoder, value).map_err(|error| error.in_element(index))?;
            }
            Ok(())
        })
    }
}

impl Decoder<'_> {
    /// Reads `T x<max>`.
    ///
    /// # Errors
    ///
    /// The array is longer than `max` or not all there, and the errors of the elements.
    pub fn array<T: Decode>(&mut self, max: u32) -> Result<Vec<T>, Error> {
        let len = self.array_len(max, T::MIN_SIZE)?;
        T::decode_elements(self, len)
    }

    /// Reads `T x<max>`, each element with a function that takes at least `min_size` bytes.
    ///
    /// # Errors
    ///
    /// The array is longer than `max` or not all there, and the errors of the function.
    pub fn array_with<T>(
        &mut self,
        max: u32,
        min_size: usize,
        decode: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let len = self.array_len(max, min_size)?;
        self.elements(len, decode)
    }

    /// Reads the count of an array.
    #[inline]
    pub(crate) fn array_len(&mut self, max: u32, min_size: usize) -> Result<usize, Error> {
        match min_size {
            0 => self.take_zero_sized_len(max),
            _ => self.take_len(max, min_size),
        }
    }

    /// Reads `T x[N]`, each element with a function.
    ///
    /// # Errors
    ///
    /// Those of the function.
    pub fn fixed_array_with<T, const N: usize>(
        &mut self,
        mut decode: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<[T; N], Error> {
        self.nested(|decoder| {
            let mut values = ArrayVec::<T, N>::new();
            for index in 0..N {
                values.push(decode(decoder).map_err(|error| error.in_element(index))?);
            }
            values
                .into_inner()
                .map_err(|short| fewer_elements(decoder, short.len(), N))
        })
    }

    /// Reads `T x[N]` into memory of its own, each element with a function: for arrays too large
    /// for the stack.
    ///
    /// # Errors
    ///
    /// Those of the function.
    pub fn boxed_array_with<T, const N: usize>(
        &mut self,
        decode: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Box<[T; N]>, Error> {
        let values = self.elements(N, decode)?;
        values
            .into_boxed_slice()
            .try_into()
            .map_err(|short: Box<[T]>| fewer_elements(self, short.len(), N))
    }

    /// Reads `opaque x[N]` into memory of its own: for data too large for the stack.
    ///
    /// # Errors
    ///
    /// The data is not all there, or its padding is not zero.
    pub fn boxed_opaque<const N: usize>(&mut self) -> Result<Box<[u8; N]>, Error> {
        let bytes = self.take_padded(N)?;
        self.claim_memory(N)?;
        Box::<[u8]>::from(bytes)
            .try_into()
            .map_err(|short: Box<[u8]>| fewer_elements(self, short.len(), N))
    }

    /// Reads `len` elements of an array, each with a function.
    pub(crate) fn elements<T>(
        &mut self,
        len: usize,
        mut decode: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.nested(|decoder| {
            // Arrays within each other may all claim the same rest of the input: the deeper, the
            // less is reserved on such a claim, so that together they take a few times the input.
            let share = decoder.remaining() / decoder.depth();
            let affordable = share.max(RESERVE_MIN) / size_of::<T>().max(1);
            let mut values = Vec::new();
            decoder.reserve(&mut values, len.min(affordable))?;
            for index in 0..len {
                if values.len() == values.capacity() {
                    decoder.reserve(&mut values, len - index)?;
                }
                values.push(decode(decoder).map_err(|error| error.in_element(index))?);
            }
            Ok(values)
        })
    }

    /// Makes room for `additional` elements; where there are some already, for at the most as
    /// many again.
    pub(crate) fn reserve<T>(
        &mut self,
        values: &mut Vec<T>,
        additional: usize,
    ) -> Result<(), Error> {
        let additional = match values.len() {
            0 => additional,
            len => additional.min(len),
        };
        self.claim_memory(additional.saturating_mul(size_of::<T>()))?;
        values.reserve_exact(additional);
        Ok(())
    }
}

/// Reads fixed-length opaque data: [`Decoder::boxed_opaque`] as a function to pass on.
///
/// # Errors
///
/// As [`Decoder::boxed_opaque`].
pub fn decode_boxed_opaque<const N: usize>(
    decoder: &mut Decoder<'_>,
) -> Result<Box<[u8; N]>, Error> {
    decoder.boxed_opaque()
}

/// Not reached: each caller has just filled all elements. An error costs less than a panic path.
#[cold]
fn fewer_elements(decoder: &Decoder<'_>, len: usize, needed: usize) -> Error {
    decoder.error(ErrorKind::UnexpectedEnd {
        needed,
        remaining: len,
    })
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.array(self, u32::MAX)
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.array(self, u32::MAX)
    }
}

impl<T: Decode> Decode for Vec<T> {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.array(u32::MAX)
    }
}

impl<T: Encode, const N: usize> Encode for [T; N] {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.elements(self, Encoder::encode)
    }
}

impl<T: Decode, const N: usize> Decode for [T; N] {
    const MIN_SIZE: usize = N.saturating_mul(T::MIN_SIZE);
    const MAX_SIZE: usize = N.saturating_mul(T::MAX_SIZE);

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.fixed_array_with(Decoder::decode)
    }
}
