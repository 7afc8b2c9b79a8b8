//! `cargo xtask sim`: the scenarios of the simulator, with as many calls as each merge needs.

use std::{env, ffi::OsString, process::Command};

/// Hands everything to the command of the package `sim`, which says how it is used.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "sim", "--"])
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err("the simulator found something, or could not be built".into())
}
