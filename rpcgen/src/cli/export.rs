//! `rpcgen export FILE`: prints the `.x` that C programs need to talk to an interface.

use super::{
    failure::Failure,
    input::{self, InputOptions},
    target::Target,
};
use rpcgen::{Config, analyse, diagnostic::Diagnostics, export, source::FileSystem};
use std::path::PathBuf;

/// Print the `.x` file that C programs need to talk to an interface
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The interface file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    input: InputOptions,
}

impl Export {
    /// Prints it.
    pub(super) fn run(&self) -> Result<(), Failure> {
        // C has one file: what is imported is a part of it.
        let config = Config {
            inline: true,
            ..self.input.config()?
        };
        let (file, mut sources) = input::open(&self.file)?;
        let mut diagnostics = Diagnostics::default();
        let model = analyse(file, &mut sources, &FileSystem, &config, &mut diagnostics);
        self.input
            .report
            .report(&diagnostics.into_sorted(), &sources);
        Target::Stdout.write(export::export(&model.ok_or(Failure::Input)?))
    }
}
