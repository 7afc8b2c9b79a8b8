//! The arguments of the command.

use clap::Parser;
use std::path::PathBuf;

/// Where generated stubs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Stdout,
    File(PathBuf),
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the input has errors
  2  the command line makes no sense
  3  a file cannot be read or written
  4  a file is out of date (--verify)";

/// Compiles ONC RPC interface files (.x, .idl) to Rust client and server stubs
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Arguments {
    /// Interface files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Write to this file; `-` is standard output [default: FILE.rs beside each FILE]
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    pub(crate) output: Option<PathBuf>,

    /// Write to this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,

    /// Write client stubs, and the types that they need
    #[arg(long)]
    pub(crate) client: bool,

    /// Write server stubs, and the types that they need
    #[arg(long)]
    pub(crate) server: bool,

    /// Write types and their codec; no stubs, unless --client or --server say so
    #[arg(long)]
    pub(crate) types: bool,

    /// Look for included files in this folder too
    #[arg(short = 'I', value_name = "DIR")]
    pub(crate) include_paths: Vec<PathBuf>,

    /// Define a macro of the preprocessor [value: 1]
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    pub(crate) macros: Vec<String>,

    /// Write nothing; fail with exit code 4 where a file is not what would be written
    #[arg(long)]
    pub(crate) verify: bool,
}

impl Arguments {
    /// Says what is wrong with the arguments together.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.files.len() > 1 && self.output.is_some() {
            return Err("--output takes the stubs of one file only; use --out-dir".to_owned());
        }
        let to_stdout = self
            .output
            .as_ref()
            .is_some_and(|file| file.as_os_str() == "-");
        if self.verify && to_stdout {
            return Err("--verify compares with a file, not with standard output".to_owned());
        }
        if let Some(bad) = self
            .macros
            .iter()
            .find(|define| !is_identifier(name_of(define)))
        {
            return Err(format!("-D {bad}: not the name of a macro"));
        }
        Ok(())
    }

    /// Macros: name and value.
    pub(crate) fn defines(&self) -> Vec<(String, String)> {
        let define = |define: &String| match define.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (define.clone(), "1".to_owned()),
        };
        self.macros.iter().map(define).collect()
    }

    /// The flags that say what is generated, for the header of the generated file.
    pub(crate) fn flags(&self) -> String {
        let chosen = [
            (self.client, " --client"),
            (self.server, " --server"),
            (self.types, " --types"),
        ];
        let mut flags: String = chosen
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, flag)| *flag)
            .collect();
        for define in &self.macros {
            flags.push_str(" -D ");
            flags.push_str(define);
        }
        flags
    }
}

fn name_of(define: &str) -> &str {
    define.split_once('=').map_or(define, |(name, _)| name)
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|other| other.is_ascii_alphanumeric() || other == '_')
}
