//! `cargo xtask instructions`: the instructions that the codec takes, against those on record.
//!
//! Instructions do not depend on what else the machine does, so a change that costs something is
//! seen at once. They do depend on the compiler, which is why this is no test among the others.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// The counts on record, and what they were counted with.
const RECORD: &str = "tests/bench/instructions.txt";

/// The part of a count, in percent, that it may be above the record: what another libc, or a
/// change of code nearby, does to the best of compilers.
const TOLERANCE_PERCENT: u64 = 3;

/// Instructions that any count may be above the record: of the smallest, a part is next to none.
const TOLERANCE_MIN: u64 = 8;

/// Operations between two runs whose difference tells what one costs.
const OPERATIONS: u64 = 10;

/// As many again where an operation is so small that starting the program disturbs its count.
const OPERATIONS_SMALL: u64 = 1000;

/// Instructions below which an operation is small.
const SMALL: u64 = 20_000;

/// One operation of the program `bench`: peer, case and direction.
type Case = [String; 3];

/// Counts all cases and compares them with the record, or writes it anew:
/// `cargo xtask instructions [renew]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let renews = match arguments {
        [] => false,
        [word] if word == "renew" => true,
        _ => return Err("usage: cargo xtask instructions [renew]".to_owned()),
    };
    crate::peer::install("valgrind", &["valgrind"])?;
    let program = build()?;
    let tools = tools()?;
    let old = fs::read_to_string(RECORD).unwrap_or_default();
    let mut record = format!(
        "# Instructions of one operation. `cargo xtask instructions renew` writes this file.\n# {tools}\n"
    );
    let mut worse = 0;
    for case in cases(&program)? {
        let count = instructions(&program, &case)?;
        let name = case.join(" ");
        let verdict = verdict(count, on_record(&old, &name));
        println!("{name:<24} {count:>9}  {}", verdict.text);
        worse += u32::from(verdict.is_worse);
        let _ = writeln!(record, "{name} {count}");
    }
    if renews {
        return fs::write(RECORD, record).map_err(|error| format!("{RECORD}: {error}"));
    }
    if worse == 0 {
        return Ok(());
    }
    let mut fault = format!("{worse} of the counts are worse than {RECORD} says. ");
    if old.lines().nth(1) == Some(&format!("# {tools}")) {
        fault += "If they have to be, `cargo xtask instructions renew` puts them on record";
    } else {
        fault += "That was counted with other tools, so renew it first where nothing was changed: \
                  `git stash; cargo xtask instructions renew; git stash pop`";
    }
    Err(fault)
}

/// Builds the program, and says where it is.
fn build() -> Result<std::path::PathBuf, String> {
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--package", "bench"])
        .status();
    match status {
        Ok(status) if status.success() => Ok(crate::target()?.join("release/bench")),
        Ok(_) => Err("the program `bench` cannot be built".to_owned()),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}

/// What the counts depend on.
fn tools() -> Result<String, String> {
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let valgrind = output(Command::new("valgrind").arg("--version"))?;
    let machine = std::env::consts::ARCH;
    Ok(format!("{}, {}, {machine}", rustc.trim(), valgrind.trim()))
}

/// All that the program can measure.
fn cases(program: &Path) -> Result<Vec<Case>, String> {
    let list = output(Command::new(program).arg("list"))?;
    let mut cases = Vec::new();
    for line in list.lines() {
        let mut words = line.split(' ').map(str::to_owned);
        let peer = words.next().unwrap_or_default();
        for case in words {
            for direction in ["enc", "dec"] {
                cases.push([peer.clone(), case.clone(), direction.to_owned()]);
            }
        }
    }
    Ok(cases)
}

/// The instructions of one operation.
fn instructions(program: &Path, case: &Case) -> Result<u64, String> {
    let few = total(program, case, 2)?;
    let more = total(program, case, 2 + OPERATIONS)?;
    let each = more.saturating_sub(few) / OPERATIONS;
    if each >= SMALL {
        return Ok(each);
    }
    let many = total(program, case, 2 + OPERATIONS_SMALL)?;
    Ok(many.saturating_sub(few) / OPERATIONS_SMALL)
}

/// The instructions of the whole program with so many operations.
fn total(program: &Path, case: &Case, operations: u64) -> Result<u64, String> {
    let valgrind = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(program)
        .args(case)
        .arg(format!("iters={operations}"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&valgrind.stderr);
    references(&said).ok_or_else(|| format!("valgrind counts nothing: {said}"))
}

/// The count in `==7== I   refs:      1,234`.
fn references(said: &str) -> Option<u64> {
    let (_, count) = said.lines().find_map(|line| line.split_once(" refs:"))?;
    count.trim().replace(',', "").parse().ok()
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output();
    let output = output.map_err(|error| format!("cannot run {command:?}: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn on_record(record: &str, name: &str) -> Option<u64> {
    let mut lines = record.lines().filter_map(|line| line.rsplit_once(' '));
    lines.find(|(case, _)| *case == name)?.1.parse().ok()
}

/// What a count is beside the one on record.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    is_worse: bool,
    text: String,
}

fn verdict(count: u64, on_record: Option<u64>) -> Verdict {
    let Some(old) = on_record else {
        let text = "not on record: `cargo xtask instructions renew`".to_owned();
        return Verdict {
            is_worse: true,
            text,
        };
    };
    let tolerance = (old * TOLERANCE_PERCENT / 100).max(TOLERANCE_MIN);
    let is_worse = count > old + tolerance;
    let text = match count {
        _ if is_worse => format!("WORSE: {old} on record"),
        _ if count + tolerance < old => format!("better: {old} on record, renew it"),
        _ => String::new(),
    };
    Verdict { is_worse, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_valgrind_says() {
        let said = "==7== Cachegrind\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(references(said), Some(1_234_567));
        assert_eq!(references("==7== I refs:        89\n"), Some(89));
        assert_eq!(references("valgrind: no such file"), None);
    }

    #[test]
    fn counts_against_the_record() {
        let record = "# Instructions\n# rustc 1.95\nours ints enc 1000\nours header enc 100\n";
        assert_eq!(on_record(record, "ours header enc"), Some(100));
        assert_eq!(on_record(record, "ours header dec"), None);
        let is_worse = |count, old| verdict(count, old).is_worse;
        assert!(!is_worse(1030, Some(1000)));
        assert!(is_worse(1031, Some(1000)));
        assert!(!is_worse(108, Some(100)));
        assert!(is_worse(109, Some(100)));
        assert!(!is_worse(1, Some(100)));
        assert!(is_worse(1, None));
        assert!(verdict(900, Some(1000)).text.starts_with("better"));
    }
}
