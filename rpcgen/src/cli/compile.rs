//! `rpcgen FILE…`: compiles interface files.

use super::{
    failure::Failure,
    input::{self, InputOptions, is_standard},
    misused,
    report::complain,
    target::Target,
};
use rpcgen::{
    Config, ModulePath, Parts, Regenerate, compile,
    diagnostic::Diagnostic,
    settings::Selected,
    source::{FileSystem, Loader as _},
};
use std::{
    collections::{HashMap, HashSet},
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

    /// Write to this file, together with all imports; `-` is standard output [default: FILE.rs beside each FILE and each import]
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    output: Option<PathBuf>,

    /// Write to this folder
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,

    /// Write client stubs, and the types that they need
    #[arg(long)]
    client: bool,

    /// Write client stubs with an object-safe trait of their calls, for mocks
    #[arg(long)]
    client_trait: bool,

    /// Write server stubs, and the types that they need
    #[arg(long)]
    server: bool,

    /// Write types and their codec; no stubs, unless --client or --server say so
    #[arg(long)]
    types: bool,

    /// Find the modules of imports in this one: `crate::proto` [default: super]
    #[arg(long, value_name = "PATH")]
    modules: Option<ModulePath>,

    #[command(flatten)]
    input: InputOptions,

    /// Write nothing; fail with exit code 4 where a file is not what would be written
    #[arg(long)]
    verify: bool,
}

impl Compile {
    /// Compiles all files; the worst failure is the one that counts.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut done = Done {
            sources: self.check()?,
            said: HashSet::new(),
            selected: Selected::default(),
        };
        let config = Config {
            parts: self.parts(),
            modules: self.modules.clone().unwrap_or_default(),
            regenerate: self.regenerate(),
            ..self.input.config()?
        };
        let results = self.files.iter();
        Failure::worst(results.map(|file| self.run_one(file, &config, &mut done)))?;
        self.input.report.report_unmatched(&config, &done.selected)
    }

    fn run_one(&self, path: &Path, config: &Config, done: &mut Done) -> Result<(), Failure> {
        let target = self.target(path);
        let config = Config {
            inline: self.output.is_some() || target == Target::Stdout,
            ..config.clone()
        };
        let (file, mut sources) = input::open(path)?;
        let outcome = compile(file, &mut sources, &FileSystem, &config);
        // What is wrong with an import of several files is said once.
        let news = outcome.diagnostics.into_iter();
        let news: Vec<_> = news
            .filter(|one| done.said.insert(one.render(&sources, false)))
            .collect();
        self.input.report.report(&news, &sources);
        let Some(rust) = outcome.rust else {
            if !news.iter().any(Diagnostic::is_error) {
                complain(&format!("{}: has errors shown above", path.display()));
            }
            return Err(Failure::Input);
        };
        done.selected.extend(outcome.selected);
        let own = self.finish(&target, &rust);
        let imports = outcome.imports.iter().map(|import| {
            let source = Path::new(&import.source);
            let target = self.target(source);
            if done.is_new(source, &target)? {
                self.finish(&target, &import.rust)
            } else {
                Ok(())
            }
        });
        Failure::worst(std::iter::once(own).chain(imports))
    }

    fn finish(&self, target: &Target, rust: &str) -> Result<(), Failure> {
        if self.verify {
            target.verify(rust)
        } else {
            target.write(rust)
        }
    }

    /// Says what is wrong with the arguments together; tells what is written, and from which file.
    fn check(&self) -> Result<HashMap<PathBuf, PathBuf>, Failure> {
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
        let mut sources: HashMap<PathBuf, PathBuf> = HashMap::new();
        for file in &self.files {
            if let Target::File(target) = self.target(file)
                && let Some(first) = sources.insert(target.clone(), file.clone())
            {
                return Err(same_target(&first, file, &target));
            }
        }
        Ok(sources)
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
            client: all || self.client || self.client_trait,
            client_trait: self.client_trait,
            server: all || self.server,
        }
    }

    /// The command that makes the stubs of a file again.
    fn regenerate(&self) -> Regenerate {
        let parts = [
            (self.client, "--client"),
            (self.client_trait, "--client-trait"),
            (self.server, "--server"),
            (self.types, "--types"),
        ];
        let parts = parts.iter().filter(|(on, _)| *on);
        let mut words = vec!["rpcgen".to_owned()];
        words.extend(parts.map(|(_, flag)| (*flag).to_owned()));
        words.extend(self.modules.iter().map(|path| format!("--modules {path}")));
        words.extend(self.input.words());
        Regenerate::Each(words.join(" "))
    }
}

/// What a run did so far.
struct Done {
    /// What is written, and from which file.
    sources: HashMap<PathBuf, PathBuf>,
    said: HashSet<String>,
    selected: Selected,
}

impl Done {
    /// Whether an import is not written yet, and is not one of the files that are compiled anyway.
    fn is_new(&mut self, source: &Path, target: &Target) -> Result<bool, Failure> {
        let Target::File(target) = target else {
            return Ok(true);
        };
        let Some(first) = self.sources.get(target) else {
            self.sources.insert(target.clone(), source.to_owned());
            return Ok(true);
        };
        if FileSystem.identity(first) == FileSystem.identity(source) {
            return Ok(false);
        }
        Err(same_target(first, source, target))
    }
}

fn same_target(first: &Path, other: &Path, target: &Path) -> Failure {
    misused(&format!(
        "{} and {} would both be compiled to {}",
        first.display(),
        other.display(),
        target.display()
    ))
}
