//! Values whose size on the wire is always the same, read and written in one run: one bounds
//! check for all of them.

use crate::{Decoder, Encoder, Error, ErrorKind, Tolerance};
use arrayvec::ArrayVec;

/// A value that takes the same number of bytes on the wire whatever it is.
///
/// `rpcgen` generates the implementations for structs of such values and for enums;
/// [`fixed_codec!`](crate::fixed_codec) makes their `Encode` and `Decode`.
pub trait Fixed: Sized {
    /// Bytes that a value takes on the wire, a multiple of four.
    const SIZE: usize;

    /// Reads a value from a run that has at least [`SIZE`](Self::SIZE) bytes left.
    ///
    /// # Errors
    ///
    /// A `bool`, an `enum` or padding breaks its rule.
    fn read(run: &mut Run<'_>) -> Result<Self, Error>;

    /// Writes the value to a run that has at least [`SIZE`](Self::SIZE) bytes left.
    fn write(&self, run: &mut RunMut<'_>);

    /// Reads the elements of an array of fixed length.
    ///
    /// It is for types that can do so faster than one by one, as numbers can.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    fn read_array<const N: usize>(run: &mut Run<'_>) -> Result<[Self; N], Error> {
        let mut values = ArrayVec::<Self, N>::new();
        for index in 0..N {
            values.push(Self::read(run).map_err(|error| error.in_element(index))?);
        }
        values
            .into_inner()
            .map_err(|short| run.unexpected_end((N - short.len()) * Self::SIZE))
    }
}

/// Implements [`Encode`](crate::Encode) and [`Decode`](crate::Decode) for a type that is [`Fixed`]:
/// all of it is one run.
///
/// ```
/// struct Point {
///     x: i32,
///     y: i32,
/// }
///
/// impl xdr::Fixed for Point {
///     const SIZE: usize = 8;
///
///     fn read(run: &mut xdr::Run<'_>) -> xdr::Result<Self> {
///         Ok(Self {
///             x: run.field("point", "x")?,
///             y: run.field("point", "y")?,
///         })
///     }
///
///     fn write(&self, run: &mut xdr::RunMut<'_>) {
///         run.put(&self.x);
///         run.put(&self.y);
///     }
/// }
///
/// xdr::fixed_codec!(Point);
///
/// let mut encoder = xdr::Encoder::new();
/// encoder.encode(&Point { x: 1, y: -1 })?;
/// assert_eq!(&encoder.finish()[..], [0, 0, 0, 1, 255, 255, 255, 255]);
/// # Ok::<(), xdr::Error>(())
/// ```
#[macro_export]
macro_rules! fixed_codec {
    ($type:ty) => {
        #[allow(deprecated, reason = "what is deprecated is still on the wire")]
        impl $crate::Encode for $type {
            #[inline]
            fn encode(&self, encoder: &mut $crate::Encoder) -> $crate::Result<()> {
                encoder.run::<{ <$type as $crate::Fixed>::SIZE }>(|run| run.put(self));
                ::core::result::Result::Ok(())
            }
        }

        #[allow(deprecated, reason = "what is deprecated is still on the wire")]
        impl $crate::Decode for $type {
            const MIN_SIZE: usize = <$type as $crate::Fixed>::SIZE;
            const MAX_SIZE: usize = <$type as $crate::Fixed>::SIZE;

            #[inline]
            fn decode(decoder: &mut $crate::Decoder<'_>) -> $crate::Result<Self> {
                decoder.fixed()
            }
        }
    };
}

/// Bytes of a message that are known to be there, read front to back.
#[derive(Debug)]
pub struct Run<'a> {
    rest: &'a [u8],
    /// Where the run ends in the message.
    end: usize,
    tolerance: Tolerance,
}

impl<'a> Run<'a> {
    /// Reads a value.
    ///
    /// # Errors
    ///
    /// As [`Fixed::read`].
    #[inline]
    pub fn get<T: Fixed>(&mut self) -> Result<T, Error> {
        T::read(self)
    }

    /// Reads the field of a struct; an error names it.
    ///
    /// # Errors
    ///
    /// As [`Fixed::read`].
    #[inline]
    pub fn field<T: Fixed>(
        &mut self,
        type_name: &'static str,
        field: &'static str,
    ) -> Result<T, Error> {
        T::read(self).map_err(|error| error.in_field(type_name, field))
    }

    /// The error for the number, just read, of an `enum` that has no such enumerator.
    #[cold]
    #[must_use]
    pub fn unknown_enumerator(&self, value: i32) -> Error {
        self.error_before(ErrorKind::UnknownEnumerator(value))
    }

    /// Takes the next `N` bytes. The error is for a `Fixed` of the user that reads more than it
    /// says; elsewhere the compiler sees that there is none.
    #[inline]
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.unexpected_end(N)),
        }
    }

    /// Takes the next `len` bytes.
    #[inline]
    fn take_slice(&mut self, len: usize) -> Result<&'a [u8], Error> {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.unexpected_end(len)),
        }
    }

    fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// An error at the word just read.
    #[cold]
    fn error_before(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.offset().saturating_sub(4))
    }

    #[cold]
    fn unexpected_end(&self, needed: usize) -> Error {
        let remaining = self.rest.len();
        Error::new(
            ErrorKind::UnexpectedEnd { needed, remaining },
            self.offset(),
        )
    }

    /// What any number but 0 and 1 is as a `bool`, just read.
    #[cold]
    fn odd_bool(&self, value: i32) -> Result<bool, Error> {
        if self.tolerance.has_any_bool() {
            return Ok(true);
        }
        Err(self.error_before(ErrorKind::InvalidBool(value)))
    }

    /// Checks padding that is not all zero.
    #[cold]
    fn odd_padding(&self, padding: &[u8]) -> Result<(), Error> {
        match padding.iter().position(|&byte| byte != 0) {
            Some(at) if !self.tolerance.has_any_padding() => {
                let offset = self.offset().saturating_sub(padding.len()) + at;
                Err(Error::new(ErrorKind::NonZeroPadding, offset))
            }
            _ => Ok(()),
        }
    }
}

/// Room in an encoder that is as large as the values for it, written front to back.
#[derive(Debug)]
pub struct RunMut<'a>(&'a mut [u8]);

impl RunMut<'_> {
    /// Writes a value.
    #[inline]
    pub fn put<T: Fixed>(&mut self, value: &T) {
        value.write(self);
    }

    #[inline]
    fn put_array<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(room) = self.take(N).first_chunk_mut() {
            *room = bytes;
        }
    }

    /// The next `len` bytes; fewer only for a `Fixed` of the user that writes more than it says.
    #[inline]
    fn take(&mut self, len: usize) -> &mut [u8] {
        let room = core::mem::take(&mut self.0);
        debug_assert!(len <= room.len(), "a `Fixed::SIZE` is too small");
        match room.split_at_mut_checked(len) {
            Some((bytes, rest)) => {
                self.0 = rest;
                bytes
            }
            None => &mut [],
        }
    }
}

impl Encoder {
    /// Writes `N` bytes with one check of the buffer, for values of fixed size beside each other.
    #[inline]
    pub fn run<const N: usize>(&mut self, write: impl FnOnce(&mut RunMut<'_>)) {
        let mut bytes = [0; N];
        let mut run = RunMut(&mut bytes);
        write(&mut run);
        debug_assert!(run.0.is_empty(), "the run is longer than its values");
        self.put(&bytes);
    }
}

impl Decoder<'_> {
    /// Takes `N` bytes with one check of the input, for values of fixed size beside each other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnexpectedEnd`].
    #[inline]
    pub fn run<const N: usize>(&mut self) -> Result<Run<'_>, Error> {
        let bytes = self.take_array::<N>()?;
        Ok(self.run_of(bytes))
    }

    /// Reads a value of fixed size.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnexpectedEnd`], and as [`Fixed::read`].
    #[inline]
    pub fn fixed<T: Fixed>(&mut self) -> Result<T, Error> {
        let bytes = self.take(T::SIZE)?;
        let mut run = self.run_of(bytes);
        let value = T::read(&mut run)?;
        debug_assert!(run.rest.is_empty(), "a `Fixed::SIZE` is too large");
        Ok(value)
    }

    /// The bytes just taken, as a run.
    #[inline]
    fn run_of<'b>(&self, bytes: &'b [u8]) -> Run<'b> {
        Run {
            rest: bytes,
            end: self.offset(),
            tolerance: self.tolerance(),
        }
    }
}

macro_rules! big_endian {
    ($($type:ty),*) => {$(
        impl Fixed for $type {
            const SIZE: usize = size_of::<Self>();

            #[inline]
            fn read(run: &mut Run<'_>) -> Result<Self, Error> {
                run.take().map(|bytes| Self::from_be_bytes(*bytes))
            }

            #[inline]
            fn write(&self, run: &mut RunMut<'_>) {
                run.put_array(self.to_be_bytes());
            }

            #[inline]
            fn read_array<const N: usize>(run: &mut Run<'_>) -> Result<[Self; N], Error> {
                let (chunks, _) = run.take_slice(N * Self::SIZE)?.as_chunks();
                let mut values = [Self::default(); N];
                for (value, bytes) in values.iter_mut().zip(chunks) {
                    *value = Self::from_be_bytes(*bytes);
                }
                Ok(values)
            }
        }
    )*};
}

big_endian!(i32, u32, i64, u64, f32, f64);

impl Fixed for bool {
    const SIZE: usize = 4;

    #[inline]
    fn read(run: &mut Run<'_>) -> Result<Self, Error> {
        match i32::read(run)? {
            0 => Ok(false),
            1 => Ok(true),
            other => run.odd_bool(other),
        }
    }

    #[inline]
    fn write(&self, run: &mut RunMut<'_>) {
        run.put(&i32::from(*self));
    }
}

impl Fixed for () {
    const SIZE: usize = 0;

    #[inline]
    fn read(_: &mut Run<'_>) -> Result<Self, Error> {
        Ok(())
    }

    #[inline]
    fn write(&self, _: &mut RunMut<'_>) {}
}

impl Fixed for crate::Quadruple {
    const SIZE: usize = 16;

    #[inline]
    fn read(run: &mut Run<'_>) -> Result<Self, Error> {
        run.take()
            .map(|bytes| Self::from_bits(u128::from_be_bytes(*bytes)))
    }

    #[inline]
    fn write(&self, run: &mut RunMut<'_>) {
        run.put_array(self.to_bits().to_be_bytes());
    }
}

impl<const N: usize> Fixed for [u8; N] {
    const SIZE: usize = N.next_multiple_of(4);

    #[inline]
    fn read(run: &mut Run<'_>) -> Result<Self, Error> {
        let bytes = *run.take()?;
        let padding = run.take_slice(N.wrapping_neg() % 4)?;
        if padding.iter().any(|&byte| byte != 0) {
            run.odd_padding(padding)?;
        }
        Ok(bytes)
    }

    #[inline]
    fn write(&self, run: &mut RunMut<'_>) {
        run.put_array(*self);
        run.take(N.wrapping_neg() % 4).fill(0);
    }
}

impl<T: Fixed, const N: usize> Fixed for [T; N] {
    const SIZE: usize = N * T::SIZE;

    #[inline]
    fn read(run: &mut Run<'_>) -> Result<Self, Error> {
        T::read_array(run)
    }

    #[inline]
    fn write(&self, run: &mut RunMut<'_>) {
        for value in self {
            value.write(run);
        }
    }
}
