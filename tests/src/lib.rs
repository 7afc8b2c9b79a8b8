//! What the tests share: the services they call, and the programs they start.
//!
//! What each kind of test proves stands in `tests/README.md`.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that panics has failed, as it should"
)]

pub mod behaviour_service;
pub mod interop_service;
pub mod process;
pub mod repository;

rpc_runtime::include_stubs!("behaviour");

/// The stubs of `idl/interop.x`, and its types.
pub mod interop_stubs {
    rpc_runtime::include_stubs!("interop");
}
