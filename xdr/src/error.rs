use alloc::{boxed::Box, vec::Vec};
use core::fmt;

/// A value that could not be encoded or decoded: what was wrong, where in the type, at which byte.
///
/// One pointer wide, so that a `Result` of a small value stays small.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    offset: usize,
    /// Innermost first: each level adds itself on the way out.
    path: Vec<PathElement>,
}

/// A value, or why it could not be encoded or decoded.
pub type Result<T> = core::result::Result<T, Error>;

/// What was wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends before the value does.
    UnexpectedEnd {
        /// Bytes (at the least) that the value still needs.
        needed: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// A count or length is above its declared bound, when encoding or decoding.
    TooLong {
        /// Elements, or bytes of opaque data or a string.
        len: usize,
        /// The bound that the interface declares.
        max: u32,
    },
    /// A count or length is below what the interface demands, when encoding or decoding.
    TooShort {
        /// Elements, or bytes of opaque data or a string.
        len: usize,
        /// The fewest that there may be.
        min: u32,
    },
    /// Two values that have one count are not of one length.
    LengthsDiffer {
        /// The length of the value.
        len: usize,
        /// The length of the other.
        other: usize,
    },
    /// A number is outside of its declared range, when encoding or decoding.
    OutOfRange {
        /// The number.
        value: i128,
        /// The smallest that it may be.
        min: i128,
        /// The largest that it may be.
        max: i128,
    },
    /// A padding byte is not zero (RFC 4506 §3).
    NonZeroPadding,
    /// A `bool` is neither 0 nor 1 (RFC 4506 §4.4).
    InvalidBool(i32),
    /// An `enum` has a number that no enumerator has (RFC 4506 §4.3).
    UnknownEnumerator(i32),
    /// A number is encoded as one that no enumerator has, but one has it.
    KnownEnumerator(i32),
    /// A union has a discriminant without an arm (RFC 4506 §4.15).
    UnknownArm(i128),
    /// The default arm of a union is encoded with a discriminant that has an arm of its own.
    DiscriminantHasArm(i128),
    /// A string that the interface maps to `String` is not UTF-8.
    InvalidUtf8,
    /// A list that stands on the wire without a presence flag is encoded without elements.
    EmptyList,
    /// Values are nested deeper than the limit.
    TooDeep {
        /// The limit ([`Limits::depth`](crate::Limits)).
        max: u32,
    },
    /// The decoded values would take more memory than the limit.
    TooMuchMemory {
        /// The limit ([`Limits::memory`](crate::Limits::memory)).
        max: usize,
    },
    /// Bytes are left behind the value.
    TrailingBytes(usize),
}

/// One step from the outermost value to the faulty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathElement {
    /// A field of a struct or an arm of a union, by their names in the interface file.
    Field {
        /// The type that has the field.
        type_name: &'static str,
        /// The field.
        field: &'static str,
    },
    /// An element of an array or a list, counted from 0.
    Index(usize),
}

impl Error {
    /// An error of this kind at byte `offset` of the message.
    #[cold]
    #[must_use]
    pub fn new(kind: ErrorKind, offset: usize) -> Self {
        Self(Box::new(Inner {
            kind,
            offset,
            path: Vec::new(),
        }))
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The byte, counted from the start of the message, at which the fault was found.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The way from the outermost value to the faulty one.
    pub fn path(&self) -> impl Iterator<Item = PathElement> + '_ {
        self.0.path.iter().rev().copied()
    }

    /// Adds the field of the enclosing type in which the error occurred.
    #[cold]
    #[must_use]
    pub fn in_field(self, type_name: &'static str, field: &'static str) -> Self {
        self.within(PathElement::Field { type_name, field })
    }

    /// Adds the index of the array element in which the error occurred.
    #[cold]
    #[must_use]
    pub fn in_element(self, index: usize) -> Self {
        self.within(PathElement::Index(index))
    }

    fn within(mut self, element: PathElement) -> Self {
        self.0.path.push(element);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for element in self.path() {
            match element {
                PathElement::Field { type_name, field } if first => {
                    write!(f, "{type_name}.{field}")?;
                }
                PathElement::Field { field, .. } => write!(f, ".{field}")?,
                PathElement::Index(index) => write!(f, "[{index}]")?,
            }
            first = false;
        }
        if !first {
            f.write_str(": ")?;
        }
        write!(f, "{} (at byte {})", self.kind(), self.offset())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("offset", &self.offset())
            .field("path", &self.path().collect::<Vec<_>>())
            .finish()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd { needed, remaining } => {
                write!(
                    f,
                    "the input ends too early: {needed} bytes needed, {remaining} left"
                )
            }
            Self::TooLong { len, max } => {
                write!(f, "a length of {len} is above the bound of {max}")
            }
            Self::TooShort { len, min } => {
                write!(f, "a length of {len} is below the least of {min}")
            }
            Self::LengthsDiffer { len, other } => {
                write!(
                    f,
                    "a length of {len} where the value with the same count has {other}"
                )
            }
            Self::OutOfRange { value, min, max } => {
                write!(f, "{value} is not in the range from {min} to {max}")
            }
            Self::NonZeroPadding => f.write_str("a padding byte is not zero"),
            Self::InvalidBool(value) => write!(f, "{value} is not a bool"),
            Self::UnknownEnumerator(value) => write!(f, "no enumerator has the number {value}"),
            Self::KnownEnumerator(value) => {
                write!(f, "{value} is not unknown: an enumerator has that number")
            }
            Self::UnknownArm(value) => write!(f, "the union has no arm for {value}"),
            Self::DiscriminantHasArm(value) => {
                write!(
                    f,
                    "the default arm cannot stand for {value}, which has an arm of its own"
                )
            }
            Self::InvalidUtf8 => f.write_str("the string is not UTF-8"),
            Self::EmptyList => f.write_str("a list without a presence flag cannot be empty"),
            Self::TooDeep { max } => write!(f, "values are nested more than {max} deep"),
            Self::TooMuchMemory { max } => {
                write!(f, "the values take more than {max} bytes of memory")
            }
            Self::TrailingBytes(count) => write!(f, "{count} bytes are left behind the value"),
        }
    }
}

impl core::error::Error for Error {}
