//! Values whose size on the wire is always the same, read and written in one run: one bounds
//! check for all of them.

use crate::{Decoder, Encoder, Error, ErrorKind, cursor::Cursor};
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
            .map_err(|short| run.0.unexpected_end((N - short.len()) * Self::SIZE))
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
                encoder.fixed(self)
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
pub struct Run<'a>(Cursor<'a>);

impl Run<'_> {
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
        self.0.error_before(4, ErrorKind::UnknownEnumerator(value))
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

    /// Writes a value of fixed size.
    ///
    /// # Errors
    ///
    /// None; it has the form that other encoding functions have.
    #[inline]
    pub fn fixed<T: Fixed>(&mut self, value: &T) -> Result<(), Error> {
        let mut room = [0; STACK_MAX];
        match room.get_mut(..T::SIZE) {
            // The compiler knows the size, and makes the room no larger.
            Some(bytes) => {
                let mut run = RunMut(bytes);
                value.write(&mut run);
                debug_assert!(run.0.is_empty(), "a `Fixed::SIZE` is too large");
                self.put(bytes);
            }
            None => self.put_large(value),
        }
        Ok(())
    }

    /// Writes a value of fixed size where it is to be, which is larger than stacks like it.
    #[cold]
    fn put_large<T: Fixed>(&mut self, value: &T) {
        let mut bytes = alloc::vec![0; T::SIZE];
        value.write(&mut RunMut(&mut bytes));
        self.put(&bytes);
    }
}

/// Bytes of a value of fixed size that is put together on the stack; `rpcgen` makes no larger ones.
const STACK_MAX: usize = 512;

impl<'a> Decoder<'a> {
    /// Takes `N` bytes with one check of the input, for values of fixed size beside each other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnexpectedEnd`].
    #[inline]
    pub fn run<const N: usize>(&mut self) -> Result<Run<'a>, Error> {
        let bytes = self.take_array::<N>()?;
        Ok(Run(self.over(bytes)))
    }

    /// Reads a value of fixed size.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnexpectedEnd`], and as [`Fixed::read`].
    #[inline]
    pub fn fixed<T: Fixed>(&mut self) -> Result<T, Error> {
        let bytes = self.take(T::SIZE)?;
        let mut run = Run(self.over(bytes));
        let value = T::read(&mut run)?;
        debug_assert_eq!(run.0.remaining(), 0, "a `Fixed::SIZE` is too large");
        Ok(value)
    }
}

macro_rules! big_endian {
    ($($type:ty),*) => {$(
        impl Fixed for $type {
            const SIZE: usize = size_of::<Self>();

            #[inline]
            fn read(run: &mut Run<'_>) -> Result<Self, Error> {
                run.0.take_array().map(|bytes| Self::from_be_bytes(*bytes))
            }

            #[inline]
            fn write(&self, run: &mut RunMut<'_>) {
                run.put_array(self.to_be_bytes());
            }

            #[inline]
            fn read_array<const N: usize>(run: &mut Run<'_>) -> Result<[Self; N], Error> {
                let (chunks, _) = run.0.take(N * Self::SIZE)?.as_chunks();
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
            other => run.0.odd_bool(other),
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
        run.0
            .take_array()
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
        let bytes = run.0.take_padded(N)?;
        bytes
            .first_chunk()
            .copied()
            .ok_or_else(|| run.0.unexpected_end(N))
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
