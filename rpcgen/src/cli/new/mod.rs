//! `rpcgen new FILE.idl`: writes a crate with an interface, a server, a client and a test.

use super::{failure::Failure, misused, report::io_failure, target::Target};
use rpcgen::{names, resolve::derived_number};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Write a small crate: an interface, a server, a client, a test
///
/// FILE.idl becomes the crate FILE in a folder of that name, which must not be there yet. In it,
/// `cargo test` calls the server in memory, `cargo run` starts it, and `cargo run --bin client`
/// calls it over TCP.
#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// The interface file, or its name alone
    #[arg(value_name = "FILE.idl")]
    file: PathBuf,

    /// Use rpc-runtime, xdr and rpcgen of a checkout, not of crates.io
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// Each file: where it goes, and what is in it.
const TEMPLATE: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/manifest.toml")),
    ("{{name}}.idl", include_str!("template/interface.idl")),
    ("build.rs", include_str!("template/build.rs")),
    ("src/lib.rs", include_str!("template/lib.rs")),
    ("src/bin/server.rs", include_str!("template/server.rs")),
    ("src/bin/client.rs", include_str!("template/client.rs")),
    ("tests/call.rs", include_str!("template/call.rs")),
    (".gitignore", "/target\n"),
];

/// Names that the crate has for something else, or that Cargo does not take.
const TAKEN: &[&str] = &[
    "alloc",
    "build",
    "client",
    "core",
    "proc_macro",
    "rpc_runtime",
    "rpcgen",
    "server",
    "std",
    "test",
    "tokio",
    "xdr",
];

impl New {
    /// Writes the crate.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let name = self.name()?;
        let values = self.values(&name)?;
        let folder = self.file.with_extension("");
        if folder.exists() {
            let error = io::Error::new(io::ErrorKind::AlreadyExists, "it is there already");
            return Err(io_failure(&folder, &error));
        }
        for (file, text) in TEMPLATE {
            let path = folder.join(fill(file, &values));
            write(&path, &fill(text, &values)).map_err(|error| io_failure(&path, &error))?;
        }
        Target::Stdout.write(format!(
            "{0}: a crate for {name}.idl\n\n  \
             cd {0}\n  \
             cargo test                 # call the server in memory\n  \
             cargo run                  # serve, until Ctrl-C\n  \
             cargo run --bin client     # call the server from another terminal\n",
            folder.display()
        ))
    }

    /// The name of the crate.
    fn name(&self) -> Result<String, Failure> {
        let is_idl = self
            .file
            .extension()
            .is_none_or(|extension| extension == "idl");
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let identifier = name.replace('-', "_");
        // No keyword, and with letters that are as Rust wants them.
        let is_legal = syn::parse_str::<syn::Ident>(&identifier).is_ok() && name.is_ascii();
        let is_plain = is_legal && names::value_name(&identifier) == identifier;
        if is_idl && is_plain && !TAKEN.contains(&identifier.as_str()) {
            return Ok(name.into_owned());
        }
        Err(misused(&format!(
            "no crate can be made for {}: write NAME.idl, with a name of lower-case letters, \
             digits, `_` and `-` that nothing else has",
            self.file.display()
        )))
    }

    /// What stands for each word in braces.
    fn values(&self, name: &str) -> Result<Vec<(&'static str, String)>, Failure> {
        let interface = names::type_name(name);
        let module = names::program_name(&interface);
        let program = format!("{:#010x}", derived_number(&interface));
        Ok(vec![
            ("name", name.to_owned()),
            ("crate", name.replace('-', "_")),
            ("interface", interface),
            ("module", module),
            ("program", program),
            ("rpc-runtime", self.dependency("rpc-runtime", &[])?),
            (
                "xdr",
                self.dependency("xdr", &[("package", "\"rpc-xdr\"")])?,
            ),
            (
                "rpcgen",
                self.dependency("rpcgen", &[("default-features", "false")])?,
            ),
        ])
    }

    /// A dependency on a crate of this project, as the manifest has it.
    fn dependency(&self, folder: &str, more: &[(&str, &str)]) -> Result<String, Failure> {
        let (key, value) = match &self.path {
            None => ("version", env!("CARGO_PKG_VERSION").to_owned()),
            Some(checkout) => {
                let path = checkout.join(folder);
                let path = fs::canonicalize(&path).map_err(|error| io_failure(&path, &error))?;
                ("path", path.to_string_lossy().into_owned())
            }
        };
        let mut members = vec![format!("{key} = {value:?}")];
        members.extend(more.iter().map(|(key, value)| format!("{key} = {value}")));
        Ok(format!("{{ {} }}", members.join(", ")))
    }
}

/// Replaces each `{{word}}` by its value.
fn fill(text: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(text.to_owned(), |text, (word, value)| {
        text.replace(&format!("{{{{{word}}}}}"), value)
    })
}

/// Writes a file that is not there, and the folders around it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
