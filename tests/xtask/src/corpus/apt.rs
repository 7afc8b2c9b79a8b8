//! Source packages of Debian, from package lists of our own: the machine's are left alone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The releases that have the versions of the list, or had them.
const SUITES: &str = "bullseye bookworm trixie trixie-backports sid";

const DEFAULT_MIRROR: &str = "http://deb.debian.org/debian";

/// Package lists in a folder.
#[derive(Debug)]
pub(super) struct Apt {
    config: PathBuf,
}

impl Apt {
    /// Fetches the lists of source packages into a folder.
    pub(super) fn update(folder: &Path) -> Result<Self, String> {
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).map_err(|error| error.to_string())?;
        }
        let apt = Self {
            config: folder.join("apt.conf"),
        };
        let sources = folder.join("corpus.sources");
        write(&sources, &source_list(&mirror()))?;
        write(&apt.config, &configuration(folder, &sources))?;
        // A release that is gone is no failure; it is one that nothing came at all.
        apt.succeeds("apt-get", &["-qq", "update"], folder);
        let lists = fs::read_dir(folder.join("lists")).into_iter().flatten();
        let mut lists = lists.flatten().map(|list| list.file_name());
        if lists.any(|name| name.to_string_lossy().contains("_source_Sources")) {
            Ok(apt)
        } else {
            Err("`apt-get update` brings none of their lists".to_owned())
        }
    }

    /// Downloads the archives of a package into a folder: of this version, or of another where it
    /// is gone. Several versions of Debian may share one archive, and the checksums decide.
    pub(super) fn download(&self, name: &str, version: &str, folder: &Path) -> bool {
        let others = self.versions(name);
        let mut versions = [version]
            .into_iter()
            .chain(others.iter().map(String::as_str));
        versions.any(|version| {
            let package = format!("{name}={version}");
            let options = ["-qq", "source", "--tar-only", "--download-only", &package];
            self.succeeds("apt-get", &options, folder)
        })
    }

    /// The versions that the lists have.
    fn versions(&self, name: &str) -> Vec<String> {
        let mut command = self.command("apt-cache");
        let command = command.args(["showsrc", "--only-source", name]);
        let output = command.stdout(Stdio::piped()).output();
        let stdout = output.map(|output| output.stdout).unwrap_or_default();
        let text = String::from_utf8_lossy(&stdout);
        let versions = text
            .lines()
            .filter_map(|line| line.strip_prefix("Version: "));
        versions.map(str::to_owned).collect()
    }

    fn succeeds(&self, command: &str, arguments: &[&str], folder: &Path) -> bool {
        let mut command = self.command(command);
        let status = command.args(arguments).current_dir(folder).status();
        status.is_ok_and(|status| status.success())
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("APT_CONFIG", &self.config);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn source_list(mirror: &str) -> String {
    format!(
        "Types: deb-src\n\
         URIs: {mirror}\n\
         Suites: {SUITES}\n\
         Components: main\n\
         Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
}

fn configuration(folder: &Path, sources: &Path) -> String {
    let folder = folder.display();
    format!(
        "Dir::Etc::sourcelist \"{}\";\n\
         Dir::Etc::sourceparts \"{folder}/none\";\n\
         Dir::State::lists \"{folder}/lists\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         APT::Sandbox::User \"root\";\n\
         Acquire::Retries \"1\";\n\
         Acquire::http::Timeout \"20\";\n",
        sources.display()
    )
}

/// Where this machine gets its packages from: the first address of its lists in the new format.
fn mirror() -> String {
    let shell = ["shell", "FOLDER", "Dir::Etc::sourceparts/d"];
    let output = Command::new("apt-config").args(shell).output();
    let stdout = output.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&stdout);
    let folder = text.split('\'').nth(1).unwrap_or("/etc/apt/sources.list.d");
    let list = fs::read_to_string(Path::new(folder).join("debian.sources")).unwrap_or_default();
    let address = list.lines().find_map(|line| line.strip_prefix("URIs: "));
    address.unwrap_or(DEFAULT_MIRROR).to_owned()
}
