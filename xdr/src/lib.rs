//! XDR, the external data representation of RFC 4506: the big-endian codec under ONC RPC.
//!
//! A type that implements [`Encode`] writes itself into an [`Encoder`]; one that implements
//! [`Decode`] reads itself from a [`Decoder`]. `rpcgen` writes both for the types of an interface
//! file; this crate has them for the types of the language itself:
//!
//! | XDR | Rust | RFC 4506 |
//! |---|---|---|
//! | `int`, `unsigned int` | `i32`, `u32` | §4.1, §4.2 |
//! | `enum` | a generated `enum`, on the wire an `i32` | §4.3 |
//! | `bool` | `bool` | §4.4 |
//! | `hyper`, `unsigned hyper` | `i64`, `u64` | §4.5 |
//! | `float`, `double`, `quadruple` | `f32`, `f64`, [`Quadruple`] | §4.6–4.8 |
//! | `opaque x[n]` | `[u8; n]` | §4.9 |
//! | `opaque x<n>` | [`Bytes`] | §4.10 |
//! | `string x<n>` | [`ByteString`], or [`String`] where the text is UTF-8 | §4.11 |
//! | `T x[n]`, `T x<n>` | `[T; n]`, `Vec<T>` | §4.12, §4.13 |
//! | `struct`, `union` | a generated `struct`, `enum` | §4.14, §4.15 |
//! | `void` | `()` | §4.16 |
//! | `T *x` (optional-data) | `Option<T>`; a linked list is a `Vec<T>` | §4.19 |
//!
//! ```
//! let mut encoder = xdr::Encoder::new();
//! encoder.encode("sillyprog")?;
//! let wire = encoder.finish();
//! assert_eq!(&wire[..], b"\0\0\0\x09sillyprog\0\0\0");
//!
//! let mut decoder = xdr::Decoder::new(&wire);
//! let name: xdr::ByteString = decoder.decode()?;
//! decoder.finish()?;
//! assert_eq!(name, "sillyprog");
//! # Ok::<(), xdr::Error>(())
//! ```
//!
//! Nothing is believed that the input claims: a length is checked against its declared bound and
//! against the bytes that are there before any memory is reserved, nesting is limited, padding
//! must be zero. An [`Error`] says what was wrong, in which field of which type, at which byte.
//!
//! What a decoder accepts is set by [`Limits`]; which faults of peers it overlooks, by
//! [`Tolerance`]. Types that only look at a message borrow from it ([`DecodeBorrowed`]).
//!
//! The features `serde` and `arbitrary` add what generated impls of those crates need, with the
//! crates themselves (`xdr::serde`, `xdr::arbitrary`): the user's crate needs neither. Opaque data is
//! readable with `hex`; arrays of more elements than serde knows go with `serde_with`.
//!
//! The crate has not heard of RPC, sockets or clocks, and needs `alloc` only.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod array;
mod borrowed;
mod check;
mod chunks;
pub mod constant;
mod cursor;
mod decode;
mod encode;
mod error;
mod fixed;
#[cfg(feature = "serde")]
pub mod hex;
mod limits;
mod list;
mod opaque;
mod primitive;
#[cfg(feature = "serde")]
mod serde_impls;
mod string;

pub use alloc::{borrow::ToOwned, boxed::Box, string::String, vec::Vec};
pub use bytes::Bytes;
#[cfg(feature = "serde")]
pub use {::serde, ::serde_with};

pub use array::decode_boxed_opaque;
pub use borrowed::{ByteStr, DecodeBorrowed, Elements, ElementsIter};
pub use check::{Length, Number};
pub use chunks::CHUNK_MIN;
pub use decode::{Decode, Decoder};
pub use encode::{Encode, Encoder};
pub use error::{Error, ErrorKind, PathElement, Result};
pub use fixed::{Fixed, Run, RunMut};
pub use limits::{Limits, Tolerance};
pub use list::{decode_list, decode_nonempty_list};
pub use opaque::SHARE_MIN;
pub use primitive::Quadruple;
pub use string::ByteString;

/// Fails to compile where generated code and this crate do not fit together.
///
/// `rpcgen` writes one invocation into each file, with the number of the format it generates.
#[macro_export]
macro_rules! stub_format {
    (1) => {};
    ($other:literal) => {
        ::core::compile_error!(::core::concat!(
            "this file was generated for stub format ",
            $other,
            ", but the crate `rpc-xdr` in this build supports format 1: ",
            "generate the file again with the rpcgen release that matches your rpc-xdr"
        ));
    };
}
