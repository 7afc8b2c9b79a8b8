//! The corpus: real interface files that nobody wrote for us.
//!
//! `tests/corpus.txt` lists them with their checksums, [`fetch`] brings them here.

mod apt;
mod fetch;

pub use fetch::fetch;

use std::path::{Path, PathBuf};

/// The list, as it is checked in.
const LIST: &str = include_str!("../../../corpus.txt");

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registry {
    /// A source package of Debian.
    Debian,
    /// crates.io
    Crates,
    /// The registry of npm.
    Npm,
}

/// What C `rpcgen` does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Accepts it.
    Accepts,
    /// Accepts it with `-N`.
    AcceptsWithArguments,
    /// Refuses it.
    Refuses,
}

/// A package with interface files.
#[derive(Debug)]
pub struct Package {
    /// Where it comes from.
    pub registry: Registry,
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its interface files.
    pub files: Vec<File>,
}

/// An interface file of a package.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// What C `rpcgen` does with it.
    pub verdict: Verdict,
    /// The checksum of what it contains.
    pub sha256: &'static str,
    /// Its path in the package.
    pub path: &'static str,
}

impl Package {
    /// The folder of its files; one name may be there in several versions, but not of Debian.
    #[must_use]
    pub fn folder(&self, corpus: &Path) -> PathBuf {
        match self.registry {
            Registry::Debian => corpus.join(self.name),
            Registry::Crates | Registry::Npm => {
                corpus.join(format!("{}-{}", self.name, self.version))
            }
        }
    }
}

/// The folder of the corpus in a folder of cargo's.
#[must_use]
pub fn folder(target: &Path) -> PathBuf {
    target.join("corpus")
}

/// All packages of the list.
///
/// # Panics
///
/// Where the list is not what its head says.
#[must_use]
pub fn packages() -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    let lines = LIST.lines();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let &[first, second, third] = &words[..] else {
            panic!("tests/corpus.txt: three words were expected: {line}");
        };
        if let Some(registry) = registry(first) {
            packages.push(Package {
                registry,
                name: second,
                version: third,
                files: Vec::new(),
            });
        } else if let (Some(package), Some(verdict)) = (packages.last_mut(), verdict(first)) {
            package.files.push(File {
                verdict,
                sha256: second,
                path: third,
            });
        } else {
            panic!("tests/corpus.txt: neither a package nor a file of one: {line}");
        }
    }
    packages
}

fn registry(word: &str) -> Option<Registry> {
    match word {
        "debian" => Some(Registry::Debian),
        "crate" => Some(Registry::Crates),
        "npm" => Some(Registry::Npm),
        _ => None,
    }
}

fn verdict(word: &str) -> Option<Verdict> {
    match word {
        "y" => Some(Verdict::Accepts),
        "N" => Some(Verdict::AcceptsWithArguments),
        "n" => Some(Verdict::Refuses),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_read() {
        let packages = packages();
        let files = packages.iter().flat_map(|package| &package.files);
        let checksum_is_complete = |file: &File| file.sha256.len() == 64;
        assert!(files.clone().all(checksum_is_complete));
        assert_eq!(files.count(), 157);
    }
}
