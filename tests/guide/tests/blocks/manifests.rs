//! Manifests that documents show.

use std::{fs, path::Path};

use guide::book;
use serde_json::Value;

use crate::workspace::{Workspace, metadata};

/// What is wrong with a manifest, or a part of one: its syntax, crates that nobody here knows, versions
/// and features that our crates do not have.
pub(crate) fn faults(text: &str, workspace: &Workspace) -> Vec<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manifest");
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let package = if text.contains("[package]") {
        ""
    } else {
        "[package]
name = \"part\"
edition = \"2024\"
"
    };
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, format!("{package}{text}\n[workspace]\n")).unwrap();
    let metadata = match metadata(&manifest) {
        Ok(metadata) => metadata,
        Err(fault) => return vec![fault],
    };
    let dependencies = metadata["packages"][0]["dependencies"].as_array().unwrap();
    dependencies
        .iter()
        .flat_map(|dependency| dependency_faults(dependency, workspace))
        .collect()
}

fn dependency_faults(dependency: &Value, workspace: &Workspace) -> Vec<String> {
    let name = dependency["name"].as_str().unwrap();
    let Some(package) = workspace.package(name) else {
        let lock = fs::read_to_string(book::root().join("Cargo.lock")).unwrap();
        let is_known = lock.contains(&format!("\nname = \"{name}\"\n"));
        return if is_known {
            vec![]
        } else {
            vec![format!("no crate here knows `{name}`")]
        };
    };
    let mut faults = Vec::new();
    let required = dependency["req"].as_str().unwrap().trim_start_matches('^');
    if !package["version"].as_str().unwrap().starts_with(required) {
        faults.push(format!("`{name}` has another version than {required}"));
    }
    for feature in dependency["features"].as_array().unwrap() {
        if package["features"].get(feature.as_str().unwrap()).is_none() {
            faults.push(format!("`{name}` has no feature {feature}"));
        }
    }
    faults
}
