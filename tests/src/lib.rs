//! What the tests share: the services they call, and the programs they start.
//!
//! What each kind of test proves stands in `tests/README.md`.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "a test that panics has failed, as it should"
)]

pub mod attributes_service;
pub mod behaviour_service;
pub mod compiler;
pub mod corpus;
pub mod extern_names;
pub mod fresh_crate;
pub mod fuzzed;
pub mod fuzzed_datagrams;
pub mod fuzzing;
pub mod interop_service;
pub mod process;
pub mod repository;
pub mod sources;
pub mod tee;

rpc_runtime::include_stubs!("behaviour");

/// The stubs of `idl/attributes.idl`.
pub mod attributes_stubs {
    rpc_runtime::include_stubs!("attributes");
}

/// The stubs of `idl/interop.x`.
pub mod interop_stubs {
    rpc_runtime::include_stubs!("interop");
}

/// The stubs of `idl/externs.x`, as clean as the snapshots.
pub mod extern_stubs {
    #![deny(warnings, clippy::pedantic, missing_docs)]
    #![allow(clippy::use_self, reason = "as for the snapshots below")]

    rpc_runtime::include_stubs!("externs");
}

/// The stubs of `idl/vectors.x`.
pub mod vector_stubs {
    #![allow(clippy::use_self, reason = "as for the snapshots below")]

    rpc_runtime::include_stubs!("vectors");
}

/// The stubs of all inputs of rpcgen's snapshots: what is snapshot is what compiles, and is clean.
pub mod snapshots {
    #![deny(warnings, clippy::pedantic, missing_docs)]
    #![allow(
        clippy::use_self,
        reason = "a nursery lint: few users have it on, and a field's type has the type's own name"
    )]

    include!(concat!(env!("OUT_DIR"), "/snapshots.rs"));
}

/// What `crates.x` of the snapshots finds the crates in.
pub mod facade {
    pub use rpc_runtime as calls;
    pub use xdr as codec;
}
