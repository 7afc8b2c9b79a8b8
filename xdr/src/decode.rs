use crate::{Error, ErrorKind};
use bytes::Bytes;

/// A value that can be read from XDR.
///
/// `rpcgen` generates the implementations for the types of an interface file.
pub trait Decode: Sized {
    /// The fewest bytes that a value takes on the wire.
    ///
    /// An array is refused before any memory is reserved when its elements cannot be there.
    const MIN_SIZE: usize;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// The input ends too early or breaks a rule of RFC 4506 or of the interface.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error>;
}

/// What a [`Decoder`] accepts at the most, beyond the bounds that the interface declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    depth: u32,
}

/// Levels of nesting that every value is allowed: far more than real protocols use, and safe on a
/// small thread's stack.
const DEFAULT_DEPTH: u32 = 64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: DEFAULT_DEPTH,
        }
    }
}

impl Limits {
    /// Sets how deep values may be nested: arrays, lists and recursive types count a level each.
    /// The default is 64.
    #[must_use]
    pub fn depth(mut self, max: u32) -> Self {
        self.depth = max;
        self
    }

    pub(crate) fn max_depth(self) -> u32 {
        self.depth
    }
}

/// Reads XDR from a message, front to back.
#[derive(Debug)]
pub struct Decoder<'a> {
    input: &'a [u8],
    offset: usize,
    /// The message again, where opaque data may be handed out as slices that share its memory.
    shared: Option<&'a Bytes>,
    depth: u32,
    /// Array elements of no size that the message may still claim.
    zero_sized_left: u32,
    limits: Limits,
}

impl<'a> Decoder<'a> {
    /// A decoder whose opaque data and strings share the memory of the message.
    #[must_use]
    pub fn new(message: &'a Bytes) -> Self {
        Self {
            shared: Some(message),
            ..Self::from_slice(message)
        }
    }

    /// A decoder whose opaque data and strings are copied out of the message.
    #[must_use]
    pub fn from_slice(message: &'a [u8]) -> Self {
        Self {
            input: message,
            offset: 0,
            shared: None,
            depth: 0,
            zero_sized_left: crate::array::ZERO_SIZED_MAX,
            limits: Limits::default(),
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes not read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.input.len() - self.offset
    }

    /// Ends the decoding.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TrailingBytes`] where something is left.
    pub fn finish(self) -> Result<(), Error> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(self.error(ErrorKind::TrailingBytes(count))),
        }
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// As [`Decode::decode`].
    #[inline]
    pub fn decode<T: Decode>(&mut self) -> Result<T, Error> {
        T::decode(self)
    }

    /// Reads nothing, as `void` does (RFC 4506 §4.16).
    ///
    /// # Errors
    ///
    /// None; it has the form that other decoding functions have.
    #[inline]
    pub fn void(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Reads the field of a struct, or the arm of a union; an error names it.
    ///
    /// # Errors
    ///
    /// As [`Decode::decode`].
    #[inline]
    pub fn field<T: Decode>(
        &mut self,
        type_name: &'static str,
        field: &'static str,
    ) -> Result<T, Error> {
        T::decode(self).map_err(|error| error.in_field(type_name, field))
    }

    /// Reads the field of a struct, or the arm of a union, with a function; an error names it.
    ///
    /// # Errors
    ///
    /// Those of the function.
    #[inline]
    pub fn field_with<T>(
        &mut self,
        type_name: &'static str,
        field: &'static str,
        decode: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        decode(self).map_err(|error| error.in_field(type_name, field))
    }

    /// Goes one level of nesting down for the duration of `decode`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooDeep`], and those of the function.
    pub fn nested<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let max = self.limits.max_depth();
        if self.depth == max {
            return Err(self.error(ErrorKind::TooDeep { max }));
        }
        self.depth += 1;
        let result = decode(self);
        self.depth -= 1;
        result
    }

    /// Levels of nesting that are open, at the least 1.
    pub(crate) fn depth(&self) -> usize {
        self.depth.max(1) as usize
    }

    /// An error at the next byte to be read.
    #[cold]
    #[must_use]
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.offset)
    }

    /// The error for the number, just read, of an `enum` that has no such enumerator.
    #[cold]
    #[must_use]
    pub fn unknown_enumerator(&self, value: i32) -> Error {
        Error::new(
            ErrorKind::UnknownEnumerator(value),
            self.offset.saturating_sub(4),
        )
    }

    /// The error for the discriminant, just read, of a union that has no such arm.
    #[cold]
    #[must_use]
    pub fn unknown_arm<T: Into<i128>>(&self, discriminant: T) -> Error {
        // A hyper takes 8 bytes; a bool, which is smaller in memory, 4.
        let size = size_of::<T>().max(4);
        Error::new(
            ErrorKind::UnknownArm(discriminant.into()),
            self.offset.saturating_sub(size),
        )
    }

    /// Takes the next `len` bytes.
    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        match self
            .input
            .get(self.offset..)
            .and_then(|rest| rest.get(..len))
        {
            Some(bytes) => {
                self.offset += len;
                Ok(bytes)
            }
            None => Err(self.unexpected_end(len)),
        }
    }

    /// Takes the next `N` bytes.
    #[inline]
    pub(crate) fn take_array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        match self
            .input
            .get(self.offset..)
            .and_then(|rest| rest.first_chunk())
        {
            Some(bytes) => {
                self.offset += N;
                Ok(*bytes)
            }
            None => Err(self.unexpected_end(N)),
        }
    }

    /// Takes the next `len` bytes and checks that zeros fill up their last word.
    pub(crate) fn take_padded(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let bytes = self.take(len)?;
        self.take_zeros(len.wrapping_neg() % 4)?;
        Ok(bytes)
    }

    /// Takes padding (RFC 4506 §3) and checks that it is zero.
    pub(crate) fn take_zeros(&mut self, len: usize) -> Result<(), Error> {
        let start = self.offset;
        match self.take(len)?.iter().position(|&byte| byte != 0) {
            None => Ok(()),
            Some(at) => Err(Error::new(ErrorKind::NonZeroPadding, start + at)),
        }
    }

    /// Takes opaque data: a slice of the message where it is shared and the slice is worth it.
    pub(crate) fn take_bytes(&mut self, len: usize) -> Result<Bytes, Error> {
        let start = self.offset;
        let bytes = self.take_padded(len)?;
        Ok(match self.shared {
            Some(message) if len >= crate::SHARE_MIN => message.slice(start..start + len),
            _ => Bytes::copy_from_slice(bytes),
        })
    }

    /// Reads a length or count, and checks it against the declared bound and against the bytes
    /// that are there, if each element takes at least `min_size` of them.
    pub(crate) fn take_len(&mut self, max: u32, min_size: usize) -> Result<usize, Error> {
        let start = self.offset;
        let wire_len = u32::from_be_bytes(self.take_array()?);
        // Where the count exceeds the address space there cannot be that many bytes either.
        let len = usize::try_from(wire_len).unwrap_or(usize::MAX);
        if wire_len > max {
            return Err(Error::new(ErrorKind::TooLong { len, max }, start));
        }
        let needed = len.saturating_mul(min_size);
        if needed > self.remaining() {
            return Err(self.unexpected_end(needed));
        }
        Ok(len)
    }

    /// Reads the count of an array whose elements may take no bytes at all.
    pub(crate) fn take_zero_sized_len(&mut self, max: u32) -> Result<usize, Error> {
        let len = self.take_len(max.min(self.zero_sized_left), 0)?;
        let claimed = u32::try_from(len).unwrap_or(u32::MAX);
        self.zero_sized_left = self.zero_sized_left.saturating_sub(claimed);
        Ok(len)
    }

    #[cold]
    fn unexpected_end(&self, needed: usize) -> Error {
        self.error(ErrorKind::UnexpectedEnd {
            needed,
            remaining: self.remaining(),
        })
    }
}
