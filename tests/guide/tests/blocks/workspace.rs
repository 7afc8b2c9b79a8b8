//! What the packages of the repository are, as cargo sees them.

use std::{env, path::Path, process::Command};

use guide::book;
use serde_json::Value;

/// The packages of a workspace.
pub(crate) struct Workspace(Value);

impl Workspace {
    /// Those of this repository.
    pub(crate) fn read() -> Self {
        Self(metadata(&book::root().join("Cargo.toml")).unwrap())
    }

    /// A package by its name.
    pub(crate) fn package(&self, name: &str) -> Option<&Value> {
        let packages = self.0["packages"].as_array().unwrap();
        packages.iter().find(|package| package["name"] == name)
    }

    /// Whether a package has a binary of this name.
    pub(crate) fn has_binary(&self, package: &str, name: &str) -> bool {
        let targets = self
            .package(package)
            .and_then(|it| it["targets"].as_array());
        let mut targets = targets.into_iter().flatten();
        targets.any(|target| target["kind"][0] == "bin" && target["name"] == name)
    }
}

/// What cargo says of a manifest, or what it says is wrong.
pub(crate) fn metadata(manifest: &Path) -> Result<Value, String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let output = cargo.arg("--manifest-path").arg(manifest).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}
