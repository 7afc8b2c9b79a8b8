//! `rpcgen` in the build script of a crate as users have it.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    env,
    fs::{self, File},
    process::Command,
    time::{Duration, SystemTime},
};

use tests::{compiler::compile_text, fresh_crate::FreshCrate, process, repository};

const TARGET_TMPDIR: &str = env!("CARGO_TARGET_TMPDIR");

/// Compiles `idl/main.x`, and notes each of its runs in `OUT_DIR`.
const BUILD_RS: &str = r#"
    use std::{env, fs::OpenOptions, io::Write as _, path::Path};

    fn main() -> Result<(), rpcgen::Error> {
        let runs = Path::new(&env::var_os("OUT_DIR").unwrap()).join("runs");
        let mut runs = OpenOptions::new().create(true).append(true).open(runs).unwrap();
        writeln!(runs, "run").unwrap();
        rpcgen::Builder::new().compile(&["idl/main.x"])
    }
"#;

const MAIN_X: &str = "#include \"types.x\"\n\
    program MAIN { version V { pair SWAP(pair) = 1; } = 1; } = 0x20005678;\n";

const LIB_RS: &str = r#"
    rpc_runtime::include_stubs!("main");

    /// A service as users write it.
    pub struct Swap;

    impl main::v1::Service for Swap {
        async fn swap(
            &self,
            _: &rpc_runtime::Context,
            pair: Pair,
        ) -> rpc_runtime::ServiceResult<Pair> {
            Ok(Pair { first: pair.second, second: pair.first })
        }
    }
"#;

fn crate_with_build_script(name: &str) -> FreshCrate {
    let krate = FreshCrate::new(TARGET_TMPDIR, name);
    krate.write("build.rs", BUILD_RS);
    krate.write("idl/main.x", MAIN_X);
    krate.write("idl/types.x", "struct pair { int first; int second; };\n");
    krate.write("src/lib.rs", LIB_RS);
    krate
}

#[test]
fn fresh_crate_compiles_and_depends_on_just_its_interface_files() {
    let krate = crate_with_build_script("with-include");
    krate.cargo_is_content("check");
    let out_dir = krate.out_file("main.rs").parent().unwrap().to_owned();
    let told = fs::read_to_string(out_dir.with_file_name("output")).unwrap();
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(
        told,
        [
            "cargo::rerun-if-changed=idl/main.x",
            "cargo::rerun-if-changed=idl/types.x"
        ]
    );
}

#[test]
fn stubs_that_stay_the_same_are_not_written_again() {
    let krate = crate_with_build_script("unchanged");
    krate.cargo_is_content("check");
    let (stubs, runs) = (krate.out_file("main.rs"), krate.out_file("runs"));
    let modified = || fs::metadata(&stubs).unwrap().modified().unwrap();
    let written = modified();
    // Later than the first run by the clock of any file system.
    let later = SystemTime::now() + Duration::from_secs(10);
    let included = File::options().write(true).open(krate.path("idl/types.x"));
    included.unwrap().set_modified(later).unwrap();
    krate.cargo_is_content("check");
    assert_eq!(fs::read_to_string(runs).unwrap(), "run\nrun\n");
    assert_eq!(modified(), written);
}

#[test]
fn errors_of_an_interface_file_fail_the_build_and_are_shown() {
    let krate = crate_with_build_script("faulty");
    krate.write("idl/types.x", "struct pair { int first; in second; };\n");
    let output = krate.cargo("check");
    let stderr = process::text(&output.stderr);
    assert!(!output.status.success());
    for part in [
        "error[E0320]: `in` is not defined",
        "idl/types.x:1:26",
        "struct pair { int first; in second; };",
        "^^",
    ] {
        assert!(stderr.contains(part), "`{part}` is missing:\n{stderr}");
    }
    println!("{stderr}");
}

#[test]
fn stubs_for_another_runtime_fail_with_an_error_that_says_what_to_do() {
    let text = "program P { version V { int ADD(int, int) = 1; } = 1; } = 0x20005679;";
    let stubs = compile_text("main.x", text).rust.unwrap();
    assert!(stubs.contains("stub_format!(1);"));
    for (name, format) in [("older-stubs", 0), ("newer-stubs", 2)] {
        let krate = FreshCrate::new(TARGET_TMPDIR, name);
        let changed = stubs.replace("stub_format!(1);", &format!("stub_format!({format});"));
        krate.write("src/lib.rs", &changed);
        let output = krate.cargo("check");
        let stderr = process::text(&output.stderr);
        assert!(!output.status.success());
        let errors = stderr.lines().filter(|line| line.starts_with("error"));
        let (ours, others): (Vec<&str>, Vec<&str>) =
            errors.partition(|line| line.contains("was generated for stub format"));
        println!("{stderr}");
        // One error, and none that only follows from it.
        assert_eq!(ours.len(), 1, "{stderr}");
        assert!(
            ours.iter()
                .all(|line| line.contains("generate the file again with"))
        );
        assert!(
            others
                .iter()
                .all(|line| line.starts_with("error: could not compile"))
        );
    }
}

#[test]
fn as_a_build_dependency_it_brings_no_command_line() {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "tree",
        "--offline",
        "--package",
        "rpcgen",
        "--no-default-features",
    ]);
    cargo.args(["--edges", "normal,build", "--prefix", "none"]);
    let tree = process::run(cargo.current_dir(repository::root()));
    assert!(tree.contains("syn v"), "{tree}");
    assert!(!tree.contains("clap"), "{tree}");
}
