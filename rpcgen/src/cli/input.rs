//! What is read, and what decides what it means.

use super::{
    failure::Failure,
    misused,
    report::{ReportOptions, io_failure},
    settings::SettingOptions,
};
use rpcgen::{
    Config, Undefined, is_rust_path,
    source::{FILE_SIZE_MAX, FileId, FileSystem, Loader as _, STDIN_NAME, SourceMap, display_name},
};
use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// The flags of every command that finds out what interface files mean.
#[derive(Debug, clap::Args)]
pub(super) struct InputOptions {
    /// Look for included files in this folder too
    #[arg(short = 'I', value_name = "DIR")]
    include_paths: Vec<PathBuf>,

    /// Define a macro of the preprocessor [value: 1]
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    macros: Vec<String>,

    /// Take a type that the file does not define from your crate
    #[arg(long = "extern-type", value_name = "NAME=PATH")]
    extern_types: Vec<String>,

    /// What to do about names that the file does not define [default: error]
    #[arg(long, value_name = "WHAT", requires_if("extern", "extern_module"))]
    undefined: Option<WhatIsUndefined>,

    /// The module of your crate that has what the file does not define
    #[arg(long, value_name = "PATH", requires = "undefined")]
    extern_module: Option<String>,

    #[command(flatten)]
    pub(super) report: ReportOptions,

    #[command(flatten)]
    settings: SettingOptions,
}

impl InputOptions {
    /// The settings that these flags make.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let defines = self.macros.iter().map(|define| split_define(define));
        let defines: Vec<(String, String)> = defines.collect();
        if let Some((name, _)) = defines.iter().find(|(name, _)| !is_identifier(name)) {
            return Err(misused(&format!("-D {name}: not the name of a macro")));
        }
        let undefined = match (self.undefined, &self.extern_module) {
            (Some(WhatIsUndefined::Extern), Some(module)) => Undefined::Extern {
                module: checked_path(module, "--extern-module")?,
            },
            _ => Undefined::Error,
        };
        let extern_types = self.extern_types.iter().map(|given| split_type(given));
        let mut config = Config {
            extern_types: extern_types.collect::<Result<_, _>>()?,
            undefined,
            include_paths: self.include_paths.clone(),
            defines,
            ..Config::default()
        };
        self.settings.apply(&mut config)?;
        Ok(config)
    }

    /// These flags as they are written, for the header of a generated file.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let macros = self.macros.iter().map(|define| format!("-D {define}"));
        let types = self.extern_types.iter();
        let types = types.map(|given| format!("--extern-type {given}"));
        let undefined = self.undefined.map(|what| match what {
            WhatIsUndefined::Error => "--undefined error".to_owned(),
            WhatIsUndefined::Extern => "--undefined extern".to_owned(),
        });
        let module = self.extern_module.iter();
        let module = module.map(|path| format!("--extern-module {path}"));
        let outside = types.chain(undefined).chain(module);
        macros.chain(outside).chain(self.settings.words())
    }
}

/// What becomes of names that a file does not define.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum WhatIsUndefined {
    /// An error lists them.
    Error,
    /// A module of the user's has them.
    Extern,
}

/// `NAME=PATH`
fn split_type(given: &str) -> Result<(String, String), Failure> {
    match given.split_once('=') {
        Some((name, path)) if is_identifier(name) => {
            let path = checked_path(path, "--extern-type")?;
            Ok((name.to_owned(), path))
        }
        _ => Err(misused(&format!("--extern-type {given}: not NAME=PATH"))),
    }
}

fn checked_path(path: &str, flag: &str) -> Result<String, Failure> {
    if is_rust_path(path) {
        return Ok(path.to_owned());
    }
    Err(misused(&format!(
        "{flag} {path}: not a path from the root of a crate, such as `crate::names`"
    )))
}

/// Takes a file into a new map; `-` is standard input.
pub(super) fn open(path: &Path) -> Result<(FileId, SourceMap), Failure> {
    let mut sources = SourceMap::default();
    let bytes = read(path).map_err(|error| io_failure(path, &error))?;
    let file = sources
        .add(name(path), bytes, None)
        .map_err(|error| io_failure(path, &error.into()))?;
    Ok((file, sources))
}

/// Whether a path is `-`: standard input, or standard output.
pub(super) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What a file is called in diagnostics.
pub(super) fn name(path: &Path) -> String {
    if is_standard(path) {
        STDIN_NAME.to_owned()
    } else {
        display_name(path)
    }
}

/// The bytes of a file; `-` is standard input.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !is_standard(path) {
        return FileSystem.load(path);
    }
    let mut bytes = Vec::new();
    let limit = FILE_SIZE_MAX as u64 + 1;
    io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn split_define(define: &str) -> (String, String) {
    let (name, value) = define.split_once('=').unwrap_or((define, "1"));
    (name.to_owned(), value.to_owned())
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|other| other.is_ascii_alphanumeric() || other == '_')
}
