//! Commands that documents show.

use std::{fs, path::Path};

use guide::book;

use crate::workspace::Workspace;

/// What is wrong with a command: it names something that is not there.
pub(crate) fn fault(line: &str, workspace: &Workspace) -> Option<String> {
    let command = line.split('#').next().unwrap_or_default();
    let words: Vec<&str> = command.split_whitespace().collect();
    let is_right = match words[..] {
        [] => true,
        ["cargo", ref words @ ..] => cargo_knows(words, workspace),
        ["rpcgen", ref words @ ..] => rpcgen_knows(words),
        // Programs of others.
        [program, ..] => ["mdbook", "openssl", "rpcinfo"].contains(&program),
    };
    (!is_right).then(|| format!("`{line}` names something that is not there"))
}

/// The word behind one of these flags.
fn value<'a>(words: &[&'a str], flags: &[&str]) -> Option<&'a str> {
    let at = words.iter().position(|word| flags.contains(word))?;
    words.get(at + 1).copied()
}

fn cargo_knows(words: &[&str], workspace: &Workspace) -> bool {
    let package = value(words, &["-p", "--package"]);
    let is_package = package.is_none_or(|name| workspace.package(name).is_some());
    // Without a package the command is for the crate of the reader.
    let is_binary = match (package, value(words, &["--bin"])) {
        (Some(package), Some(name)) => workspace.has_binary(package, name),
        _ => true,
    };
    let path = value(words, &["--path"]);
    let is_path = path.is_none_or(|path| book::root().join(path).exists());
    let is_command = match words {
        ["xtask", task, ..] => task_exists(task),
        [command, ..] => [
            "bench", "build", "check", "doc", "install", "new", "run", "test",
        ]
        .contains(command),
        [] => false,
    };
    is_package && is_binary && is_path && is_command
}

fn task_exists(task: &str) -> bool {
    let tasks = fs::read_to_string(book::root().join("tests/xtask/src/main.rs")).unwrap();
    task == "help" || tasks.contains(&format!("name: \"{task}\""))
}

/// The first word is a file or a subcommand, which has a module of its name; flags are arguments or
/// settings, which have fields of their names.
fn rpcgen_knows(words: &[&str]) -> bool {
    let cli = book::root().join("rpcgen/src/cli");
    let is_known = words.first().is_some_and(|word| {
        let is_file = word.starts_with('-') || word.contains('.');
        is_file || cli.join(word).exists() || cli.join(format!("{word}.rs")).exists()
    });
    let mut flags = words.iter().filter_map(|word| word.strip_prefix("--"));
    is_known && flags.all(|flag| flag == "version" || has_argument(&cli, flag))
}

fn has_argument(cli: &Path, flag: &str) -> bool {
    let field = format!("{}:", flag.replace('-', "_"));
    let renamed = format!("long = \"{flag}\"");
    let entries = fs::read_dir(cli)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.map(|path| {
        if path.is_dir() {
            path.join("mod.rs")
        } else {
            path
        }
    });
    let mut texts = files.filter_map(|path| fs::read_to_string(path).ok());
    texts.any(|text| text.contains(&field) || text.contains(&renamed))
}
