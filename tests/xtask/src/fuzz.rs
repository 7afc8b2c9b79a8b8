//! `cargo xtask fuzz`: random input for the compiler, the codec and reliable datagrams, for as long
//! as one likes.

use std::{fs, process::Command};

/// Something that takes any input.
struct Subject {
    /// Its targets in `tests/fuzz`.
    targets: &'static [&'static str],
    /// What cargo is told, so that it builds no more than they need.
    features: &'static [&'static str],
    /// Folders with inputs to begin with; the codec has one for each target.
    seeds: fn(&str) -> Vec<String>,
    /// What libFuzzer is told.
    options: &'static [&'static str],
}

const COMPILER: Subject = Subject {
    targets: &["preprocess", "analyse", "compile", "format"],
    features: &[],
    seeds: |_| {
        let folders = [
            "tests/fuzz/regressions",
            "rpcgen/tests/idl",
            "rpcgen/tests/errors",
        ];
        folders.map(str::to_owned).into()
    },
    options: &[
        "-dict=tests/fuzz/idl.dict",
        // Larger than the largest seed.
        "-max_len=16384",
        // Macros may expand to 16 MB of text, which takes half a minute with all that watches over it.
        "-timeout=120",
        "-rss_limit_mb=4096",
    ],
};

const CODEC: Subject = Subject {
    targets: &[
        "codec_list",
        "codec_tree",
        "codec_defaulted",
        "codec_closed",
        "codec_arrays",
        "codec_bounds",
        "codec_optional",
        "codec_enums",
        "codec_fixed",
        "codec_readdirplus",
    ],
    features: &["--no-default-features"],
    seeds: |target| vec![format!("tests/fuzz/seeds/{target}")],
    options: &[
        "-max_len=4096",
        "-timeout=5",
        // A message of 4 KiB has no need of more at once, whatever it claims.
        "-malloc_limit_mb=2",
        "-rss_limit_mb=1024",
    ],
};

const DATAGRAMS: Subject = Subject {
    features: &["--no-default-features"],
    targets: &[
        "datagram_to_server",
        "datagram_to_client",
        "datagram_events",
    ],
    seeds: |target| vec![format!("tests/fuzz/seeds/{target}")],
    options: &["-max_len=2048", "-timeout=10", "-rss_limit_mb=1024"],
};

/// Runs one target, or all whose names begin with the word, or each in turn:
/// `cargo xtask fuzz [TARGET] [SECONDS]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (seconds, names): (Vec<&String>, Vec<&String>) = arguments
        .iter()
        .partition(|word| word.parse::<u32>().is_ok());
    let seconds = seconds.first().map_or("60", |word| word.as_str());
    let begin = names.first().map_or("", |word| word.as_str());
    let mut targets = Vec::new();
    for subject in [&COMPILER, &CODEC, &DATAGRAMS] {
        let chosen = subject.targets.iter();
        let chosen = chosen.filter(|target| target.starts_with(begin));
        targets.extend(chosen.map(|target| (subject, *target)));
    }
    if targets.is_empty() || names.len() > 1 {
        let all = [
            COMPILER.targets,
            &["codec", "datagram"],
            CODEC.targets,
            DATAGRAMS.targets,
        ];
        let all = all.concat();
        let all = all.join("|");
        return Err(format!("usage: cargo xtask fuzz [{all}] [SECONDS]"));
    }
    for (subject, target) in targets {
        fuzz(subject, target, seconds)?;
    }
    Ok(())
}

fn fuzz(subject: &Subject, target: &str, seconds: &str) -> Result<(), String> {
    let corpus = format!("tests/fuzz/corpus/{target}");
    fs::create_dir_all(&corpus).map_err(|error| format!("{corpus}: {error}"))?;
    let status = Command::new("cargo")
        .args(["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz"])
        .args(subject.features)
        .args([target, &corpus])
        .args((subject.seeds)(target))
        .arg("--")
        .args(subject.options)
        .arg(format!("-max_total_time={seconds}"))
        // Set by the cargo that runs this; the other one is not the same.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => {
            let seeds = (subject.seeds)(target);
            let folder = seeds.first().map_or("tests/fuzz", String::as_str);
            Err(format!(
                "`{target}` found something, or cannot be run: that takes `cargo install cargo-fuzz` \
                 and a nightly compiler. Mend it, and put the input into {folder}"
            ))
        }
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}
