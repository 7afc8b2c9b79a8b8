//! `rpcgen explain CODE…`: says more about faults.

use super::{failure::Failure, misused, target::Target};
use rpcgen::diagnostic::Code;

/// Explain the code of an error, with examples
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// Codes such as E0302 [default: a list of all]
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
}

impl Explain {
    /// Prints the explanations.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let explanations: Vec<String> = self
            .codes
            .iter()
            .map(|id| find(id).map(explain))
            .collect::<Result<_, _>>()?;
        let text = if explanations.is_empty() {
            Code::ALL.iter().map(|&code| title(code) + "\n").collect()
        } else {
            explanations.join("\n")
        };
        Target::Stdout.write(&text)
    }
}

fn find(id: &str) -> Result<Code, Failure> {
    let mut codes = Code::ALL.iter().copied();
    codes
        .find(|code| code.id().eq_ignore_ascii_case(id))
        .ok_or_else(|| {
            misused(&format!(
                "there is no code {id}; `rpcgen explain` lists all"
            ))
        })
}

/// The first line of an explanation: the code and what it is.
fn title(code: Code) -> String {
    let line = code.explanation().lines().next().unwrap_or_default();
    line.trim_start_matches("# ").to_owned()
}

/// An explanation without the signs of Markdown: examples stand out by their indent.
fn explain(code: Code) -> String {
    let mut text = title(code) + "\n";
    let mut is_example = false;
    for line in code.explanation().lines().skip(1) {
        if line.starts_with("```") {
            is_example = !is_example;
        } else if is_example && !line.is_empty() {
            text.push_str("    ");
            text.push_str(line);
            text.push('\n');
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
