//! The command `rpcgen`: a file for each thing that it does.
#![cfg(feature = "cli")]

mod check;
mod classic;
mod compile;
mod error_format;
mod explain;
mod export;
mod externs;
mod fmt;
mod folder;
mod imports;
mod new;
