//! Nothing that stands in a file makes the compiler panic, overflow its stack, or run for ever.
#![expect(
    clippy::indexing_slicing,
    reason = "an index that is wrong fails the test"
)]

use rpcgen::{
    Config, Outcome, compile,
    diagnostic::{Code, ERRORS_MAX},
    fmt::{self, FormatError},
    settings::{Selector, Setting},
    source::{Loader, SourceMap},
};
use std::{fmt::Write as _, fs, io, path::Path, thread};

/// The stack of a thread that a build tool may use.
const STACK: usize = 1 << 20;

#[test]
fn mutated_files_are_accepted_or_refused() {
    let inputs = inputs();
    let mut random = Random(0x5eed);
    for round in 0..1500 {
        let mut bytes = inputs[random.below(inputs.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &mut random, &inputs);
        }
        format_twice(&bytes);
        let outcome = compile_bytes(bytes.clone());
        if let Some(rust) = &outcome.rust {
            let parsed = syn::parse_file(rust);
            let input = String::from_utf8_lossy(&bytes);
            assert!(parsed.is_ok(), "round {round}: not Rust\n{input}\n{rust}");
        }
    }
}

#[test]
fn ten_thousand_braces_are_one_error() {
    for open in ["{", "struct a {", "(", "[", "<", "struct {", "interface {"] {
        let outcome = on_small_stack(open.repeat(10_000));
        assert!(outcome.rust.is_none());
        assert!(outcome.diagnostics.len() <= ERRORS_MAX + 1);
    }
}

#[test]
fn long_chains_are_no_recursion() {
    let mut constants = String::new();
    let mut typedefs = String::from("typedef int t0;\n");
    let mut structs = String::from("struct s0 { int x; };\n");
    let mut optional = String::from("struct o0 { o1 *next; int x; };\n");
    let mut arrays = String::from("struct a5000 { float x; a0 next<>; };\n");
    let mut enumerators = String::from("enum e { E0");
    for index in 1..5_000 {
        let previous = index - 1;
        let _ = writeln!(constants, "const C{previous} = C{index};");
        let _ = writeln!(typedefs, "typedef t{previous} t{index};");
        let _ = writeln!(structs, "struct s{index} {{ s{previous} inner; }};");
        let _ = writeln!(
            optional,
            "struct o{index} {{ o{} *next; int x; }};",
            index + 1
        );
        let _ = writeln!(arrays, "struct a{index} {{ a{} next<>; }};", index + 1);
        let _ = write!(enumerators, ", E{index}");
    }
    constants.push_str("const C4999 = 1;\n");
    typedefs.push_str("struct last { t4999 field; t4999 fields<>; };\n");
    optional.push_str("struct o5000 { o0 *next; int x; };\n");
    arrays.push_str("struct a0 { a1 next<>; };\n");
    enumerators.push_str(" };\n");
    for text in [constants, typedefs, structs, optional, arrays, enumerators] {
        let outcome = on_small_stack(text);
        assert_eq!(outcome.diagnostics, []);
        assert!(outcome.rust.is_some());
    }
}

#[test]
fn typedefs_are_nested_up_to_a_limit() {
    type Link = fn(usize) -> String;
    let links: [(&str, Link); 5] = [
        ("opaque t0<9>", |index| {
            format!("typedef t{index} t{}<>;", index + 1)
        }),
        ("opaque t0[9]", |index| {
            format!("typedef t{index} t{}[2];", index + 1)
        }),
        ("string t0<>", |index| {
            format!("typedef t{index} *t{};", index + 1)
        }),
        ("int t0", |index| {
            format!("typedef [range(0, 9)] t{index} t{};", index + 1)
        }),
        ("int t0", |index| match index % 3 {
            0 => format!("typedef t{index} t{}<7>;", index + 1),
            1 => format!("typedef t{index} *t{};", index + 1),
            _ => format!("typedef t{index} t{};", index + 1),
        }),
    ];
    for (core, link) in links {
        let chain = |length| {
            let links: Vec<String> = (0..length).map(link).collect();
            // What is used stands behind what uses it.
            let links: String = links.into_iter().rev().collect();
            format!("{links} typedef {core}; struct s {{ t{length} a<>; t{length} *b; }};")
        };
        let outcome = on_small_stack(chain(30_000));
        let codes: Vec<Code> = outcome.diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [Code::DeepTypedefs]);
        assert!(on_small_stack(chain(16)).rust.is_some());
    }
}

#[test]
fn sizes_beyond_all_numbers_are_counted_as_the_largest() {
    let text = "typedef opaque a[4294967295]; typedef a b[4294967295]; typedef b c[4294967295];\n\
                program P { version V { void f(c x, c y) = 1; } = 1; } = 0x20000001;";
    let outcome = on_small_stack(text.to_owned());
    assert_eq!(outcome.diagnostics, []);
    assert!(outcome.rust.is_some());
}

#[test]
fn cycles_of_any_length_are_found() {
    let mut text = String::new();
    for index in 0..3_000 {
        let next = (index + 1) % 3_000;
        let _ = writeln!(text, "struct s{index} {{ s{next} inner; }};");
        let _ = writeln!(text, "typedef t{next} t{index};");
        let _ = writeln!(text, "const C{index} = C{next};");
    }
    let outcome = on_small_stack(text);
    let codes: Vec<Code> = outcome.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes.len(), 3, "one error for each cycle: {codes:?}");
    assert!(codes.contains(&Code::InfiniteType) && codes.contains(&Code::CyclicConstant));
}

#[test]
fn much_of_anything_comes_to_an_end() {
    for piece in [
        "/*",
        "*/",
        "\"",
        "#if 1\n",
        "#define A A\nA ",
        "%",
        ";",
        "}",
        "a",
        "1 ",
        "struct a { int",
        "int a<",
        "\u{7f}",
        "\n",
        "case ",
        "struct a { int x; };\n",
        "= ",
        "program P { ",
        "[[",
        "//",
    ] {
        let outcome = on_small_stack(piece.repeat((1 << 18) / piece.len()));
        let errors = outcome
            .diagnostics
            .iter()
            .filter(|one| one.is_error())
            .count();
        assert!(errors <= ERRORS_MAX, "{piece:?}: {errors} errors");
    }
}

#[test]
fn numbers_at_the_edges_are_what_they_say() {
    let text = "const A = 18446744073709551615;\nconst B = -9223372036854775808;\n\
                const C = -2147483648;\nconst D = 4294967296;\n\
                enum e { LOW = -2147483648, HIGH = 2147483647 };\ntypedef int huge<4294967295>;\n\
                enum f { LAST = 2147483647, BEHIND };\n";
    let outcome = compile_bytes(text.as_bytes().to_vec());
    let codes: Vec<Code> = outcome.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(
        codes,
        [Code::OutOfRange],
        "only the enumerator behind the last one is no int"
    );
}

/// The inputs of the other tests, but for the one that costs all that macros may cost.
fn inputs() -> Vec<Vec<u8>> {
    let files = ["tests/idl", "tests/errors"]
        .into_iter()
        .flat_map(|folder| {
            let mut paths: Vec<_> = fs::read_dir(folder)
                .expect("the folder is there")
                .map(|entry| entry.expect("an entry").path())
                .collect();
            paths.sort();
            paths
        });
    files
        .filter(|path| path.is_file() && !path.ends_with("E0109_expansion_too_large.x"))
        .map(|path| fs::read(path).expect("the input can be read"))
        .collect()
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random, inputs: &[Vec<u8>]) {
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, b"{}[]<>()*;,=%#\"/\\\n\0\xff"[random.below(20)]),
        2 => {
            let end = (at + random.below(20)).min(bytes.len());
            bytes.drain(at..end);
        }
        3 => {
            let end = (at + random.below(60)).min(bytes.len());
            let copy = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        4 => {
            let other = &inputs[random.below(inputs.len())];
            bytes.splice(at..at, other.iter().copied());
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

fn on_small_stack(text: String) -> Outcome {
    let thread = thread::Builder::new().stack_size(STACK);
    let handle = thread.spawn(move || compile_bytes(text.into_bytes()));
    handle
        .expect("a thread")
        .join()
        .expect("the compiler does not panic")
}

/// What can be formatted at all is left alone the second time.
fn format_twice(bytes: &[u8]) {
    let format = |bytes| fmt::format("input.x".to_owned(), bytes, &mut SourceMap::default());
    match format(bytes) {
        Ok(once) => assert_eq!(format(&once).ok().as_ref(), Some(&once)),
        Err(FormatError::Faults(faults)) => assert!(!faults.is_empty()),
        Err(error) => panic!("{error}"),
    }
}

fn compile_bytes(bytes: Vec<u8>) -> Outcome {
    let mut sources = SourceMap::default();
    let file = sources
        .add("input.x".to_owned(), bytes, None)
        .expect("the input is small");
    let outcome = compile(file, &mut sources, &NoFiles, &all_impls());
    for diagnostic in &outcome.diagnostics {
        assert!(!diagnostic.render(&sources, false).is_empty());
    }
    outcome
}

/// All that the settings can add to types.
fn all_impls() -> Config {
    let mut config = Config::default();
    for setting in [Setting::Serde, Setting::Arbitrary, Setting::Borrowed] {
        let all = "*".parse::<Selector>().expect("a selector");
        config.types.add(all, setting);
    }
    config
}

struct NoFiles;

impl Loader for NoFiles {
    fn load(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Numbers that are the same in each run (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("64 bits") % bound
    }
}
