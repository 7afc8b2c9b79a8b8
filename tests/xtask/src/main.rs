//! The tasks of this repository. `cargo xtask help` lists them.
//!
//! It has no dependencies, so that it starts fast on a machine that has only Rust.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this is a command")]

mod bench;
mod fuzz;
mod instructions;
mod peer;
mod sim;
mod soak;
mod test;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Something that this command does.
struct Task {
    name: &'static str,
    about: &'static str,
    /// Does it; an error has been explained to the user when it is returned.
    run: fn(&[String]) -> Result<(), String>,
}

const TASKS: [Task; 7] = [
    Task {
        name: "test",
        about: "Installs what the tests need where it can, and runs all tests",
        run: test::run,
    },
    Task {
        name: "corpus",
        about: "Fetches the real interface files that tests compile",
        run: corpus,
    },
    Task {
        name: "fuzz",
        about: "Looks for input that the compiler cannot take: [TARGET] [SECONDS]",
        run: fuzz::run,
    },
    Task {
        name: "sim",
        about: "Simulates a hostile network: [PERCENT], replay or nightly (tests/sim/README.md)",
        run: sim::run,
    },
    Task {
        name: "soak",
        about: "Calls over all transports, with connections killed at random: [SECONDS] [SEED]",
        run: soak::run,
    },
    Task {
        name: "bench",
        about: "Measures calls beside those of other runtimes, as a table and a picture: [full]",
        run: bench::run,
    },
    Task {
        name: "instructions",
        about: "Counts the instructions of the codec against those on record: [renew]",
        run: instructions::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        None => ("help", &[][..]),
        Some((name, rest)) => (name.as_str(), rest),
    };
    let outcome = if matches!(name, "help" | "-h" | "--help") {
        help();
        Ok(())
    } else {
        run(name, rest)
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("xtask: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, arguments: &[String]) -> Result<(), String> {
    match TASKS.iter().find(|task| task.name == name) {
        Some(task) => (task.run)(arguments),
        None => Err(format!(
            "there is no task `{name}`; `cargo xtask help` lists them"
        )),
    }
}

fn corpus(_: &[String]) -> Result<(), String> {
    xtask::corpus::fetch(&corpus_folder()?)
}

/// Where the corpus is.
fn corpus_folder() -> Result<PathBuf, String> {
    Ok(xtask::corpus::folder(&target()?))
}

/// The folder in which cargo built this command, `TARGET/debug/xtask`.
fn target() -> Result<PathBuf, String> {
    let command = env::current_exe().map_err(|error| error.to_string())?;
    let target = command.parent().and_then(Path::parent);
    Ok(target.ok_or("cannot tell where cargo builds")?.to_owned())
}

fn help() {
    println!("cargo xtask TASK [ARGUMENTS]\n");
    for task in &TASKS {
        println!("    {:<12} {}", task.name, task.about);
    }
    println!("    {:<12} Shows this", "help");
    println!("\nArguments of `test` are handed to `cargo test`: `cargo xtask test -p tests`.");
}
