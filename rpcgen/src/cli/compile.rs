//! `rpcgen FILE…`: compiles interface files.

use super::{
    failure::Failure,
    input::{self, InputOptions, is_standard},
    misused,
    target::Target,
};
use rpcgen::{Config, Parts, compile, source::FileSystem};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// What is compiled, which parts of it, and where they go.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Compile {
    /// Interface files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Write to this file; `-` is standard output [default: FILE.rs beside each FILE]
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    output: Option<PathBuf>,

    /// Write to this folder
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,

    /// Write client stubs, and the types that they need
    #[arg(long)]
    client: bool,

    /// Write server stubs, and the types that they need
    #[arg(long)]
    server: bool,

    /// Write types and their codec; no stubs, unless --client or --server say so
    #[arg(long)]
    types: bool,

    #[command(flatten)]
    input: InputOptions,

    /// Write nothing; fail with exit code 4 where a file is not what would be written
    #[arg(long)]
    verify: bool,
}

impl Compile {
    /// Compiles all files; the worst failure is the one that counts.
    pub(super) fn run(&self) -> Result<(), Failure> {
        self.check()?;
        let config = Config {
            parts: self.parts(),
            ..self.input.config()?
        };
        Failure::worst(self.files.iter().map(|file| self.run_one(file, &config)))
    }

    fn run_one(&self, path: &Path, config: &Config) -> Result<(), Failure> {
        let config = Config {
            regenerate: self.regenerate(path),
            ..config.clone()
        };
        let (file, mut sources) = input::open(path)?;
        let outcome = compile(file, &mut sources, &FileSystem, &config);
        self.input.report.report(&outcome.diagnostics, &sources);
        let rust = outcome.rust.ok_or(Failure::Input)?;
        let target = self.target(path);
        if self.verify {
            target.verify(&rust)
        } else {
            target.write(&rust)
        }
    }

    /// Says what is wrong with the arguments together.
    fn check(&self) -> Result<(), Failure> {
        if self.files.len() > 1 && self.output.is_some() {
            return Err(misused(
                "--output takes the stubs of one file only; use --out-dir",
            ));
        }
        if self.verify && self.output.as_deref().is_some_and(is_standard) {
            return Err(misused(
                "--verify compares with a file, not with standard output",
            ));
        }
        let mut sources: HashMap<PathBuf, &Path> = HashMap::new();
        for file in &self.files {
            if let Target::File(target) = self.target(file)
                && let Some(first) = sources.insert(target.clone(), file)
            {
                return Err(misused(&format!(
                    "{} and {} would both be compiled to {}",
                    first.display(),
                    file.display(),
                    target.display()
                )));
            }
        }
        Ok(())
    }

    /// Where the stubs of a file go.
    fn target(&self, source: &Path) -> Target {
        if let Some(output) = &self.output {
            return Target::named(output);
        }
        if is_standard(source) {
            return Target::Stdout;
        }
        let beside = source.with_extension("rs");
        Target::File(match (&self.out_dir, beside.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => PathBuf::from(&beside),
        })
    }

    fn parts(&self) -> Parts {
        let all = !(self.client || self.server || self.types);
        Parts {
            client: all || self.client,
            server: all || self.server,
        }
    }

    /// The command that makes the stubs of a file again.
    fn regenerate(&self, path: &Path) -> String {
        let parts = [
            (self.client, "--client"),
            (self.server, "--server"),
            (self.types, "--types"),
        ];
        let parts = parts.iter().filter(|(on, _)| *on);
        let mut words = vec!["rpcgen".to_owned()];
        words.extend(parts.map(|(_, flag)| (*flag).to_owned()));
        words.extend(self.input.words());
        words.extend(
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned()),
        );
        words.join(" ")
    }
}
