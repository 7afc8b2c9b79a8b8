//! Optional-data and the lists that are made of it: RFC 4506 §4.19.

use crate::{Decode, Decoder, Encode, Encoder, Error, ErrorKind};
use alloc::{boxed::Box, vec::Vec};

/// Elements that a list has room for at first.
const RESERVE_MIN: usize = 4;

impl Encoder {
    /// Writes `T *x`, the value with a function.
    ///
    /// # Errors
    ///
    /// Those of the function.
    #[inline]
    pub fn optional_with<T>(
        &mut self,
        value: Option<&T>,
        encode: impl FnOnce(&mut Self, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.encode(&value.is_some())?;
        value.map_or(Ok(()), |value| encode(self, value))
    }

    /// Writes a linked list, `struct node { T value; node *next; } *x`: `TRUE` and the value for
    /// each element, then `FALSE`.
    ///
    /// # Errors
    ///
    /// Those of the elements.
    pub fn list<T: Encode>(&mut self, values: &[T]) -> Result<(), Error> {
        self.elements(values, |encoder, value| {
            encoder.encode(&true)?;
            encoder.encode(value)
        })?;
        self.encode(&false)
    }

    /// Writes a linked list whose first node stands by value: a list without the first `TRUE`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EmptyList`], and those of the elements.
    pub fn nonempty_list<T: Encode>(&mut self, values: &[T]) -> Result<(), Error> {
        if values.is_empty() {
            return Err(self.error(ErrorKind::EmptyList));
        }
        let mut first = true;
        self.elements(values, |encoder, value| {
            if !core::mem::take(&mut first) {
                encoder.encode(&true)?;
            }
            encoder.encode(value)
        })?;
        self.encode(&false)
    }
}

impl Decoder<'_> {
    /// Reads `T *x`, the value with a function.
    ///
    /// # Errors
    ///
    /// Those of the function.
    #[inline]
    pub fn optional_with<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.decode()? {
            decode(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads a linked list, as [`Encoder::list`] writes it; its length is no depth of nesting.
    ///
    /// # Errors
    ///
    /// Those of the elements.
    pub fn list<T: Decode>(&mut self) -> Result<Vec<T>, Error> {
        if self.decode()? {
            self.nonempty_list()
        } else {
            Ok(Vec::new())
        }
    }

    /// Reads a linked list whose first node stands by value.
    ///
    /// # Errors
    ///
    /// Those of the elements.
    pub fn nonempty_list<T: Decode>(&mut self) -> Result<Vec<T>, Error> {
        self.nested(|decoder| {
            let mut values = Vec::new();
            decoder.reserve(&mut values, RESERVE_MIN)?;
            loop {
                if values.len() == values.capacity() {
                    decoder.reserve(&mut values, usize::MAX)?;
                }
                let value = decoder
                    .decode()
                    .map_err(|error| error.in_element(values.len()))?;
                values.push(value);
                if !decoder.decode::<bool>()? {
                    return Ok(values);
                }
            }
        })
    }
}

/// Reads a linked list with any decoder: [`Decoder::list`] as a function to pass on.
///
/// # Errors
///
/// As [`Decoder::list`].
pub fn decode_list<T: Decode>(decoder: &mut Decoder<'_>) -> Result<Vec<T>, Error> {
    decoder.list()
}

/// Reads a linked list that is not empty: [`Decoder::nonempty_list`] as a function to pass on.
///
/// # Errors
///
/// As [`Decoder::nonempty_list`].
pub fn decode_nonempty_list<T: Decode>(decoder: &mut Decoder<'_>) -> Result<Vec<T>, Error> {
    decoder.nonempty_list()
}

impl<T: Encode> Encode for Option<T> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.optional_with(self.as_ref(), Encoder::encode)
    }
}

impl<T: Decode> Decode for Option<T> {
    const MIN_SIZE: usize = 4;
    const MAX_SIZE: usize = T::MAX_SIZE.saturating_add(4);

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.optional_with(Decoder::decode)
    }
}

/// Every recursion of a type but a list goes through a `Box`, or through an array: so this is
/// where, beside arrays, the depth is counted.
impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.nested(|encoder| encoder.encode(&**self))
    }
}

impl<T: Decode> Decode for Box<T> {
    const MIN_SIZE: usize = T::MIN_SIZE;
    const MAX_SIZE: usize = T::MAX_SIZE;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        decoder.nested(|decoder| {
            decoder.claim_memory(size_of::<T>())?;
            decoder.decode().map(Self::new)
        })
    }
}
