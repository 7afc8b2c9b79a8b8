//! `cargo xtask fuzz`: random input for the compiler, for as long as one likes.

use std::process::Command;

/// The targets in `tests/fuzz`.
const TARGETS: [&str; 4] = ["preprocess", "analyse", "compile", "format"];

/// Folders with inputs to begin with.
const SEEDS: [&str; 3] = [
    "tests/fuzz/regressions",
    "rpcgen/tests/idl",
    "rpcgen/tests/errors",
];

/// What an input may take: seconds, and megabytes of the whole process. Macros may expand to 16 MB of
/// text, which takes half a minute with all that watches over it.
const LIMITS: [&str; 2] = ["-timeout=120", "-rss_limit_mb=4096"];

/// Bytes that an input has at the most: larger than the largest seed.
const LEN_MAX: &str = "-max_len=16384";

/// Runs one target, or each in turn: `cargo xtask fuzz [TARGET] [SECONDS]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let seconds = arguments.iter().find_map(|word| word.parse::<u32>().ok());
    let named = |target: &&str| arguments.iter().any(|word| word == target);
    let chosen: Vec<&str> = TARGETS.into_iter().filter(named).collect();
    let expected = chosen.len() + usize::from(seconds.is_some());
    if arguments.len() != expected {
        let targets = TARGETS.join("|");
        return Err(format!("usage: cargo xtask fuzz [{targets}] [SECONDS]"));
    }
    let all = if chosen.is_empty() {
        &TARGETS[..]
    } else {
        &chosen
    };
    for target in all {
        fuzz(target, seconds.unwrap_or(60))?;
    }
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Result<(), String> {
    let corpus = format!("tests/fuzz/corpus/{target}");
    std::fs::create_dir_all(&corpus).map_err(|error| format!("{corpus}: {error}"))?;
    let status = Command::new("cargo")
        .args(["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz"])
        .args([target, &corpus])
        .args(SEEDS)
        .args(["--", "-dict=tests/fuzz/idl.dict", LEN_MAX])
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        // Set by the cargo that runs this; the other one is not the same.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!(
            "`{target}` found something, or cannot be run: that takes `cargo install cargo-fuzz` \
             and a nightly compiler. Mend it, and put the input into tests/fuzz/regressions"
        )),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}
