//! The command line: what it takes, what it writes, how it ends.

mod arguments;

use arguments::{Arguments, Target};
use clap::Parser as _;
use rpcgen::{
    Config, Outcome, Parts, compile,
    diagnostic::Severity,
    output,
    source::{FileSystem, Loader as _, STDIN_NAME, SourceMap, display_name},
};
use std::{
    collections::HashMap,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// How the command ends, if not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Failure {
    /// A file on disk is not what would be written.
    OutOfDate,
    /// The input has errors.
    Input,
    /// A file cannot be read or written.
    Io,
    /// The command line makes no sense.
    Usage,
}

impl Failure {
    const fn code(self) -> u8 {
        match self {
            Self::Input => 1,
            Self::Usage => 2,
            Self::Io => 3,
            Self::OutOfDate => 4,
        }
    }
}

/// Runs the command on the arguments of this process.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() {
                Failure::Usage.code()
            } else {
                0
            };
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::from(Failure::Io.code()),
            };
        }
    };
    match arguments.check() {
        Err(message) => {
            complain(&format!(
                "{message}\n\nFor more information, try 'rpcgen --help'."
            ));
            ExitCode::from(Failure::Usage.code())
        }
        Ok(()) => match run_all(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => ExitCode::from(failure.code()),
        },
    }
}

/// Compiles all files; the worst failure is the one that counts.
fn run_all(arguments: &Arguments) -> Result<(), Failure> {
    let mut sources: HashMap<PathBuf, &Path> = HashMap::new();
    for file in &arguments.files {
        if let Target::File(target) = arguments.target(file)
            && let Some(first) = sources.insert(target.clone(), file)
        {
            complain(&format!(
                "{} and {} would both be compiled to {}",
                first.display(),
                file.display(),
                target.display()
            ));
            return Err(Failure::Usage);
        }
    }
    let failures = arguments
        .files
        .iter()
        .filter_map(|file| run_one(arguments, file).err());
    failures.max().map_or(Ok(()), Err)
}

fn run_one(arguments: &Arguments, path: &Path) -> Result<(), Failure> {
    let mut sources = SourceMap::default();
    let bytes = read(path).map_err(|error| io_failure(path, &error))?;
    let name = if is_stdin(path) {
        STDIN_NAME.to_owned()
    } else {
        display_name(path)
    };
    let file = sources
        .add(name, bytes, None)
        .map_err(|error| io_failure(path, &error.into()))?;
    let outcome = compile(file, &mut sources, &FileSystem, &config(arguments, path));
    report(&outcome, &sources);
    let rust = outcome.rust.ok_or(Failure::Input)?;
    let target = arguments.target(path);
    if arguments.verify {
        verify(&target, &rust)
    } else {
        write(&target, &rust)
    }
}

fn config(arguments: &Arguments, path: &Path) -> Config {
    let all = !(arguments.client || arguments.server || arguments.types);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Config {
        include_paths: arguments.include_paths.clone(),
        defines: arguments.defines(),
        parts: Parts {
            client: all || arguments.client,
            server: all || arguments.server,
        },
        regenerate: format!("rpcgen{} {name}", arguments.flags()),
        ..Config::default()
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !is_stdin(path) {
        return FileSystem.load(path);
    }
    let mut bytes = Vec::new();
    let limit = rpcgen::source::FILE_SIZE_MAX as u64 + 1;
    io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn write(target: &Target, rust: &str) -> Result<(), Failure> {
    match target {
        Target::Stdout => {
            let result = io::stdout().lock().write_all(rust.as_bytes());
            result.map_err(|error| io_failure(Path::new("standard output"), &error))
        }
        Target::File(path) => {
            output::write_if_changed(path, rust).map_err(|error| io_failure(path, &error))
        }
    }
}

/// Compares with the file on disk, and writes nothing.
fn verify(target: &Target, rust: &str) -> Result<(), Failure> {
    let Target::File(path) = target else {
        return Ok(());
    };
    match output::is_current(path, rust) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let what = if path.exists() {
                "out of date"
            } else {
                "not there"
            };
            complain(&format!("{}: {what}", path.display()));
            Err(Failure::OutOfDate)
        }
        Err(error) => Err(io_failure(path, &error)),
    }
}

fn report(outcome: &Outcome, sources: &SourceMap) {
    let styled = io::stderr().is_terminal();
    for diagnostic in &outcome.diagnostics {
        eprint_line(&diagnostic.render(sources, styled));
    }
    let is_error = |severity| severity == Severity::Error;
    let severities = outcome.diagnostics.iter().map(|one| one.code.severity());
    match severities.filter(|severity| is_error(*severity)).count() {
        0 => {}
        1 => complain("1 error"),
        count => complain(&format!("{count} errors")),
    }
}

fn io_failure(path: &Path, error: &io::Error) -> Failure {
    complain(&format!("{}: {error}", path.display()));
    Failure::Io
}

fn complain(message: &str) {
    eprint_line(&format!("rpcgen: {message}"));
}

/// Prints to standard error; if nobody reads it there is nobody to tell.
fn eprint_line(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

impl Arguments {
    /// Where the stubs of a file go.
    fn target(&self, source: &Path) -> Target {
        if let Some(output) = &self.output {
            return if is_stdin(output) {
                Target::Stdout
            } else {
                Target::File(output.clone())
            };
        }
        if is_stdin(source) {
            return Target::Stdout;
        }
        let beside = source.with_extension("rs");
        Target::File(match (&self.out_dir, beside.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => PathBuf::from(&beside),
        })
    }
}
