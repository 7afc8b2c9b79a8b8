//! The command `rpcgen`: a file for each thing that it does.
#![cfg(feature = "cli")]

mod check;
mod compile;
mod folder;
