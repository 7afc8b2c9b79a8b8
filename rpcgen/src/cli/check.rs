//! `rpcgen check FILE…`: shows the faults of interface files, and writes nothing.

use super::{
    failure::Failure,
    input::{self, InputOptions},
};
use rpcgen::{Config, analyse, diagnostic::Diagnostics, settings::Selected, source::FileSystem};
use std::path::{Path, PathBuf};

/// Show all faults of interface files, and write nothing
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Interface files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    input: InputOptions,
}

impl Check {
    /// Checks all files.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.input.config()?;
        let mut selected = Selected::default();
        let results = self.files.iter();
        Failure::worst(results.map(|path| self.check(path, &config, &mut selected)))?;
        self.input.report.report_unmatched(&config, &selected)
    }

    fn check(&self, path: &Path, config: &Config, selected: &mut Selected) -> Result<(), Failure> {
        let (file, mut sources) = input::open(path)?;
        let mut diagnostics = Diagnostics::default();
        let model = analyse(file, &mut sources, &FileSystem, config, &mut diagnostics);
        self.input
            .report
            .report(&diagnostics.into_sorted(), &sources);
        selected.extend(model.ok_or(Failure::Input)?.selected);
        Ok(())
    }
}
