//! The files of the corpus that are here; `cargo xtask corpus` brings them.

use std::path::PathBuf;

pub use xtask::corpus::Verdict;

/// A file of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CorpusFile {
    /// Its package and its path in there: `rpcsvc-proto/rpcsvc/nfs_prot.x`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether C `rpcgen` accepts it, be it with `-N`.
    pub c_accepts: bool,
}

/// The folder of the corpus, by that of temporary files of a test binary: `CARGO_TARGET_TMPDIR`.
#[must_use]
pub fn folder(target_tmpdir: &str) -> PathBuf {
    let target = PathBuf::from(target_tmpdir);
    xtask::corpus::folder(target.parent().unwrap())
}

/// Those of the pinned files that are here, and the names of those that are not.
#[must_use]
pub fn files(target_tmpdir: &str) -> (Vec<CorpusFile>, Vec<String>) {
    let folder = folder(target_tmpdir);
    let (mut here, mut missing) = (Vec::new(), Vec::new());
    for package in xtask::corpus::packages() {
        for file in &package.files {
            let path = package.folder(&folder).join(file.path);
            let name = path.strip_prefix(&folder).unwrap();
            let name = name.to_string_lossy().replace('\\', "/");
            if path.exists() {
                here.push(CorpusFile {
                    name,
                    path,
                    c_accepts: file.verdict != Verdict::Refuses,
                });
            } else {
                missing.push(name);
            }
        }
    }
    (here, missing)
}
