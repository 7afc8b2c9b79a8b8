//! Compiles ONC RPC interface files to Rust: types with their XDR codec, client and server stubs.
//!
//! It reads the XDR language of RFC 4506 with the RPC language of RFC 5531, as real `.x` files have
//! them, and `interface` blocks. What it generates names the crates `xdr` (package `rpc-xdr`) and
//! `rpc-runtime`, which the user's crate depends on; this library depends on neither.
//!
//! From a build script, [`Builder`] is all there is to know. The command `rpcgen` does the same for
//! files that are checked in. Both run the same pipeline, [`compile`]:
//!
//! ```text
//! source text ─preprocess─► text + origins ─parse─► AST ─resolve─► Model ─codegen─► syntax ─format─► Rust
//! ```
//!
//! | module | its one job |
//! |---|---|
//! | [`source`] | file text, and places in it |
//! | [`preprocess`] | the built-in C preprocessor; every byte of its output knows where it came from |
//! | [`parse`], [`ast`] | text to what it says, by the grammar `idl.pest` |
//! | [`import`] | a file and all that it imports: the two phases before for each of them |
//! | [`resolve`], [`model`] | what it says to what it means; all faults are found here |
//! | [`names`] | names of the interface file to names of Rust |
//! | `codegen` | one emitter for each kind of thing |
//! | [`export`] | what a file means as the `.x` that C programs need |
//! | [`fmt`] | interface files laid out anew |
//! | `format`, [`output`] | syntax to text, text to files |
//! | `externs` | the skeleton of a module that has what a file does not define |
//! | [`diagnostic`] | faults: codes, places, help |

#![forbid(unsafe_code)]

// pest's derive without `std` names `::alloc`.
extern crate alloc;

pub mod ast;
mod builder;
#[allow(
    clippy::default_trait_access,
    reason = "there are many kinds of tokens, and each has one value only"
)]
mod codegen;
mod compile;
mod config;
pub mod diagnostic;
pub mod export;
mod externs;
pub mod fmt;
mod format;
pub mod import;
pub mod model;
pub mod names;
pub mod output;
pub mod parse;
pub mod preprocess;
pub mod resolve;
pub mod settings;
pub mod source;

pub use builder::{Builder, Error};
pub use codegen::Parts;
pub use compile::{Import, Outcome, analyse, compile};
pub use config::{Config, CratePath, Crates, ModulePath, Regenerate, Undefined, is_rust_path};
pub use externs::externs;
