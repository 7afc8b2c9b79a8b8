//! Crates as users have them, outside of the workspace, that tests make and compile.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{process, repository};

/// A crate in a folder of its own, with the dependencies that the README tells users to have.
#[derive(Debug)]
pub struct FreshCrate {
    folder: PathBuf,
    target: PathBuf,
}

impl FreshCrate {
    /// A crate with this name, which no other test uses, in a folder for tests.
    #[must_use]
    pub fn new(folder: &str, name: &str) -> Self {
        let krate = Self::absent(folder, name);
        let root = repository::root().display();
        let manifest = format!(
            "{}\n\
             [build-dependencies]\n\
             rpcgen = {{ path = \"{root}/rpcgen\", default-features = false }}\n",
            manifest(name)
        );
        krate.write_manifest(&manifest);
        krate
    }

    /// The crate that `rpcgen new` makes of this name.
    #[must_use]
    pub fn made_by_rpcgen(folder: &str, name: &str) -> Self {
        let krate = Self::absent(folder, name);
        let mut rpcgen = cargo("run");
        rpcgen.args(["--quiet", "--package", "rpcgen", "--", "new", "--path"]);
        rpcgen.arg(repository::root()).arg(&krate.folder);
        process::run(rpcgen.current_dir(repository::root()));
        let manifest = fs::read_to_string(krate.path("Cargo.toml")).unwrap();
        krate.write_manifest(&manifest);
        krate
    }

    /// A place for a crate, and nothing in it.
    fn absent(folder: &str, name: &str) -> Self {
        let folder = Path::new(folder).join("fresh");
        let krate = Self {
            // One for all, so that the dependencies are compiled once.
            target: folder.join("target"),
            folder: folder.join(name),
        };
        let _ = fs::remove_dir_all(&krate.folder);
        for leftover in krate.build_folders() {
            fs::remove_dir_all(leftover).unwrap();
        }
        krate
    }

    /// Writes the manifest, of a crate that is in no workspace but its own.
    fn write_manifest(&self, manifest: &str) {
        self.write("Cargo.toml", &format!("{manifest}\n[workspace]\n"));
        // The versions of this repository: they are on this machine, and nothing is downloaded.
        let lock = fs::read_to_string(repository::root().join("Cargo.lock")).unwrap();
        self.write("Cargo.lock", &lock);
    }

    /// A part of the crate: a library of this name that it depends on.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        let part = Self {
            target: self.target.clone(),
            folder: self.folder.join(name),
        };
        part.write("Cargo.toml", &manifest(name));
        let own = fs::read_to_string(self.path("Cargo.toml")).unwrap();
        let dependency = format!("[dependencies.{name}]\npath = \"{name}\"\n");
        self.write("Cargo.toml", &(own + "\n" + &dependency));
        part
    }

    /// The path of a file in the crate.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Writes a file of the crate.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs cargo in the crate, without the network.
    #[must_use]
    pub fn cargo(&self, command: &str) -> Output {
        let mut cargo = cargo(command);
        cargo.args(["--color", "never"]);
        cargo.arg("--target-dir").arg(&self.target);
        // What cargo told the running test is not meant for the crate.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") {
                cargo.env_remove(name);
            }
        }
        process::output(cargo.current_dir(&self.folder))
    }

    /// Runs cargo in the crate, where it must find no fault and nothing to warn of; gives what it
    /// printed.
    #[allow(clippy::must_use_candidate, reason = "it is an assertion first of all")]
    pub fn cargo_is_content(&self, command: &str) -> String {
        let output = self.cargo(command);
        let stderr = process::text(&output.stderr);
        let is_content = output.status.success() && !stderr.contains("warning");
        assert!(is_content, "cargo {command}:\n{stderr}");
        stderr
    }

    /// The program that `cargo build` made of the crate.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.target
            .join("debug")
            .join(self.folder.file_name().unwrap())
    }

    /// The file of this name that the build script of the crate wrote into `OUT_DIR`.
    #[must_use]
    pub fn out_file(&self, file: &str) -> PathBuf {
        let folders = self.build_folders();
        let mut paths = folders.iter().map(|folder| folder.join("out").join(file));
        let path = paths.find(|path| path.exists());
        path.unwrap_or_else(|| panic!("{file} is in none of {folders:?}"))
    }

    /// The folders in which cargo keeps what belongs to build scripts of the crate.
    fn build_folders(&self) -> Vec<PathBuf> {
        let name = self.folder.file_name().unwrap().to_string_lossy();
        let is_own = |path: &PathBuf| {
            let folder = path.file_name().unwrap().to_string_lossy();
            let hash = folder
                .strip_prefix(&*name)
                .and_then(|rest| rest.strip_prefix('-'));
            hash.is_some_and(|hash| !hash.contains('-'))
        };
        // There is none before the first crate is built.
        let folders = fs::read_dir(self.target.join("debug/build"));
        let folders = folders
            .into_iter()
            .flatten()
            .map(|folder| folder.unwrap().path());
        folders.filter(is_own).collect()
    }
}

/// Cargo without the network.
fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([command, "--offline"]);
    cargo
}

/// The manifest of a crate with stubs.
fn manifest(name: &str) -> String {
    let root = repository::root().display();
    format!(
        "[package]\n\
         name = \"{name}\"\n\
         version = \"0.1.0\"\n\
         edition = \"2024\"\n\
         \n\
         [dependencies]\n\
         rpc-runtime = {{ path = \"{root}/rpc-runtime\" }}\n\
         xdr = {{ path = \"{root}/xdr\", package = \"rpc-xdr\" }}\n"
    )
}
