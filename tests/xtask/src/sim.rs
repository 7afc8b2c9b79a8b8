//! `cargo xtask sim`: the scenarios of the simulator, with as many calls as each merge needs.

use std::{env, ffi::OsString, process::Command};

/// What the model checker is run by.
const MODEL: [&str; 9] = [
    "test",
    "--release",
    "--package",
    "sim",
    "--features",
    "model",
    "--test",
    "model",
    "--",
];

/// Runs the model checker, or hands everything to the command of the package `sim`, which says how
/// it is used.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if arguments == ["model"] {
        return cargo(&MODEL, &["--nocapture".to_owned()]);
    }
    let command = ["run", "--quiet", "--release", "--package", "sim", "--"];
    cargo(&command, arguments)
}

fn cargo(command: &[&str], arguments: &[String]) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(cargo)
        .args(command)
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err("the simulator found something, or could not be built".into())
}
