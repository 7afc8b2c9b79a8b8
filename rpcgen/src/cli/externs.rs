//! `rpcgen externs FILE…`: the beginning of the module that `--extern-module` names.

use super::{
    failure::Failure,
    input::{self, InputOptions},
    target::Target,
};
use rpcgen::{Config, diagnostic::Diagnostics, source::FileSystem};
use std::path::{Path, PathBuf};

/// Print the beginning of a module that has what interface files do not define
#[derive(Debug, clap::Args)]
pub(super) struct Externs {
    /// Interface files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    input: InputOptions,
}

impl Externs {
    /// Prints the beginning of the module of each file.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.input.config()?;
        Failure::worst(self.files.iter().map(|path| self.print(path, &config)))
    }

    fn print(&self, path: &Path, config: &Config) -> Result<(), Failure> {
        let (file, mut sources) = input::open(path)?;
        let mut diagnostics = Diagnostics::default();
        let module = rpcgen::externs(file, &mut sources, &FileSystem, config, &mut diagnostics);
        self.input
            .report
            .report(&diagnostics.into_sorted(), &sources);
        Target::Stdout.write(&module.ok_or(Failure::Input)?)
    }
}
