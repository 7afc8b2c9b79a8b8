//! What the preprocessor does with whole files.

mod hostile;
mod includes;

use super::{Options, Preprocessed, preprocess};
use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    source::{Loader, SourceMap, Span},
};
use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

/// Files in memory, by path.
#[derive(Default)]
struct Files(HashMap<PathBuf, Vec<u8>>);

impl Loader for Files {
    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path.ends_with("locked.x") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

struct Run {
    sources: SourceMap,
    result: Preprocessed,
    diagnostics: Vec<Diagnostic>,
}

fn run_with(root: &[u8], files: &[(&str, &str)], options: &Options) -> Run {
    let files = files
        .iter()
        .map(|&(name, text)| (name.into(), text.into()))
        .collect();
    let mut sources = SourceMap::default();
    let root = sources
        .add("dir/root.x".to_owned(), root.to_vec(), None)
        .unwrap();
    let mut diagnostics = Diagnostics::default();
    let result = preprocess(root, &mut sources, &Files(files), options, &mut diagnostics);
    let diagnostics = diagnostics.into_sorted();
    Run {
        sources,
        result,
        diagnostics,
    }
}

fn run(root: &str) -> Run {
    run_with(root.as_bytes(), &[], &Options::default())
}

fn run_files(root: &str, files: &[(&str, &str)]) -> Run {
    run_with(root.as_bytes(), files, &Options::default())
}

impl Run {
    /// The text of a faultless run.
    fn text(&self) -> &str {
        assert_eq!(self.diagnostics, []);
        &self.result.text
    }

    /// The words of a faultless run.
    fn words(&self) -> String {
        self.text().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The faults: code, file and text at the place, message.
    fn faults(&self) -> Vec<String> {
        self.diagnostics
            .iter()
            .map(|fault| self.fault(fault))
            .collect()
    }

    fn fault(&self, fault: &Diagnostic) -> String {
        format!(
            "{} {}: {}",
            fault.code,
            self.place(fault.primary.span),
            fault.message
        )
    }

    /// `root.x:2:5 <text>`, for a place.
    fn place(&self, span: Span) -> String {
        let file = self.sources.file(span.file);
        let (line, column) = file.line_column(span.start);
        let name = file.name.rsplit('/').next().unwrap();
        format!("{name}:{line}:{column} <{}>", self.sources.text(span))
    }

    /// Where a word of the result was written.
    fn origin(&self, word: &str) -> String {
        let start = self.result.text.find(word).unwrap();
        self.place(self.result.origins.span(start..start + word.len()))
    }
}

#[test]
fn c_lines_are_taken_out() {
    let text = "%#if 0\nint a;\n \t%#endif /*\nint b;\n%x \\\ny\nint c; % d\n";
    let expected = "      \nint a;\n            \nint b;\n    \n \nint c; % d\n";
    assert_eq!(run(text).text(), expected);
    assert_eq!(run("/*\n%a\n*/ b").text(), "  \n  \n   b");
    assert_eq!(
        run("#if 0\n%#endif\n%a \\\n#endif\nb\n#endif\nc").words(),
        "c"
    );
}

#[test]
fn comments_are_blanked_and_remembered() {
    let run = run("int a; // one\r\n/* two\n ü */ const S = \"/* // */\"; /**/");
    let expected = "int a;        \n      \n       const S = \"/* // */\";     ";
    assert_eq!(run.text(), expected);
    let comments: Vec<_> = run
        .result
        .comments
        .iter()
        .map(|comment| {
            assert_eq!(run.result.origins.span(comment.range.clone()), comment.span);
            run.sources.text(comment.span)
        })
        .collect();
    assert_eq!(comments, ["// one", "/* two\n ü */", "/**/"]);
}

#[test]
fn comments_that_do_not_count_are_not_remembered() {
    let run = run("#if 0 /* a */\n/* b */\n#endif // c\n#define X /* d */ 1\n// e\n");
    assert_eq!(run.text().trim(), "");
    assert_eq!(run.result.comments.len(), 1);
    let hidden = self::run("#if 0\n/*\n#endif\n*/ a\n\"/*\"\n#else\nb\n#endif");
    assert_eq!(hidden.words(), "b");
}

#[test]
fn unclosed_comment() {
    let run = run("int a;\n  /* b\nint c;");
    assert_eq!(run.result.text, "int a;\n      \n      ");
    assert_eq!(
        run.faults(),
        ["E0101 root.x:2:3 </*>: the comment is not closed"]
    );
    let inactive = self::run("#if 0\n/* b\n#endif\n");
    assert_eq!(inactive.diagnostics.len(), 1);
    let directive = self::run("#define A 1 /* b\n");
    assert_eq!(
        directive.faults(),
        ["E0101 root.x:1:13 </*>: the comment is not closed"]
    );
}

#[test]
fn white_space_is_blank_or_newline() {
    assert_eq!(
        run("\u{feff}a\tb\r\n\x0cc\x0b\\\nd \"\t\"").text(),
        "   a b \n c  \nd \"\t\""
    );
}

#[test]
fn conditions_choose() {
    let text = "#ifdef RPC_HDR\na\n#else\nb\n#endif\n  # ifndef RPCGEN_RS\nc\n#elif 1 \\\n + 1 == 2\nd\n\
                #elif 1/0\ne\n#else x\nf\n#endif RPC\n#if RPC_HDR || RPC_XDR\ng\n#endif\n\
                #if 0\n#if 1/0\nh\n#elif (\n#else\ni\n#endif\n#bad\n#include \"none.x\"\n#error\n#endif\n\
                #if defined(RPC_SVC) || !defined RPC_HDR\nj\n#endif\n";
    assert_eq!(run(text).words(), "a d g");
}

#[test]
fn unbalanced_conditionals() {
    let text = "#endif\n#else\n#elif 1\n#if 1\n#else\n#elif 1/0\n#else\n#endif\n#ifdef A\n#if 1\n";
    assert_eq!(
        run(text).faults(),
        [
            "E0106 root.x:1:1 <#endif>: `#endif` without `#if` in its file",
            "E0106 root.x:2:1 <#else>: `#else` without `#if` in its file",
            "E0106 root.x:3:1 <#elif>: `#elif` without `#if` in its file",
            "E0106 root.x:6:1 <#elif>: `#elif` behind an `#else`",
            "E0106 root.x:7:1 <#else>: `#else` behind an `#else`",
            "E0106 root.x:9:1 <#ifdef>: a conditional without `#endif` in its file",
            "E0106 root.x:10:1 <#if>: a conditional without `#endif` in its file",
        ]
    );
}

#[test]
fn bad_conditions() {
    let text = "#define ZERO 0\n#if 1 / ZERO\n#else\na\n#endif\n#if\n#endif\n#if (1\n#endif\n";
    assert_eq!(
        run(text).faults(),
        [
            "E0107 root.x:2:5 <1 / ZERO>: bad condition of `#if`: division by zero",
            "E0107 root.x:6:1 <#if>: bad condition of `#if`: expected a number or a name, \
             found its end",
            "E0107 root.x:8:5 <(1>: bad condition of `#if`: expected `)`, found its end",
        ]
    );
}

#[test]
fn macros_expand_where_they_are_used() {
    let run = run(
        "#define N 16 // n\n#define M (N + 1)\nint x[N], NN<M>; \"N\" /* N */\n\
                   #undef N\nN 0N\n",
    );
    assert_eq!(run.words(), "int x[16], NN<(16 + 1)>; \"N\" N 0N");
    assert_eq!(run.origin("16"), "root.x:3:7 <N>");
    assert_eq!(run.origin("+"), "root.x:3:14 <M>");
    assert_eq!(run.origin("NN"), "root.x:3:11 <NN>");
    assert_eq!(run.origin(";"), "root.x:3:16 <;>");
    assert_eq!(run.origin("x[16], NN<(16"), "root.x:3:5 <x[N], NN<M>");
    assert_eq!(run.origin("\"N\""), "root.x:3:18 <\"N\">");
}

#[test]
fn places_of_the_ends() {
    let run = run("int a;\n");
    let origins = &run.result.origins;
    assert_eq!(run.place(origins.span(7..7)), "root.x:2:1 <>");
    assert_eq!(run.place(origins.span(0..0)), "root.x:1:1 <>");
    assert_eq!(run.place(origins.span(999..1000)), "root.x:2:1 <>");
    let empty = self::run("");
    assert_eq!(
        empty.place(empty.result.origins.span(0..0)),
        "root.x:1:1 <>"
    );
}

#[test]
fn macros_of_the_command_line() {
    let defines = [("N", "8"), ("RPC_HDR", "0"), ("C", "1 /* {{ */ + 2\n")];
    let defines = defines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let options = Options {
        defines,
        ..Options::default()
    };
    let run = run_with(
        b"N C\n#if RPC_HDR\na\n#endif\n#ifdef N\nb\n#endif",
        &[],
        &options,
    );
    assert_eq!(run.words(), "8 1 + 2 b");
}

#[test]
fn macros_with_parameters() {
    let run = run("#if 0\n#define A(x) x\n#endif\n#define B(x) x\n#define C (x)\nC\n");
    assert_eq!(
        run.faults(),
        ["E0110 root.x:4:9 <B(x) x>: the macro `B` has parameters"]
    );
    assert!(run.result.text.contains("(x)"));
}

#[test]
fn directives_without_effect() {
    let text = "# 12 \"calc.x\"\n#line 3 \"calc.x\"\n#\n#pragma once\n#warning a\n#ident \"b\"\n{";
    assert_eq!(run(text).origin("{"), "root.x:7:1 <{>");
}

#[test]
fn bad_directives() {
    let text = "#define\n#undef 3\n#ifdef\n#endif\n#include f\n#includ \"f\"\n#define defined 1\n\
                #! x\n#error not /* */ now\n#error\n";
    assert_eq!(
        run(text).faults(),
        [
            "E0108 root.x:1:1 <#define>: `#define` needs the name of a macro",
            "E0108 root.x:2:1 <#undef 3>: `#undef` needs the name of a macro",
            "E0108 root.x:3:1 <#ifdef>: `#ifdef` needs the name of a macro",
            "E0108 root.x:5:1 <#include f>: `#include` needs a file: `\"file\"` or `<file>`",
            "E0108 root.x:6:1 <#includ>: `#includ` is no directive",
            "E0108 root.x:7:9 <defined 1>: `defined` cannot be a macro",
            "E0108 root.x:8:1 <#!>: `#!` is no directive",
            "E0111 root.x:9:1 <#error not /* */ now>: `#error`: not   now",
            "E0111 root.x:10:1 <#error>: `#error`",
        ]
    );
}

#[test]
fn invalid_utf8_counts_in_text_alone() {
    let root = b"// \xe4\n%\xe4\n#if 0\n\xe4\n#endif\n#pragma /* \xe4 */\n#define S \"\xe4\"\n\
                 const X = \"a\xff\xfe\xe4\";\nint \xe4\xf6;\n";
    let run = run_with(root, &[], &Options::default());
    assert_eq!(
        run.faults(),
        [
            "E0102 root.x:7:12 <?>: this is not UTF-8",
            "E0102 root.x:8:13 <???>: this is not UTF-8",
            "E0102 root.x:9:5 <??>: this is not UTF-8",
        ]
    );
}
