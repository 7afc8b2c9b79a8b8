//! The server: it has a runtime, and its service is made of plain functions all the same.

use std::error::Error;

use rpc_runtime::{Context, Server, ServiceResult};

use crate::calc::v1;

/// What the procedures do.
struct Calc;

impl v1::BlockingService for Calc {
    fn func1(&self, _: &Context, arg1: i32) -> ServiceResult<i32> {
        Ok(arg1.wrapping_mul(2))
    }

    fn func2(&self, _: &Context, arg1: i32, arg2: i32) -> ServiceResult<i32> {
        Ok(arg1.wrapping_add(arg2))
    }
}

/// Serves until the process is killed, and prints where.
pub(crate) fn serve() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Server::builder()
            .service(v1::Server::blocking(Calc))
            .tcp("127.0.0.1:0")
            .start()
            .await?;
        let address = server.tcp_addr().ok_or("the server has no such socket")?;
        println!("tcp://{address}");
        std::future::pending().await
    })
}
