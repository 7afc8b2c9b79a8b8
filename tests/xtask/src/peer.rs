//! Programs that are not ours and that tests talk to: which, whether they are here, how they are
//! installed.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

/// A program that some tests need.
#[derive(Debug)]
pub(crate) struct Peer {
    /// What people call it.
    pub(crate) name: &'static str,
    /// The test binary of the package `tests` whose ignored tests need it.
    pub(crate) test_binary: &'static str,
    /// Debian's packages of it.
    packages: &'static [&'static str],
    /// Whether it is here.
    is_here: fn() -> bool,
}

/// Packages of libtirpc, its compiler, and that of C.
pub(crate) const LIBTIRPC: [&str; 4] = ["rpcsvc-proto", "libtirpc-dev", "gcc", "libc6-dev"];

/// All peers of all tests.
pub(crate) const PEERS: [Peer; 8] = [
    Peer {
        name: "libtirpc with its C compiler",
        test_binary: "interop",
        packages: &LIBTIRPC,
        is_here: has_libtirpc,
    },
    Peer {
        name: "libtirpc with its C compiler, or the corpus",
        test_binary: "differential",
        packages: &[],
        is_here: || has_libtirpc() && has_corpus(),
    },
    Peer {
        name: "libtirpc with its C compiler, nftables, or the right to make a network",
        test_binary: "lossy",
        packages: &["nftables", "iproute2", "util-linux"],
        is_here: || has_libtirpc() && is_on_path("ip") && can_lose_datagrams(),
    },
    Peer {
        name: "the interface files of rpcsvc-proto",
        test_binary: "rpcsvc",
        packages: &["rpcsvc-proto"],
        is_here: || Path::new("/usr/include/rpcsvc/nfs_prot.x").exists(),
    },
    Peer {
        name: "python3",
        test_binary: "tls",
        packages: &["python3"],
        is_here: || is_on_path("python3"),
    },
    Peer {
        name: "tshark",
        test_binary: "tshark",
        packages: &["tshark"],
        is_here: || is_on_path("tshark") && is_on_path("text2pcap"),
    },
    // A part of it will do: the test says what is missing.
    Peer {
        name: "the corpus",
        test_binary: "corpus",
        packages: &[],
        is_here: has_corpus,
    },
    Peer {
        name: "the corpus",
        test_binary: "counts",
        packages: &[],
        is_here: has_corpus,
    },
];

/// Whether C programs can be made by its compiler.
pub(crate) fn has_libtirpc() -> bool {
    // With its path: an installed rpcgen of ours may come first on PATH.
    let files = ["/usr/bin/rpcgen", "/usr/include/tirpc/rpc/rpc.h"];
    files.iter().all(|file| Path::new(file).exists()) && is_on_path("gcc")
}

/// Whether there can be a network whose datagrams are lost on purpose: that takes a kernel that has
/// it and, in a container, the right to.
fn can_lose_datagrams() -> bool {
    let tried = Command::new("unshare")
        .args(["--net", "nft", "add table inet lossy"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// Whether `cargo xtask corpus` brought anything.
fn has_corpus() -> bool {
    crate::corpus_folder().is_ok_and(|corpus| corpus.exists())
}

impl Peer {
    /// Whether it is installed.
    pub(crate) fn is_here(&self) -> bool {
        (self.is_here)()
    }
}

/// Installs the peers that are missing, where that can be done without asking: as root on Debian.
///
/// What fails here is not an error: the tests that need it are left out, and that is said.
pub(crate) fn install_missing() {
    let missing: Vec<&str> = PEERS
        .iter()
        .filter(|peer| !peer.is_here())
        .flat_map(|peer| peer.packages)
        .copied()
        .collect();
    if !missing.is_empty() {
        install_packages(&missing);
    }
}

/// Installs a command that a task needs, unless it is here, as peers are installed.
pub(crate) fn install(command: &str, packages: &[&str]) -> Result<(), String> {
    if !is_on_path(command) {
        install_packages(packages);
    }
    if is_on_path(command) {
        return Ok(());
    }
    Err(format!("this needs the command `{command}`"))
}

/// Installs packages of Debian, where that can be done without asking, or says how.
pub(crate) fn install_packages(packages: &[&str]) {
    if !is_on_path("apt-get") || !is_root() {
        println!("xtask: not root on Debian, so nothing is installed; as root:");
        println!("xtask:     apt-get install {}", packages.join(" "));
        return;
    }
    println!("xtask: installing {}", packages.join(" "));
    let updated = apt_get(&["update"]);
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    if !updated || !apt_get(&install) {
        println!("xtask: apt-get failed; going on with what is here");
    }
}

/// Runs `apt-get` quietly, and waits while another one runs.
fn apt_get(arguments: &[&str]) -> bool {
    let status = Command::new("apt-get")
        .args(["-qq", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Whether there is such a command.
pub(crate) fn is_on_path(command: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(command).is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
