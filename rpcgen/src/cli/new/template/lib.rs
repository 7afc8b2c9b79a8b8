//! What the procedures of `{{name}}.idl` do.

use rpc_runtime::{Context, ServiceResult};

/// What rpcgen makes of the interface, each time that this is built.
pub mod stubs {
    rpc_runtime::include_stubs!("{{name}}");
}

/// Answers the calls.
#[derive(Debug)]
pub struct Handler;

impl stubs::{{module}}::v1::Service for Handler {
    async fn add(&self, _: &Context, a: i32, b: i32) -> ServiceResult<i32> {
        Ok(a.wrapping_add(b))
    }

    async fn greet(&self, _: &Context, name: String) -> ServiceResult<String> {
        Ok(format!("Hello, {name}!"))
    }
}
