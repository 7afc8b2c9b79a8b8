//! `rpcgen export FILE`.

use crate::folder::{Folder, stderr};

const CALC: &str = "\
interface Calc {
  struct zero { int by; };
  int divide(int a, int b, [out] int *rest) raises (zero);
  [maybe] void log([string] char *line);
};
";

const EXPORTED: &str = "\
/* Made by `rpcgen export` from calc.idl: what C programs need to talk to it. */

struct zero {
    int by;
};

struct calc_divide_1_argument {
    int a;
    int b;
};

struct calc_divide_1_result {
    int result;
    int rest;
};

union calc_divide_1_reply switch (int raised) {
    case 0:
        calc_divide_1_result result;
    case 1:
        zero zero_exception;
};

typedef string calc_log_1_argument<>;

program CALC_PROG {
    version CALC_V1 {
        calc_divide_1_reply CALC_DIVIDE(calc_divide_1_argument) = 1;
        /* There is no reply: call it with a time-out of 0. */
        void CALC_LOG(calc_log_1_argument) = 2;
    } = 1;
} = 0x3d1ddef4;
";

#[test]
fn an_interface_becomes_a_program() {
    let folder = Folder::new("export");
    folder.write("calc.idl", CALC);
    let output = folder.run(&["export", "calc.idl"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), EXPORTED);
}

#[test]
fn what_is_exported_compiles() {
    let inputs = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/idl");
    let folder = Folder::new("export-inputs");
    for entry in std::fs::read_dir(inputs).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let path = path.to_string_lossy().into_owned();
        let output = folder.run(&["export", &path]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        folder.write("exported.x", &String::from_utf8_lossy(&output.stdout));
        let output = folder.run(&["check", "exported.x"]);
        assert_eq!(output.status.code(), Some(0), "{path}: {}", stderr(&output));
    }
}

#[test]
fn faults_are_shown_and_nothing_is_printed() {
    let folder = Folder::new("export-faults");
    folder.write("bad.idl", "interface Bad { void f(void *p); };\n");
    let output = folder.run(&["export", "bad.idl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("E0406"));
    assert!(output.stdout.is_empty());
}
