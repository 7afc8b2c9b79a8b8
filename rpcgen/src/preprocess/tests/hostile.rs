//! Files that nobody would write in good faith.

use super::{Options, Run, run, run_with};
use std::time::{Duration, Instant};

#[test]
fn nesting_is_limited() {
    let nested = |depth| format!("{}a{} b", "{[(".repeat(depth), ")]}".repeat(depth));
    assert!(run(&nested(21)).text().contains('a'));
    let run = run(&nested(22));
    assert_eq!(
        run.faults(),
        ["E0103 root.x:1:65 <[>: braces are nested more than 64 deep"]
    );
    assert_eq!(run.result.text.matches('a').count(), 0);
    assert!(run.result.text.ends_with(")]} b"));
    let by_macro = self::run(&format!("#define OPEN {}\nOPEN x\n", "{".repeat(65)));
    assert_eq!(
        by_macro.faults(),
        ["E0103 root.x:2:1 <OPEN>: braces are nested more than 64 deep"]
    );
    let never_closed = self::run(&"{ a\n".repeat(1000));
    assert_eq!(never_closed.faults().len(), 1);
    assert_eq!(never_closed.result.text.matches('a').count(), 64);
}

#[test]
fn nesting_cannot_be_hidden() {
    for level in ["{", "{)]", "{ \"}\" ", "\"{\" ", "\"\\\" { \"}\"\n"] {
        assert_eq!(run(&level.repeat(64)).diagnostics, [], "{level}");
        let faults = run(&level.repeat(1000)).faults();
        assert!(
            faults[0].starts_with("E0103") && faults.len() == 1,
            "{level}: {faults:?}"
        );
    }
    for shallow in ["}", "{\"\"}]", "const A = \"{}\";\n"] {
        assert_eq!(run(&shallow.repeat(1000)).diagnostics, [], "{shallow}");
    }
}

#[test]
fn macro_bomb_is_defused() {
    use std::fmt::Write as _;
    let mut text = "#define A0 boom boom boom\n".to_owned();
    for level in 1..64 {
        writeln!(text, "#define A{level} A{0} A{0}", level - 1).unwrap();
    }
    text.push_str("A60 A61 A62\n#if A60\n#endif\n");
    let run = run(&text);
    assert!(run.result.text.len() < 2 * text.len());
    let [fault] = &run.diagnostics[..] else {
        panic!("{:?}", run.faults())
    };
    assert_eq!(
        run.fault(fault),
        "E0109 root.x:65:1 <A60>: macros expand to more than 16 MiB of text"
    );
    assert_eq!(
        run.place(fault.secondary[0].span),
        "root.x:61:9 <A60 A59 A59>"
    );
}

/// With a quadratic step somewhere, these would take minutes.
#[test]
fn hostile_files_take_linear_time() {
    const PARTS: &[&str] = &[
        "//",
        "/",
        "*/",
        "\"",
        "'",
        "\\",
        "\\\n",
        "\\\r\n",
        "%",
        "%\\\n",
        "%\n",
        "#",
        "#\n",
        "#if\n",
        "#if 0\n",
        "#if 1\n",
        "#else\n",
        "#endif\n",
        "#if (",
        "#elif !",
        "#define A ",
        "#define A A A\nA\n",
        "#include",
        "#include \"a.x\"\n",
        "{",
        "}",
        "{\n",
        " ",
        "\n",
        "\r",
        "\0",
        "\u{feff}",
        "ü",
        "0x",
        "#if 1?1:",
        "#if 1+",
        "# /* */",
    ];
    let start = Instant::now();
    for whole in ["/*", "a", "#if RPC_HDR\n", "A "] {
        run(&format!(
            "#define A\n{}",
            whole.repeat((1 << 20) / whole.len())
        ));
    }
    run_with(&vec![0xff; 1 << 20], &[], &Options::default());
    for part in PARTS {
        let many = part.repeat((1 << 15) / part.len());
        run(&many);
        run(&format!("#if {many}"));
        run(&format!("#define A {many}\nA\nA\n#if A\n"));
    }
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

/// Text of parts that matter to the preprocessor, and of random bytes, from a fixed seed.
#[test]
fn random_files_keep_the_rules() {
    const PARTS: &[&str] = &[
        "#if ",
        "#ifdef ",
        "#elif ",
        "#else",
        "#endif",
        "#define ",
        "#undef ",
        "#include \"a.x\"",
        "#error ",
        "# 1 ",
        "%",
        "/*",
        "*/",
        "//",
        "\"",
        "'",
        "\\",
        "\r",
        "\n",
        "\n",
        "\n",
        " ",
        "A",
        "B",
        "(",
        ")",
        "{",
        "}",
        "1",
        "0x",
        "&&",
        "?",
        ":",
        "/",
        "<<",
        "defined ",
        "ü",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..3000 {
        let mut root = Vec::new();
        for _ in 0..random(60) {
            if random(20) == 0 {
                root.push(u8::try_from(random(256)).unwrap());
            } else {
                root.extend_from_slice(PARTS[random(PARTS.len())].as_bytes());
            }
        }
        let run = run_with(
            &root,
            &[("dir/a.x", "#define B A {\nB")],
            &Options::default(),
        );
        check_rules(&run);
    }
}

fn check_rules(run: &Run) {
    let text = &run.result.text;
    for (start, character) in text.char_indices() {
        let span = run.result.origins.span(start..start + character.len_utf8());
        let source = run.sources.text(span);
        let copied = source.starts_with(character);
        let blanked = character == ' ';
        let expanded = source.len() == 1 && "AB".contains(source);
        assert!(
            copied || blanked || expanded,
            "{character:?} is from {source:?}"
        );
    }
    for comment in &run.result.comments {
        assert!(text[comment.range.clone()].trim().is_empty());
        assert!(run.sources.text(comment.span).starts_with('/'));
    }
    for fault in &run.diagnostics {
        assert!(!fault.render(&run.sources, false).is_empty());
    }
}
