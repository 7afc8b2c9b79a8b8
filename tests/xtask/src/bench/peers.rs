//! The programs that are compared, and how they are built.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::case::Case;
use crate::peer;

/// Where the peers in Rust are: a workspace of their own.
const MANIFEST: &str = "tests/bench/peers/Cargo.toml";

/// A program with one choice of flavour.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    program: Program,
    flavour: &'static [&'static str],
    /// Modes that it has, of `seq`, `pipe` and `conns`.
    modes: &'static [&'static str],
    /// Bytes of the longest echo.
    echo_max: usize,
    /// Whether its memory for connections without calls is of interest.
    pub(super) idles: bool,
}

/// Where a program comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    /// The package `bench` of this workspace.
    Ours,
    /// A package of the workspace of peers, with a command that its build needs, and that one's
    /// package.
    Peer(&'static str, Option<(&'static str, &'static str)>),
    Libtirpc,
}

const RAW: Program = Program::Peer("peer-raw", None);
const SKETCH: Program = Program::Peer("peer-sketch", None);
const TARPC: Program = Program::Peer("peer-tarpc", None);
const CAPNP: Program = Program::Peer("peer-capnp", Some(("capnp", "capnproto")));
const TONIC: Program = Program::Peer("peer-tonic", Some(("protoc", "protobuf-compiler")));

const ALL: &[&str] = &["seq", "pipe", "conns"];
const ONE: &[&str] = &["seq", "pipe"];
const SEQ: &[&str] = &["seq"];

/// Bytes of the longest echo over streams, and in one datagram.
const STREAM: usize = 1 << 20;
const DATAGRAM: usize = 1024;

/// All of them, ours first.
pub(super) const PEERS: [Peer; 18] = [
    idling("ours-tcp", Program::Ours, &["tcp"]),
    peer("ours-unix", Program::Ours, &["unix"], ALL, STREAM),
    peer("ours-udp", Program::Ours, &["udp"], ONE, DATAGRAM),
    peer("ours-reliable", Program::Ours, &["reliable"], ONE, STREAM),
    peer(
        "ours-blocking-tcp",
        Program::Ours,
        &["blocking-tcp"],
        ALL,
        STREAM,
    ),
    peer(
        "ours-blocking-udp",
        Program::Ours,
        &["blocking-udp"],
        SEQ,
        DATAGRAM,
    ),
    peer("raw-std", RAW, &["std", "tcp"], ALL, STREAM),
    idling("raw-tokio", RAW, &["tokio", "tcp"]),
    peer("raw-batch", RAW, &["tokio", "tcp", "batch"], ALL, DATAGRAM),
    peer("raw-unix", RAW, &["tokio", "unix"], ALL, STREAM),
    peer("raw-udp-std", RAW, &["std", "udp"], ONE, DATAGRAM),
    peer("raw-udp-tokio", RAW, &["tokio", "udp"], ONE, DATAGRAM),
    idling("sketch", SKETCH, &[]),
    peer("libtirpc-tcp", Program::Libtirpc, &["tcp"], SEQ, STREAM),
    peer("libtirpc-udp", Program::Libtirpc, &["udp"], SEQ, DATAGRAM),
    idling("tarpc", TARPC, &[]),
    peer("capnp", CAPNP, &[], ALL, STREAM),
    idling("tonic", TONIC, &[]),
];

const fn peer(
    name: &'static str,
    program: Program,
    flavour: &'static [&'static str],
    modes: &'static [&'static str],
    echo_max: usize,
) -> Peer {
    Peer {
        name,
        program,
        flavour,
        modes,
        echo_max,
        idles: false,
    }
}

/// A peer over TCP whose idle connections are measured, too.
const fn idling(name: &'static str, program: Program, flavour: &'static [&'static str]) -> Peer {
    Peer {
        idles: true,
        ..peer(name, program, flavour, ALL, STREAM)
    }
}

impl Peer {
    /// Whether it can do this.
    pub(super) fn has(&self, case: &Case) -> bool {
        self.modes.contains(&case.mode.as_str()) && case.size <= self.echo_max
    }
}

/// A peer whose program was built.
#[derive(Debug)]
pub(super) struct Runnable {
    pub(super) peer: &'static Peer,
    program: PathBuf,
}

impl Runnable {
    /// Its command line up to its role.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let program = self.program.to_str().into_iter();
        program.chain(self.peer.flavour.iter().copied())
    }
}

/// Builds the wanted peers. One that cannot be built here is left out, and that is said.
pub(super) fn build(folder: &Path, wants: impl Fn(&str) -> bool) -> Result<Vec<Runnable>, String> {
    let wanted: Vec<&Peer> = PEERS.iter().filter(|peer| wants(peer.name)).collect();
    let mut built: Vec<(Program, Option<PathBuf>)> = Vec::new();
    let mut runnables = Vec::new();
    for peer in wanted {
        let known = built.iter().find(|(program, _)| *program == peer.program);
        let path = if let Some((_, path)) = known {
            path.clone()
        } else {
            let path = match peer.program.build(folder) {
                Ok(path) => Some(path),
                Err(fault) if peer.program == Program::Ours => return Err(fault),
                Err(fault) => {
                    println!("xtask: {} is left out: {fault}", peer.name);
                    None
                }
            };
            built.push((peer.program, path.clone()));
            path
        };
        runnables.extend(path.map(|program| Runnable { peer, program }));
    }
    Ok(runnables)
}

impl Program {
    fn build(self, folder: &Path) -> Result<PathBuf, String> {
        match self {
            Self::Ours => {
                cargo(&["--package", "bench", "--bin", "peer"])?;
                Ok(crate::target()?.join("release/peer"))
            }
            Self::Peer(package, needs) => {
                if let Some((command, packages)) = needs {
                    peer::install(command, &[packages])?;
                }
                let target = folder.join("peers");
                let target_dir = target.to_str().ok_or("the target folder has no name")?;
                cargo(&[
                    "--manifest-path",
                    MANIFEST,
                    "--target-dir",
                    target_dir,
                    "--package",
                    package,
                ])?;
                Ok(target.join("release").join(package))
            }
            Self::Libtirpc => build_libtirpc(&folder.join("libtirpc")),
        }
    }
}

fn cargo(arguments: &[&str]) -> Result<(), String> {
    println!("xtask: cargo build --release {}", arguments.join(" "));
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked"]);
    succeeds(cargo.args(arguments))
}

/// Builds the program in C, with stubs of the C `rpcgen`.
fn build_libtirpc(folder: &Path) -> Result<PathBuf, String> {
    if !peer::has_libtirpc() {
        peer::install_packages(&peer::LIBTIRPC);
    }
    if !peer::has_libtirpc() {
        return Err("this needs libtirpc and its rpcgen".to_owned());
    }
    // It does not write over what is there.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    for (file, name) in [
        ("tests/bench/bench.x", "bench.x"),
        ("tests/bench/peers/libtirpc/peer.c", "peer.c"),
    ] {
        fs::copy(file, folder.join(name)).map_err(|error| format!("{file}: {error}"))?;
    }
    for (part, output) in [
        ("-h", "bench.h"),
        ("-c", "bench_xdr.c"),
        ("-l", "bench_clnt.c"),
        ("-m", "bench_svc.c"),
    ] {
        let mut rpcgen = Command::new("/usr/bin/rpcgen");
        rpcgen.args([part, "-o", output, "bench.x"]);
        succeeds(rpcgen.current_dir(folder))?;
    }
    let mut gcc = Command::new("gcc");
    gcc.args(["-O2", "-w", "-I/usr/include/tirpc", "-o", "peer-libtirpc"]);
    gcc.args(["peer.c", "bench_xdr.c", "bench_clnt.c", "bench_svc.c"]);
    succeeds(gcc.arg("-ltirpc").current_dir(folder))?;
    Ok(folder.join("peer-libtirpc"))
}

fn succeeds(command: &mut Command) -> Result<(), String> {
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ends with {status}")),
        Err(error) => Err(format!("cannot run {command:?}: {error}")),
    }
}
