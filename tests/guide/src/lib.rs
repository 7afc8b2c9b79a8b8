//! What a machine can check of the documents: that their code compiles and does what it says, that
//! their interface files have no faults, and that what they name is there.
//!
//! It is a package of its own: the guide needs every feature of `rpc-runtime`, and none of the many
//! stubs that the package `tests` compiles.
//!
//! - A file that the guide shows begins with its name in a comment. The build script takes it from
//!   there: interface files, so that chapters can say `include_stubs!`, and `src/lib.rs` of the crate that
//!   the guide builds, which is [`my_bank`] here.
//! - What only the tests need is hidden, in lines that begin with `# `. A `#[tokio::test]` of a chapter is
//!   run as well: the attribute falls on a hidden function, and a hidden `main` calls the one that is shown.
//! - All Rust is tests of this package's documentation, by `chapters`.
//! - Everything else is checked by `tests/`.

#![forbid(unsafe_code)]

pub mod book;
pub mod documents;
pub mod fenced;
pub mod linked;

/// The crate that the guide builds, as its chapters show it.
pub mod my_bank {
    include!(concat!(env!("OUT_DIR"), "/files/src/lib.rs"));

    mod second {
        include!(concat!(env!("OUT_DIR"), "/files/src/second.rs"));
    }
}

#[cfg(doctest)]
mod chapters;
