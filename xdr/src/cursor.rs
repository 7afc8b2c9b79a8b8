//! The one cursor that reads XDR: under a decoder, over a whole message, and under a run of it.

use crate::{Error, ErrorKind, Tolerance};

/// Bytes of a message, read front to back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    /// What was not read yet.
    rest: &'a [u8],
    /// Where that ends in the message.
    end: usize,
    tolerance: Tolerance,
}

impl<'a> Cursor<'a> {
    /// A cursor over a whole message.
    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self {
            rest: message,
            end: message.len(),
            tolerance: Tolerance::default(),
        }
    }

    /// A cursor over bytes that this one has just taken.
    #[inline]
    pub(crate) fn over(&self, taken: &'a [u8]) -> Self {
        Self {
            rest: taken,
            end: self.offset(),
            tolerance: self.tolerance,
        }
    }

    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Where the next byte to be read is in the message.
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    #[inline]
    pub(crate) fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    pub(crate) fn set_tolerance(&mut self, tolerance: Tolerance) {
        self.tolerance = tolerance;
    }

    /// Takes the next `len` bytes.
    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.unexpected_end(len)),
        }
    }

    /// Takes the next `N` bytes.
    #[inline]
    pub(crate) fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.unexpected_end(N)),
        }
    }

    /// Takes the next word.
    #[inline]
    pub(crate) fn take_word(&mut self) -> Result<u32, Error> {
        self.take_array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// Takes the next `len` bytes and the zeros that fill up their last word.
    #[inline]
    pub(crate) fn take_padded(&mut self, len: usize) -> Result<&'a [u8], Error> {
        // Where it cannot be rounded up there are not that many bytes either.
        let padded = len.checked_next_multiple_of(4).unwrap_or(usize::MAX);
        if let Some((bytes, rest)) = self.rest.split_at_checked(padded)
            && let Some((bytes, padding)) = bytes.split_at_checked(len)
            && padding.iter().all(|&byte| byte == 0)
        {
            self.rest = rest;
            return Ok(bytes);
        }
        self.take_badly_padded(len)
    }

    /// Takes data that is not all there, or whose padding is not: most often an error.
    #[cold]
    fn take_badly_padded(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let bytes = self.take(len)?;
        let padding = len.wrapping_neg() % 4;
        if self.tolerance.has_missing_padding() && self.remaining() < padding {
            self.take(self.remaining())?;
            return Ok(bytes);
        }
        let start = self.offset();
        match self.take(padding)?.iter().position(|&byte| byte != 0) {
            Some(at) if !self.tolerance.has_any_padding() => {
                Err(Error::new(ErrorKind::NonZeroPadding, start + at))
            }
            _ => Ok(bytes),
        }
    }

    /// What any number but 0 and 1 is as a `bool`, just read.
    #[cold]
    pub(crate) fn odd_bool(&self, value: i32) -> Result<bool, Error> {
        if self.tolerance.has_any_bool() {
            return Ok(true);
        }
        Err(self.error_before(4, ErrorKind::InvalidBool(value)))
    }

    /// An error at the next byte to be read.
    #[cold]
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.offset())
    }

    /// An error at the start of the `size` bytes just read.
    #[cold]
    pub(crate) fn error_before(&self, size: usize, kind: ErrorKind) -> Error {
        Error::new(kind, self.offset().saturating_sub(size))
    }

    #[cold]
    pub(crate) fn unexpected_end(&self, needed: usize) -> Error {
        self.error(ErrorKind::UnexpectedEnd {
            needed,
            remaining: self.remaining(),
        })
    }
}
