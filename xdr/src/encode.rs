use crate::{CHUNK_MIN, Error, ErrorKind, Limits, chunks::Chunks};
use alloc::{boxed::Box, vec::Vec};
use bytes::{Bytes, BytesMut};

/// A value that can be written as XDR.
///
/// `rpcgen` generates the implementations for the types of an interface file.
pub trait Encode {
    /// Writes the value.
    ///
    /// # Errors
    ///
    /// The value breaks a rule of its interface: a bound, or the discriminant of a default arm.
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error>;

    /// Writes the elements of an array, and no count.
    ///
    /// It is for types that can do so faster than one by one, as numbers can.
    ///
    /// # Errors
    ///
    /// Those of [`encode`](Self::encode).
    fn encode_elements(values: &[Self], encoder: &mut Encoder) -> Result<(), Error>
    where
        Self: Sized,
    {
        encoder.elements(values, |encoder, value| value.encode(encoder))
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        (**self).encode(encoder)
    }
}

/// Writes XDR into one growing buffer; if asked to, leaves large data where it lies.
///
/// Everything that is written is a multiple of four bytes long (RFC 4506 §3).
#[derive(Debug)]
pub struct Encoder {
    buffer: Vec<u8>,
    depth: u32,
    max_depth: u32,
    /// The length from which data is left where it lies.
    chunk_min: usize,
    /// What was left where it lies: seldom anything, so that an encoder stays small.
    chunks: Option<Box<Chunks>>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An empty encoder.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self::from(Vec::new())
    }

    /// An empty encoder with room for `capacity` bytes.
    #[must_use]
    #[inline]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::from(Vec::with_capacity(capacity))
    }

    /// Sets the limits, of which the depth counts here.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.max_depth = limits.depth;
        self
    }

    /// Leaves opaque data and strings of [`CHUNK_MIN`](crate::CHUNK_MIN) bytes and more where they
    /// lie, for [`finish_chunks`](Self::finish_chunks).
    #[must_use]
    pub fn with_chunks(mut self) -> Self {
        self.chunk_min = CHUNK_MIN;
        self
    }

    /// Makes room for this many more bytes, where a size is known beforehand.
    pub fn reserve(&mut self, additional: usize) {
        self.buffer.reserve(additional);
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len() + self.chunks.as_ref().map_or(0, |chunks| chunks.len())
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was written, in one piece.
    #[must_use]
    #[inline]
    pub fn finish(self) -> Bytes {
        self.into_vec().into()
    }

    /// What was written, the first piece and those behind it: small values copied into pieces of
    /// one buffer, and between them large data as it is, for a vectored write.
    #[must_use]
    #[inline]
    pub fn finish_chunks(self) -> (Bytes, Vec<Bytes>) {
        match self.chunks {
            None => (self.buffer.into(), Vec::new()),
            Some(chunks) => chunks.between(self.buffer),
        }
    }

    /// What was written, in a buffer that can be used again.
    #[must_use]
    #[inline]
    pub fn into_vec(self) -> Vec<u8> {
        match self.chunks {
            None => self.buffer,
            Some(chunks) => chunks.joined(&self.buffer),
        }
    }

    /// Writes values that are encoded already, for whoever passes them on and does not know their
    /// types.
    pub fn encoded(&mut self, values: &Bytes) {
        if values.len() >= self.chunk_min {
            let chunks = self.chunks.get_or_insert_default();
            chunks.push(self.buffer.len(), values);
        } else {
            self.put(values);
        }
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// As [`Encode::encode`].
    #[inline]
    pub fn encode<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.encode(self)
    }

    /// Writes nothing, as `void` does (RFC 4506 §4.16).
    ///
    /// # Errors
    ///
    /// None; it has the form that other encoding functions have.
    #[inline]
    pub fn void(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Writes the field of a struct, or the arm of a union; an error names it.
    ///
    /// # Errors
    ///
    /// As [`Encode::encode`].
    #[inline]
    pub fn field<T: Encode + ?Sized>(
        &mut self,
        type_name: &'static str,
        field: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value
            .encode(self)
            .map_err(|error| error.in_field(type_name, field))
    }

    /// Writes the field of a struct, or the arm of a union, with a function; an error names it.
    ///
    /// # Errors
    ///
    /// Those of the function.
    #[inline]
    pub fn field_with(
        &mut self,
        type_name: &'static str,
        field: &'static str,
        encode: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        encode(self).map_err(|error| error.in_field(type_name, field))
    }

    /// Goes one level of nesting down for the duration of `encode`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooDeep`], and those of the function.
    #[inline]
    pub fn nested(
        &mut self,
        encode: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.depth == self.max_depth {
            return Err(self.error(ErrorKind::TooDeep {
                max: self.max_depth,
            }));
        }
        self.depth += 1;
        let result = encode(self);
        self.depth -= 1;
        result
    }

    /// An error at the place where the next byte would be written.
    #[cold]
    #[must_use]
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.len())
    }

    /// The error for the default arm of a union whose discriminant has an arm of its own.
    #[cold]
    #[must_use]
    pub fn discriminant_has_arm(&self, discriminant: impl Into<i128>) -> Error {
        self.error(ErrorKind::DiscriminantHasArm(discriminant.into()))
    }

    /// The error for a number that an enum keeps as unknown, but has an enumerator for.
    #[cold]
    #[must_use]
    pub fn known_enumerator(&self, value: i32) -> Error {
        self.error(ErrorKind::KnownEnumerator(value))
    }

    /// Writes the length of opaque data, a string, an array: an `unsigned int` within the bound.
    #[inline]
    pub(crate) fn put_len(&mut self, len: usize, max: u32) -> Result<(), Error> {
        match u32::try_from(len) {
            Ok(wire_len) if wire_len <= max => {
                self.put(&wire_len.to_be_bytes());
                Ok(())
            }
            _ => Err(self.error(ErrorKind::TooLong { len, max })),
        }
    }

    /// Writes bytes as they are.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Writes opaque data: its length, its bytes, and the zeros that fill up the last word.
    #[inline]
    pub(crate) fn put_opaque(&mut self, bytes: &[u8], max: u32) -> Result<(), Error> {
        self.put_len(bytes.len(), max)?;
        self.put(bytes);
        self.put_padding(bytes.len());
        Ok(())
    }

    /// Writes opaque data that may stay where it lies.
    #[inline]
    pub(crate) fn put_bytes(&mut self, bytes: &Bytes, max: u32) -> Result<(), Error> {
        if bytes.len() >= self.chunk_min {
            return self.put_chunk(bytes, max);
        }
        self.put_opaque(bytes, max)
    }

    #[cold]
    fn put_chunk(&mut self, bytes: &Bytes, max: u32) -> Result<(), Error> {
        self.put_len(bytes.len(), max)?;
        let chunks = self.chunks.get_or_insert_default();
        chunks.push(self.buffer.len(), bytes);
        self.put_padding(bytes.len());
        Ok(())
    }

    /// Writes the zeros that fill up the last word of data of this length.
    #[inline]
    fn put_padding(&mut self, len: usize) {
        let padding = len.wrapping_neg() % 4;
        if padding != 0 {
            // A word too much and cut off again: a copy of a known size is one instruction.
            let end = self.buffer.len() + padding;
            self.put(&[0; 4]);
            self.buffer.truncate(end);
        }
    }
}

/// Goes on behind what the buffer holds; offsets in errors count from its start.
impl From<Vec<u8>> for Encoder {
    #[inline]
    fn from(buffer: Vec<u8>) -> Self {
        Self {
            buffer,
            depth: 0,
            max_depth: Limits::default().depth,
            chunk_min: usize::MAX,
            chunks: None,
        }
    }
}

/// Goes on behind what the buffer holds; offsets in errors count from its start.
impl From<BytesMut> for Encoder {
    fn from(buffer: BytesMut) -> Self {
        Self::from(Vec::from(buffer))
    }
}
