//! `--error-format`: faults for programs.

use crate::folder::{Folder, stderr};
use serde_json::{Value, json};

/// A file with an error that has a fix, one that has help, and one that has two places.
const BAD: &str = "struct point { int x; };\n\
                   struct line { pont \"from\"; };\n\
                   /* é */ struct a { poin b; LIMIT c; int d; int d; };\n";

fn objects(folder: &Folder, words: &[&str]) -> Vec<Value> {
    let output = folder.run(words);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    let objects = said.lines().map(serde_json::from_str);
    objects.collect::<Result<_, _>>().expect("an object a line")
}

#[test]
fn faults_are_objects_in_a_line_each() {
    let folder = Folder::new("format-json");
    folder.write("a.x", BAD);
    let objects = objects(&folder, &["check", "--error-format", "json", "a.x"]);
    let place = |line: u32, column: u32, start: u32, len: u32| {
        json!({
            "file": "a.x", "line": line, "column": column, "start": start,
            "end_line": line, "end_column": column + len, "end": start + len,
        })
    };
    let span = |place: &Value, primary: bool, label: &str| {
        let mut span = place.clone();
        span["primary"] = primary.into();
        span["label"] = label.into();
        span
    };
    assert_eq!(
        objects[0],
        json!({
            "code": "E0201",
            "severity": "error",
            "message": "unexpected `\"`",
            "spans": [span(&place(2, 20, 44, 1), true, "expected `*` or a name")],
            "help": [],
            "fixes": [],
        })
    );
    assert_eq!(
        objects[1],
        json!({
            "code": "E0302",
            "severity": "error",
            "message": "the type `poin` is not defined",
            "spans": [span(&place(3, 20, 75, 4), true, "")],
            "help": [],
            "fixes": [{
                "message": "did you mean `point`?",
                "span": place(3, 20, 75, 4),
                "replacement": "point",
            }],
        })
    );
    assert!(objects[2]["help"][0].is_string(), "{}", objects[2]);
    let spans = objects[3]["spans"].as_array().expect("places");
    let primary: Vec<_> = spans.iter().map(|span| &span["primary"]).collect();
    assert_eq!(primary, [true, false], "{}", objects[3]);
    assert_eq!(objects.len(), 4);
}

#[test]
fn compiling_has_the_same_formats() {
    let folder = Folder::new("format-compile");
    folder.write("a.idl", "interface Calc { int f(char x[4]); };\n");
    let words = ["--error-format=json", "a.idl", "-o", "-"];
    let output = folder.run(&words);
    let said = stderr(&output);
    let severities: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an object a line"))
        .map(|object| object["severity"].clone())
        .collect();
    assert_eq!(severities, ["note", "warning"], "{said}");
    assert!(output.stdout.starts_with(b"// @generated"));
}

#[test]
fn faults_are_workflow_commands_with_their_text_escaped() {
    let folder = Folder::new("format-github");
    folder.write(
        "a,b.x",
        "struct point { int x; };\nstruct a { pont b; };\n#error 100%\n",
    );
    folder.write("b.x", "struct a { char b[4]; };\n");
    let output = folder.run(&["check", "--error-format", "github", "a,b.x", "b.x"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "\
        ::error file=a%2Cb.x,line=2,col=12,endLine=2,endColumn=16,title=E0302::\
        the type `pont` is not defined%0Adid you mean `point`?\n\
        ::error file=a%2Cb.x,line=3,col=1,endLine=3,endColumn=12,title=E0111::`#error`: 100%25\n\
        ::warning file=b.x,line=1,col=12,endLine=1,endColumn=16,title=W0317::\
        each `char` takes four bytes on the wire%0Abytes are `opaque`, a text is a `string`\n";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn there_are_three_formats() {
    let folder = Folder::new("format-unknown");
    let output = folder.run(&["check", "--error-format", "yaml", "a.x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("[possible values: text, json, github]"));
}
