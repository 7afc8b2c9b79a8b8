//! The process of the server, as its parent sees it.

use std::{collections::HashMap, env, fs, io, path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{self, Command},
};

/// A server that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    /// By the scheme that they begin with.
    addresses: HashMap<String, String>,
    folder: PathBuf,
}

impl Child {
    /// Starts the server and waits until it is reachable.
    pub(crate) async fn start() -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("soak-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut process = Command::new(env::current_exe()?)
            .arg("server")
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(stdout).lines();
        let mut addresses = HashMap::new();
        while let Some(line) = lines.next_line().await? {
            match line.split_once(' ') {
                Some((scheme, rest)) => addresses.insert(scheme.to_owned(), rest.to_owned()),
                None => break,
            };
        }
        Ok(Self {
            process,
            addresses,
            folder,
        })
    }

    /// What follows the scheme in the server's own address, without a relay before it.
    pub(crate) fn place(&self, scheme: &str) -> io::Result<&str> {
        let place = self.addresses.get(scheme).map(String::as_str);
        place.ok_or_else(|| io::Error::other(format!("the server has no {scheme} address")))
    }

    /// The server's own address.
    pub(crate) fn address(&self, scheme: &str) -> io::Result<String> {
        Ok(format!("{scheme}://{}", self.place(scheme)?))
    }

    /// A path in a folder that is removed in the end.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id().unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Nobody needs it any more, and nothing depends on it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
