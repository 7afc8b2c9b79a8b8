//! The crate that `rpcgen new` writes.

#![forbid(unsafe_code)]

use std::process::Command;
use tests::{
    fresh_crate::FreshCrate,
    process::{self, Running},
};

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
