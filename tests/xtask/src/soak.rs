//! `cargo xtask soak`: mixed load over all transports, with connections killed at random.

use std::{env, ffi::OsString, process::Command};

/// How long it takes unless another time is given.
const SECONDS: &str = "600";

/// Builds the package `soak` for speed and runs it: `[SECONDS] [SEED]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--package", "soak", "--"]);
    if arguments.is_empty() {
        command.arg(SECONDS);
    }
    let status = command.args(arguments).status();
    let status = status.map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err("the soak found something, or could not be built".into())
}
