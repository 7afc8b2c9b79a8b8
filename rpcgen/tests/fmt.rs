//! What the formatter makes of files: `fmt/` has one matter a file, each with a snapshot of the
//! result, and whatever is formatted means what it meant.
//!
//! [`fmt::format`] is what a test over other files calls; `assert_formats` has what must hold.

use insta::{assert_snapshot, glob};
use rpcgen::{
    Config, Undefined, compile,
    diagnostic::{Code, Diagnostics},
    fmt::{self, FormatError},
    parse, preprocess,
    source::{FileSystem, SourceMap, display_name},
};
use std::fs;

#[test]
fn formatted() {
    glob!("fmt/*", |path| {
        let input = fs::read(path).expect("the input can be read");
        let text = assert_formats(&input);
        let mut settings = insta::Settings::clone_current();
        settings.set_description(String::from_utf8_lossy(&input));
        settings.set_omit_expression(true);
        settings.bind(|| assert_snapshot!("fmt", String::from_utf8_lossy(&text)));
    });
}

#[test]
fn files_mean_the_same_afterwards() {
    for (name, input) in inputs() {
        let output = assert_formats(&input);
        assert_eq!(stubs(&name, &input), stubs(&name, &output), "{name}");
    }
}

#[test]
fn empty_files_are_empty() {
    for (input, expected) in [
        ("", ""),
        (" \n\t\r\n\x0c\n", ""),
        ("// a", "// a\n"),
        ("\n\n/* a */  \n\n\n// b  \n\n", "/* a */\n\n// b\n"),
        ("%a\\", "%a\\\n"),
        ("#if 0", "#if 0\n"),
    ] {
        let output = assert_formats(input.as_bytes());
        assert_eq!(String::from_utf8_lossy(&output), expected, "{input:?}");
    }
}

#[test]
fn lines_end_as_most_of_them_do() {
    for (input, expected) in [
        (
            "\u{feff}struct a {\r\nint x; };\n/* b\r\n   c\n d */\r\n%e \\\r\nf\r\n#define X \\\n 1",
            "\u{feff}struct a {\r\n    int x;\r\n};\r\n/* b\r\n   c\r\n d */\r\n%e \\\r\nf\r\n\
             #define X \\\r\n 1\r\n",
        ),
        (
            "const A = 1;\r\nconst B = 2;\n",
            "const A = 1;\nconst B = 2;\n",
        ),
        ("const A = 1; // a\r\r\n", "const A = 1; // a\r\n"),
    ] {
        let output = assert_formats(input.as_bytes());
        assert_eq!(String::from_utf8_lossy(&output), expected, "{input:?}");
    }
}

#[test]
fn bytes_of_comments_stay() {
    let input = b"const A=1; /* \xe4\xff */ // \xc3\xa4\n%\xe4\n  /* \xe4\n   \xf6 */\nconst B=2;";
    let expected =
        b"const A = 1; /* \xe4\xff */ // \xc3\xa4\n%\xe4\n/* \xe4\n \xf6 */\nconst B = 2;\n";
    assert_eq!(assert_formats(input), expected);
    assert!(matches!(
        format(b"const A = \"\xe4\";"),
        Err(FormatError::Faults(_))
    ));
}

#[test]
fn faults_are_told() {
    let told = |input: &[u8]| match format(input) {
        Err(FormatError::Faults(faults)) => faults,
        other => panic!("{other:?}"),
    };
    assert_eq!(told(b"struct a { int x }").len(), 1);
    assert_eq!(told(b"/* a")[0].code, Code::UnclosedComment);
    let deep = format!("{}{}", "struct a {".repeat(100), "} b;".repeat(100));
    assert_eq!(told(deep.as_bytes())[0].code, Code::TooDeep);
    let split = told(b"struct a {\n#if 1\n int x;\n};\n#else\n hyper x;\n};\n#endif\n");
    assert!(
        split[0]
            .help
            .iter()
            .any(|help| help.message.contains("all branches"))
    );
}

/// Comments, `%` lines and directives may stand between any two tokens.
#[test]
fn nothing_is_lost_between_tokens() {
    const INSERTIONS: &[&str] = &[
        " /* c */ ",
        "/* c */\n",
        "\n   /* c */",
        "\n\t/* c */\n",
        " // c\n",
        "\n// c\n\n\n",
        " /* long\n  * comment */ ",
        "\n      /* long\n comment */\n",
        "\n%c \\\n  d\n",
        "\n  # define X \\\n 1\n",
        "\n\n\n",
        "\t",
        " /* a */ /* b */ // c\n // d\n",
    ];
    let mut formatted = 0;
    for (_, input) in inputs() {
        for insertion in INSERTIONS {
            for offset in 0..3 {
                let mutated = insert_everywhere(&input, insertion, offset);
                match format(&mutated) {
                    Ok(output) => {
                        assert_again(&mutated, &output);
                        formatted += 1;
                    }
                    // The insertion stood in a comment or string.
                    Err(FormatError::Faults(_)) => {}
                    Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&mutated)),
                }
            }
        }
    }
    assert!(formatted > 500, "{formatted}");
}

/// Inserts text behind every fifth sign or space.
fn insert_everywhere(input: &[u8], insertion: &str, offset: usize) -> Vec<u8> {
    let mut output = Vec::new();
    let mut gaps = offset;
    for &byte in input {
        output.push(byte);
        if b" {}();,:=<>[]*".contains(&byte) {
            gaps += 1;
            if gaps.is_multiple_of(5) {
                output.extend_from_slice(insertion.as_bytes());
            }
        }
    }
    output
}

/// Formats a file that has no faults, and checks what must hold for the result.
fn assert_formats(input: &[u8]) -> Vec<u8> {
    let output = match format(input) {
        Ok(output) => output,
        Err(error) => panic!("{error:?}\n{}", String::from_utf8_lossy(input)),
    };
    assert_again(input, &output);
    assert_eq!(syntax(input), syntax(&output));
    output
}

fn assert_again(input: &[u8], output: &[u8]) {
    let again = format(output).expect("what is formatted can be formatted");
    let [input, output, again] = [input, output, &again].map(String::from_utf8_lossy);
    assert_eq!(output, again, "formatted once and twice:\n{input}");
}

fn format(input: &[u8]) -> Result<Vec<u8>, FormatError> {
    fmt::format("input.x".to_owned(), input, &mut SourceMap::default())
}

/// The AST with its comments, but without places.
fn syntax(input: &[u8]) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("input.x".to_owned(), input.to_vec(), None);
    let mut diagnostics = Diagnostics::default();
    let file = file.expect("the input is small");
    let text = preprocess::verbatim(file, &sources, &mut diagnostics);
    let parsed = parse::parse(&text, &sources, &mut diagnostics);
    let is_place = |line: &str| {
        let place = line.trim_start().rsplit(' ').next().unwrap_or_default();
        let numbers = place.trim_end_matches(',').replacen("..", ":", 1);
        numbers.split(':').count() == 3 && numbers.split(':').all(|one| one.parse::<u32>().is_ok())
    };
    let text = format!("{:#?}", parsed.file);
    let lines = text.lines().filter(|line| !is_place(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The stubs without their documentation, which shows the text of the interface file.
fn stubs(name: &str, input: &[u8]) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add(name.to_owned(), input.to_vec(), None);
    let file = file.expect("the input is small");
    let config = Config {
        // Some inputs leave names to a module of the user's.
        undefined: Undefined::Extern {
            module: "crate::names".to_owned(),
        },
        ..Config::default()
    };
    let outcome = compile(file, &mut sources, &FileSystem, &config);
    let rust = outcome.rust.expect("the input has no errors");
    let code = rust
        .lines()
        .filter(|line| !line.trim_start().starts_with("///"));
    code.collect::<Vec<_>>().join("\n")
}

/// The paths and texts of the files that the snapshots and the tests across crates compile.
fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    for folder in ["tests/idl", "tests/idl/import", "../tests/idl"] {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                inputs.push((display_name(&path), fs::read(&path).expect("the input")));
            }
        }
    }
    assert!(inputs.len() > 20);
    inputs.sort();
    inputs
}
