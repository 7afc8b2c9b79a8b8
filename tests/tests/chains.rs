//! Long chains: of types that contain each other, which rustc has to compile, and of values, which
//! need no stack.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{fmt::Write as _, thread};

use rpcgen::diagnostic::Code;
use tests::{compiler::compile_text, fresh_crate::FreshCrate, snapshots::lists::Entry};
use xdr::{Decoder, Encoder};

/// A chain of structs, each of which has the next as `LINK` says.
fn chain(count: usize, link: &str) -> String {
    let mut text = String::new();
    for index in 0..count {
        let link = link.replace("NEXT", &format!("s{}", index + 1));
        writeln!(text, "struct s{index} {{ int a; {link}; }};").unwrap();
    }
    writeln!(text, "struct s{count} {{ int a; }};").unwrap();
    text
}

fn compiles(name: &str, stubs: &str) {
    let krate = FreshCrate::new(env!("CARGO_TARGET_TMPDIR"), name);
    krate.write("src/lib.rs", stubs);
    krate.cargo_is_content("check");
}

#[test]
fn thousand_structs_by_value_compile() {
    let outcome = compile_text("chain.x", chain(1000, "NEXT next"));
    assert_eq!(outcome.diagnostics, []);
    let stubs = outcome.rust.unwrap();
    assert_eq!(stubs.matches("pub next: ::xdr::Box<").count(), 15);
    compiles("chain-by-value", &stubs);
}

#[test]
fn longer_chains_compile_with_the_limit_that_the_note_says() {
    let program = "program CHAIN { version V { void PUT(s0) = 1; } = 1; } = 0x20000200;\n";
    for (name, link) in [
        ("chain-optional", "NEXT *next"),
        ("chain-array", "NEXT next<>"),
        ("chain-by-value-sent", "NEXT next"),
    ] {
        let outcome = compile_text("chain.x", chain(200, link) + program);
        let notes = outcome.diagnostics.iter();
        let mut notes = notes.filter(|one| one.code == Code::LongChain);
        let note = &notes.next().unwrap().help[0].message;
        let attribute = note.split('`').nth(1).unwrap();
        println!("{name}: {attribute}");
        compiles(name, &format!("{attribute}\n{}", outcome.rust.unwrap()));
    }
}

#[test]
fn million_elements_need_no_stack() {
    const STACK_SIZE: usize = 256 * 1024;
    let list = || {
        let entries: Vec<Entry> = (0..1_000_000)
            .map(|id| Entry {
                id,
                ..Entry::default()
            })
            .collect();
        let mut encoder = Encoder::new();
        encoder.list(&entries).unwrap();
        let bytes = encoder.finish();
        let decoded: Vec<Entry> = Decoder::new(&bytes).list().unwrap();
        assert_eq!(decoded, entries);
    };
    let thread = thread::Builder::new().stack_size(STACK_SIZE).spawn(list);
    thread.unwrap().join().unwrap();
}
