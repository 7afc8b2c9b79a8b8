//! The crate that `rpcgen new` writes, and one that has no library: neither makes rustc warn.

#![forbid(unsafe_code)]

use std::{fs, process::Command};
use tests::{
    fresh_crate::FreshCrate,
    process::{self, Running},
    repository,
};

/// What the README tells those to write who have a binary crate.
const ADVICE: &str = r#"#[allow(dead_code, reason = "not all is used")] mod stubs {"#;

/// An interface of which the program below uses nothing but one procedure.
const MUCH_X: &str = r#"
    const ANSWER = 42;
    const NAME = "much";
    enum colour { RED = 1, GREEN = 2, LIME = 2 };
    struct point { int x; int y; };
    struct entry { string name<>; entry *next; };
    typedef opaque handle<64>;
    typedef point line[2];
    union found switch (colour c) { case RED: entry first; case GREEN: line where; };
    union status switch (int s) { case 0: handle h; default: void; };
    program MUCH {
        version ONE { found FIND(handle) = 1; status LOOK(point, colour) = 2; void RUN(int) = 3; } = 1;
        version TWO { void STOP(void) = 1; } = 2;
    } = 0x20005679;
"#;

#[test]
fn it_is_tested_served_and_called() {
    let krate = FreshCrate::made_by_rpcgen(env!("CARGO_TARGET_TMPDIR"), "my-calc");
    krate.cargo_is_content("test");
    let program = |name| Command::new(krate.program().with_file_name(name));
    let mut server = Running::start(program("server").arg("127.0.0.1:0"));
    let serving = server.line("serving on");
    let address = serving.split(' ').next();
    let said = process::run(program("client").args(address));
    assert_eq!(said, "40 + 2 = 42\nHello, Ada!\n");
}

#[test]
fn a_binary_crate_that_uses_little_has_no_warnings() {
    let readme = repository::root().join("README.md");
    let readme = fs::read_to_string(readme).expect("the README can be read");
    assert!(readme.contains(ADVICE));
    let krate = FreshCrate::new(env!("CARGO_TARGET_TMPDIR"), "binary-crate");
    krate.write("much.x", MUCH_X);
    krate.write(
        "build.rs",
        "fn main() -> Result<(), rpcgen::Error> { rpcgen::Builder::new().compile(&[\"much.x\"]) }",
    );
    krate.write(
        "src/main.rs",
        &format!(
            "{ADVICE} rpc_runtime::include_stubs!(\"much\"); }}\n\
             fn main() {{ println!(\"{{:?}}\", stubs::much::v1::procedures::RUN); }}\n"
        ),
    );
    krate.cargo_is_content("check");
}
