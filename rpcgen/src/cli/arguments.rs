//! The arguments of the command.

use super::{Subcommand, compile::Compile, failure::EXIT_CODES};
use clap::Parser;

const CLASSIC: &str = "\
The flags of the C rpcgen (-c -h -l -m -N -o -s ...) go on working; those that mean nothing here
are accepted with a note. -h is help where no FILE is named.";

/// Compiles ONC RPC interface files (.x, .idl) to Rust client and server stubs
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = format!("{CLASSIC}\n\n{EXIT_CODES}"),
    subcommand_negates_reqs = true,
    // A word behind a flag or a file is a file, whatever its name.
    args_conflicts_with_subcommands = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) subcommand: Option<Subcommand>,

    #[command(flatten)]
    pub(super) compile: Compile,
}
