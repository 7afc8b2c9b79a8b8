//! The interface file that this project began with.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use tests::{compiler::compile_text, fresh_crate::FreshCrate};

const SEED: &str = "interface {\n int func1(int arg1);\n int func2(int arg1, int arg2);\n};\n";

/// The service and the calls that a reader of the textbook would write.
const LIB_RS: &str = r#"
    //! Uses the stubs as a user does.

    include!("seed.rs");

    use rpc_runtime::{CallError, Context, ServiceError};

    /// What the procedures do.
    pub struct Service;

    impl seed::v1::Service for Service {
        async fn func1(&self, _: &Context, arg1: i32) -> Result<i32, ServiceError> {
            Ok(arg1)
        }

        async fn func2(&self, _: &Context, arg1: i32, arg2: i32) -> Result<i32, ServiceError> {
            Ok(arg1 + arg2)
        }
    }

    /// Calls both.
    pub async fn call(client: rpc_runtime::Client) -> Result<i32, CallError> {
        let seed = seed::v1::Client::new(client);
        seed.func2(seed.func1(1).await?, 2).await
    }
"#;

fn stubs(text: &str) -> String {
    compile_text("seed.idl", text).rust.unwrap()
}

/// The stubs repeat the text of the interface, a procedure at a time, and not its brackets.
#[test]
fn both_spellings_of_the_block_give_the_same_stubs() {
    let angled = SEED.replace('{', "<").replace('}', ">");
    assert!(angled.starts_with("interface <") && angled.ends_with(">;\n"));
    assert_eq!(stubs(SEED), stubs(&angled));
}

#[test]
fn its_stubs_compile_in_a_fresh_crate() {
    let krate = FreshCrate::new(env!("CARGO_TARGET_TMPDIR"), "seed");
    krate.write("src/seed.rs", &stubs(SEED));
    krate.write("src/lib.rs", LIB_RS);
    krate.cargo_is_content("check");
}
