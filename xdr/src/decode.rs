use crate::{Error, ErrorKind, Limits, Tolerance, cursor::Cursor};
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};

/// A value that can be read from XDR.
///
/// `rpcgen` generates the implementations for the types of an interface file.
pub trait Decode: Sized {
    /// The fewest bytes that a value takes on the wire.
    ///
    /// An array is refused before any memory is reserved when its elements cannot be there.
    const MIN_SIZE: usize;

    /// The most bytes that a value takes on the wire; `usize::MAX` where no bound is known.
    const MAX_SIZE: usize = usize::MAX;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// The input ends too early or breaks a rule of RFC 4506 or of the interface.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error>;

    /// Reads `len` elements of an array, whose count has been checked.
    ///
    /// It is for types that can do so faster than one by one, as numbers can.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode).
    fn decode_elements(decoder: &mut Decoder<'_>, len: usize) -> Result<Vec<Self>, Error> {
        decoder.elements(len, Self::decode)
    }
}

/// Memory, in bytes, that small pieces of opaque data share: a listing of a hundred names costs a
/// few allocations then, not a hundred, and a piece that is kept for long keeps no more than this.
const PIECES_SIZE: usize = 1024;

/// Reads XDR from a message, front to back.
///
/// It believes nothing that the message claims, see [`Limits`], and overlooks no fault of the
/// peer, unless a [`Tolerance`] says so.
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    cursor: Cursor<'a>,
    /// The message again, where opaque data may be handed out as slices that share its memory.
    shared: Option<&'a Bytes>,
    depth: u32,
    /// Array elements of no size that the message may still claim.
    zero_sized_left: u32,
    /// Room for the next small pieces of opaque data; always empty.
    pieces: Option<BytesMut>,
    /// Bytes of memory that the decoded values may still take.
    memory_left: usize,
    limits: Limits,
}

impl<'a> Decoder<'a> {
    /// A decoder whose opaque data and strings share the memory of the message.
    #[must_use]
    #[inline]
    pub fn new(message: &'a Bytes) -> Self {
        Self {
            shared: Some(message),
            ..Self::from_slice(message)
        }
    }

    /// A decoder whose opaque data and strings are copied out of the message, or borrowed.
    #[must_use]
    #[inline]
    pub fn from_slice(message: &'a [u8]) -> Self {
        let limits = Limits::default();
        Self {
            cursor: Cursor::new(message),
            shared: None,
            depth: 0,
            pieces: None,
            zero_sized_left: limits.zero_sized,
            memory_left: limits.memory,
            limits,
        }
    }

    /// Sets the limits: before anything was read, since their count begins anew.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.zero_sized_left = limits.zero_sized;
        self.memory_left = limits.memory;
        self.limits = limits;
        self
    }

    /// Sets which faults of the peer are overlooked.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.cursor.set_tolerance(tolerance);
        self
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.cursor.offset()
    }

    /// Bytes not read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.cursor.remaining()
    }

    /// Ends the decoding.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TrailingBytes`] where something is left.
    #[inline]
    pub fn finish(self) -> Result<(), Error> {
        match self.remaining() {
            0 => Ok(()),
            _ if self.tolerance().has_trailing_bytes() => Ok(()),
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
    #[inline]
    pub fn nested<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.depth == self.limits.depth {
            return Err(self.error(ErrorKind::TooDeep {
                max: self.limits.depth,
            }));
        }
        self.depth += 1;
        let result = decode(self);
        self.depth -= 1;
        result
    }

    /// Counts memory that a value is about to take against [`Limits::memory`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooMuchMemory`].
    #[inline]
    pub fn claim_memory(&mut self, bytes: usize) -> Result<(), Error> {
        match self.memory_left.checked_sub(bytes) {
            Some(left) => {
                self.memory_left = left;
                Ok(())
            }
            None => Err(self.error(ErrorKind::TooMuchMemory {
                max: self.limits.memory,
            })),
        }
    }

    /// Levels of nesting that are open, at the least 1.
    pub(crate) fn depth(&self) -> usize {
        self.depth.max(1) as usize
    }

    pub(crate) fn tolerance(&self) -> Tolerance {
        self.cursor.tolerance()
    }

    /// An error at the next byte to be read.
    #[cold]
    #[must_use]
    pub fn error(&self, kind: ErrorKind) -> Error {
        self.cursor.error(kind)
    }

    /// The error for the number, just read, of an `enum` that has no such enumerator.
    #[cold]
    #[must_use]
    pub fn unknown_enumerator(&self, value: i32) -> Error {
        self.cursor
            .error_before(4, ErrorKind::UnknownEnumerator(value))
    }

    /// The error for the discriminant, just read, of a union that has no such arm.
    #[cold]
    #[must_use]
    pub fn unknown_arm<T: Into<i128>>(&self, discriminant: T) -> Error {
        // A hyper takes 8 bytes; a bool, which is smaller in memory, 4.
        let size = size_of::<T>().max(4);
        self.cursor
            .error_before(size, ErrorKind::UnknownArm(discriminant.into()))
    }

    /// The bytes from here to where another decoder of the message is.
    pub(crate) fn until(&self, end: &Self) -> &'a [u8] {
        let len = self.remaining() - end.remaining();
        self.cursor.rest().get(..len).unwrap_or_default()
    }

    /// Takes the next `len` bytes.
    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        self.cursor.take(len)
    }

    /// Takes the next `N` bytes.
    #[inline]
    pub(crate) fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        self.cursor.take_array()
    }

    /// Takes the next `len` bytes and the zeros that fill up their last word.
    #[inline]
    pub(crate) fn take_padded(&mut self, len: usize) -> Result<&'a [u8], Error> {
        self.cursor.take_padded(len)
    }

    /// A cursor over bytes that were just taken.
    #[inline]
    pub(crate) fn over(&self, taken: &'a [u8]) -> Cursor<'a> {
        self.cursor.over(taken)
    }

    /// Takes opaque data: a slice of the message where it is shared and the slice is worth it.
    #[inline]
    pub(crate) fn take_bytes(&mut self, max: u32) -> Result<Bytes, Error> {
        let len = self.cursor.take_word()?;
        self.take_bytes_of(len, max)
    }

    /// Takes the bytes of opaque data, whose length was just read.
    pub(crate) fn take_bytes_of(&mut self, len: u32, max: u32) -> Result<Bytes, Error> {
        let bytes = self.take_opaque_of(len, max)?;
        match self.shared {
            _ if bytes.is_empty() => Ok(Bytes::new()),
            _ if bytes.len() < crate::SHARE_MIN => self.copy_piece(bytes),
            Some(message) => Ok(message.slice_ref(bytes)),
            None => self.copy_alone(bytes),
        }
    }

    /// Copies a small piece of the message to where others are; the first one stays alone, since
    /// there may be no other.
    fn copy_piece(&mut self, bytes: &[u8]) -> Result<Bytes, Error> {
        let Some(pieces) = &mut self.pieces else {
            self.pieces = Some(BytesMut::new());
            return self.copy_alone(bytes);
        };
        if pieces.capacity() < bytes.len() {
            let capacity = self.remaining().min(PIECES_SIZE);
            if capacity <= bytes.len() {
                return self.copy_alone(bytes);
            }
            self.claim_memory(capacity)?;
            return Ok(Self::append(
                self.pieces.insert(BytesMut::with_capacity(capacity)),
                bytes,
            ));
        }
        Ok(Self::append(pieces, bytes))
    }

    fn append(pieces: &mut BytesMut, bytes: &[u8]) -> Bytes {
        pieces.extend_from_slice(bytes);
        pieces.split().freeze()
    }

    fn copy_alone(&mut self, bytes: &[u8]) -> Result<Bytes, Error> {
        self.claim_memory(bytes.len())?;
        Ok(Bytes::copy_from_slice(bytes))
    }

    /// Takes opaque data where it lies: its length, within the bound, its bytes and padding.
    #[inline]
    pub(crate) fn take_opaque(&mut self, max: u32) -> Result<&'a [u8], Error> {
        let len = self.cursor.take_word()?;
        self.take_opaque_of(len, max)
    }

    /// Takes the bytes and padding of opaque data, whose length was just read.
    #[inline]
    fn take_opaque_of(&mut self, len: u32, max: u32) -> Result<&'a [u8], Error> {
        if len > max {
            return Err(self.too_long(len, max));
        }
        self.take_padded(len as usize)
    }

    /// Reads a length or count, and checks it against the declared bound and against the bytes
    /// that are there, if each element takes at least `min_size` of them.
    #[inline]
    pub(crate) fn take_len(&mut self, max: u32, min_size: usize) -> Result<usize, Error> {
        let wire_len = self.cursor.take_word()?;
        let len = wire_len as usize;
        if wire_len > max {
            return Err(self.too_long(wire_len, max));
        }
        let needed = len.saturating_mul(min_size);
        if needed > self.remaining() {
            return Err(self.cursor.unexpected_end(needed));
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

    /// The error for a length, just read, above its bound.
    #[cold]
    fn too_long(&self, wire_len: u32, max: u32) -> Error {
        let len = wire_len as usize;
        self.cursor.error_before(4, ErrorKind::TooLong { len, max })
    }
}
