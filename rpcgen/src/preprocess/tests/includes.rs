//! Files that include files.

use super::{Options, run_files, run_with};

#[test]
fn conditionals_stay_in_their_file() {
    let run = run_files(
        "#if 1\n#include \"a.x\"\n#endif\n",
        &[("dir/a.x", "#endif\n#if 1\n")],
    );
    assert_eq!(
        run.faults(),
        [
            "E0106 a.x:1:1 <#endif>: `#endif` without `#if` in its file",
            "E0106 a.x:2:1 <#if>: a conditional without `#endif` in its file",
        ]
    );
}

#[test]
fn included_text_has_its_own_places() {
    let files = [
        ("dir/a.x", "// c\nint inner[N]"),
        ("lib/b.x", "#define N 2\nb"),
    ];
    let options = Options {
        include_paths: vec!["none".into(), "lib".into()],
        defines: vec![],
    };
    let root = "before;\n#include <b.x> // d\n #include \"a.x\"\n#include \"a.x\"\nafter N;\n";
    let run = run_with(root.as_bytes(), &files, &options);
    assert_eq!(run.words(), "before; b int inner[2] int inner[2] after 2;");
    assert_eq!(run.origin("inner"), "a.x:2:5 <inner>");
    assert_eq!(run.origin("b\n"), "b.x:2:1 <b>");
    assert_eq!(run.origin("after"), "root.x:5:1 <after>");
    assert_eq!(run.origin("before;"), "root.x:1:1 <before;>");
    let names: Vec<_> = run.sources.files().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["dir/root.x", "lib/b.x", "dir/a.x", "dir/a.x"]);
    let from: Vec<_> = run
        .sources
        .files()
        .map(|f| f.included_from.map(|s| s.start))
        .collect();
    assert_eq!(from, [None, Some(17), Some(38), Some(53)]);
    let [first, second] = &run.result.comments[..] else {
        panic!("two comments")
    };
    assert_eq!(run.place(first.span), "a.x:1:1 <// c>");
    assert_ne!(first.span.file, second.span.file);
}

#[test]
fn files_that_cannot_be_included() {
    let options = Options {
        include_paths: vec!["lib".into()],
        defines: vec![],
    };
    let root = b"#include \"rpc/rpc.h\"\n#include <sub/locked.x>\n";
    let run = run_with(root, &[], &options);
    assert_eq!(
        run.faults(),
        [
            "E0104 root.x:1:10 <\"rpc/rpc.h\">: the file `rpc/rpc.h` is not found",
            "E0104 root.x:2:10 <<sub/locked.x>>: the file `dir/sub/locked.x` cannot be read: \
             permission denied",
        ]
    );
    let help = run.diagnostics[0].help.iter();
    let help: Vec<&str> = help.map(|help| help.message.as_str()).collect();
    assert_eq!(
        help,
        [
            "looked for dir/rpc/rpc.h, lib/rpc/rpc.h",
            "name the folder that has it with `-I`",
            "a C header is for the C compiler: write `%#include`",
        ]
    );
}

#[test]
fn circular_includes_end() {
    let files = [
        ("dir/a.x", "#include \"b.x\"\n"),
        ("dir/b.x", "#include \"a.x\"\n"),
    ];
    let run = run_files("#include \"a.x\"\n", &files);
    let expected = "E0105 b.x:1:10 <\"a.x\">: files are included more than 32 deep";
    assert_eq!(run.faults(), [expected]);
    let around: Vec<_> = run.diagnostics[0]
        .secondary
        .iter()
        .map(|label| run.place(label.span))
        .collect();
    assert_eq!(around, ["a.x:1:10 <\"b.x\">", "b.x:1:10 <\"a.x\">"]);
}

#[test]
fn guarded_file_may_include_itself() {
    let text = "#ifndef A\n#define A 1\n#include \"a.x\"\na\n#endif\n";
    assert_eq!(
        run_files("#include \"a.x\"\n", &[("dir/a.x", text)]).words(),
        "a"
    );
}

#[test]
fn many_includes_end() {
    let names: Vec<_> = (0..31).map(|level| format!("dir/f{level}.x")).collect();
    let texts: Vec<_> = (1..32)
        .map(|level| format!("#include \"f{level}.x\"\n").repeat(2))
        .collect();
    let mut files: Vec<_> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    files.push(("dir/f31.x", "int a;"));
    let run = run_files("#include \"f0.x\"\n", &files);
    assert!(run.faults()[0].ends_with("more than 1000 files are included"));
    assert!(run.sources.files().count() <= 1001);
}
