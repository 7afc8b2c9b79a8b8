//! Brings the files of the corpus here. What is here already is not asked for again.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
};

use super::{File, Package, Registry, apt::Apt, packages};

/// Packages of Debian that are downloaded at the same time.
const DOWNLOADS: usize = 4;

/// Seconds after which a registry that says nothing is given up.
const PATIENCE: &str = "20";

/// Fetches what is missing into this folder, and says of each package that is incomplete why.
///
/// A file whose checksum is not the pinned one is put beside its place, with `.differs` behind its
/// name.
///
/// # Errors
///
/// Files are missing or differ, which has been said.
pub fn fetch(corpus: &Path) -> Result<(), String> {
    let packages = packages();
    let missing: Vec<&Package> = packages
        .iter()
        .filter(|package| !is_complete(package, corpus))
        .collect();
    let scratch = corpus.join(".fetch");
    if !missing.is_empty() {
        fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
        let of = |registry| {
            let all = missing.iter().copied();
            all.filter(move |package| package.registry == registry)
        };
        thread::scope(|scope| {
            scope.spawn(|| of(Registry::Npm).for_each(|one| take(one, corpus, &scratch, npm)));
            scope.spawn(|| of(Registry::Crates).for_each(|one| take(one, corpus, &scratch, cargo)));
            debian(of(Registry::Debian).collect(), corpus, &scratch);
        });
        fs::remove_dir_all(&scratch).map_err(|error| error.to_string())?;
    }
    report(&packages, corpus)
}

/// Whether a file of the package, pinned or not, is wherever one is expected.
fn is_complete(package: &Package, corpus: &Path) -> bool {
    let folder = package.folder(corpus);
    let mut files = package.files.iter();
    files.all(|file| folder.join(file.path).exists() || differing(&folder, file).exists())
}

/// Where a file is put that is not the pinned one.
fn differing(folder: &Path, file: &File) -> PathBuf {
    folder.join(format!("{}.differs", file.path))
}

/// Says what is here and what is not.
fn report(packages: &[Package], corpus: &Path) -> Result<(), String> {
    let (mut all, mut here) = (0, 0);
    for package in packages {
        let folder = package.folder(corpus);
        let mut missing = 0;
        for file in &package.files {
            all += 1;
            if folder.join(file.path).exists() {
                here += 1;
            } else if differing(&folder, file).exists() {
                println!(
                    "corpus: not the pinned file: {} {}",
                    package.name, file.path
                );
            } else {
                missing += 1;
            }
        }
        if missing > 0 {
            let (name, version) = (package.name, package.version);
            println!("corpus: {missing} files of {name} {version} cannot be fetched");
        }
    }
    println!("corpus: {here} of {all} files in {}", corpus.display());
    if here == all {
        Ok(())
    } else {
        Err(format!(
            "{} files of the corpus are missing or differ",
            all - here
        ))
    }
}

/// Downloads packages of Debian, several at a time.
fn debian(packages: Vec<&Package>, corpus: &Path, scratch: &Path) {
    if packages.is_empty() {
        return;
    }
    let apt = match Apt::update(&scratch.join("apt")) {
        Ok(apt) => apt,
        Err(fault) => {
            println!("corpus: no source packages of Debian: {fault}");
            return;
        }
    };
    let queue = Mutex::new(packages.into_iter());
    let next = || queue.lock().ok()?.next();
    let download = |package: &Package, folder: &Path| {
        apt.download(package.name, package.version, folder);
        archives(folder)
    };
    thread::scope(|scope| {
        for _ in 0..DOWNLOADS {
            scope.spawn(|| {
                while let Some(package) = next() {
                    take(package, corpus, scratch, download);
                }
            });
        }
    });
}

/// Downloads a package with a function that returns its archives, and takes out the files of the
/// list. What fails is missing afterwards.
fn take(
    package: &Package,
    corpus: &Path,
    scratch: &Path,
    download: impl Fn(&Package, &Path) -> Vec<PathBuf>,
) {
    let folder = scratch.join(format!("{}-{}", package.name, package.version));
    let unpacked = folder.join("unpacked");
    if fs::create_dir_all(&unpacked).is_err() {
        return;
    }
    for archive in download(package, &folder) {
        let mut tar = quiet("tar");
        tar.arg("-xf").arg(archive).arg("-C").arg(&unpacked);
        tar.args(["--strip-components=1", "--wildcards"]);
        tar.args(package.files.iter().map(|file| format!("*/{}", file.path)));
        // It fails where a file is in another archive of the package.
        let _ = tar.status();
    }
    for file in &package.files {
        let _ = keep(&unpacked, &package.folder(corpus), file);
    }
}

/// Moves a file to its place, or beside it if it is not the pinned one.
fn keep(unpacked: &Path, folder: &Path, file: &File) -> std::io::Result<()> {
    let from = unpacked.join(file.path);
    let output = Command::new("sha256sum").arg(&from).output()?;
    let to = if output.stdout.starts_with(file.sha256.as_bytes()) {
        folder.join(file.path)
    } else {
        differing(folder, file)
    };
    fs::create_dir_all(to.parent().unwrap_or(folder))?;
    fs::rename(from, to)
}

/// Has cargo download a crate into its cache; it has no command that does just that.
fn cargo(package: &Package, _: &Path) -> Vec<PathBuf> {
    let (name, version) = (package.name, package.version);
    let command = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut info = quiet(command);
    info.args(["info", "--quiet", &format!("{name}@{version}")]);
    info.env("CARGO_HTTP_TIMEOUT", PATIENCE)
        .env("CARGO_NET_RETRY", "1");
    let _ = info.status();
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let registries = home.and_then(|home| fs::read_dir(home.join("registry/cache")).ok());
    let registries = registries.into_iter().flatten().flatten();
    registries
        .map(|registry| registry.path().join(format!("{name}-{version}.crate")))
        .filter(|archive| archive.exists())
        .collect()
}

fn npm(package: &Package, folder: &Path) -> Vec<PathBuf> {
    let mut pack = quiet("npm");
    pack.args(["pack", "--silent", "--fetch-retries=1"]);
    pack.arg(format!("--fetch-timeout={PATIENCE}000"));
    pack.arg(format!("{}@{}", package.name, package.version));
    let _ = pack.current_dir(folder).status();
    archives(folder)
}

/// The archives directly in a folder, without the signatures that may lie beside them.
fn archives(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_archive = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".tgz") || name.contains(".tar.") && !name.ends_with(".asc")
    };
    entries
        .map(|entry| entry.path())
        .filter(is_archive)
        .collect()
}

/// A command without input that prints nothing.
fn quiet(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    command
}
