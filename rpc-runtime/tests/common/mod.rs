//! The stubs that `rpcgen` would write for a small interface, written by hand.
//!
//! ```text
//! program CALC { version CALC_V1 {
//!     int add(int, int) = 1; opaque<> echo(opaque<>) = 2; void wait(int) = 3;
//!     void panic(int) = 4; int whoami(void) = 5; opaque<> large(unsigned) = 6; } = 1; } = 0x20000001;
//! ```
#![allow(dead_code, reason = "no test needs all of it")]

#[cfg(feature = "net")]
pub(crate) mod cuts;
pub(crate) mod ledger;
#[cfg(feature = "net")]
pub(crate) mod wire;

use std::sync::Arc;

use bytes::Bytes;
use rpc_runtime::{
    Answer, AuthStat, Call, CallError, Caller, Client, Context, Credential, Procedure, Program,
    Refusal, ServiceError, VersionServer,
};
use tokio::sync::Semaphore;

pub(crate) const PROGRAM: Program = Program::new("Calc", 0x2000_0001);
pub(crate) const ADD: Procedure = Procedure::new(PROGRAM, 1, 1, "add");
pub(crate) const ECHO: Procedure = Procedure::new(PROGRAM, 1, 2, "echo");
pub(crate) const WAIT: Procedure = Procedure::new(PROGRAM, 1, 3, "wait");
pub(crate) const PANIC: Procedure = Procedure::new(PROGRAM, 1, 4, "panic");
pub(crate) const WHOAMI: Procedure = Procedure::new(PROGRAM, 1, 5, "whoami");
pub(crate) const LARGE: Procedure = Procedure::new(PROGRAM, 1, 6, "large");

/// Where calls of `wait` say that they have begun, and wait until they may end.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) begun: Semaphore,
    pub(crate) open: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            begun: Semaphore::new(0),
            open: Semaphore::new(0),
        }
    }
}

impl Gate {
    /// Lets all calls end, those to come too: over UDP some may come twice.
    pub(crate) fn open(&self) {
        self.open.add_permits(1 << 20);
    }

    /// Waits until so many calls have begun that were not waited for yet.
    pub(crate) async fn wait_for(&self, calls: u32) {
        self.begun.acquire_many(calls).await.unwrap().forget();
    }
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Calc {
    pub(crate) gate: Arc<Gate>,
}

impl Calc {
    #[expect(clippy::unused_async, reason = "users write it like this")]
    async fn add(&self, _: &Context, a: i32, b: i32) -> Result<i32, ServiceError> {
        a.checked_add(b).ok_or(ServiceError::system())
    }

    async fn wait(&self, value: i32) -> Result<i32, ServiceError> {
        self.gate.begun.add_permits(1);
        self.gate.open.acquire().await.unwrap().forget();
        Ok(value)
    }

    async fn panic(&self, how: i32) -> Result<(), ServiceError> {
        if how > 1 {
            tokio::task::yield_now().await;
        }
        panic!("the service panics");
    }

    fn whoami(context: &Context) -> Result<u32, ServiceError> {
        match context.credential() {
            Credential::Sys(claim) => Ok(claim.uid),
            _ => Err(ServiceError::auth(AuthStat::TooWeak)),
        }
    }
}

pub(crate) fn server(calc: Calc) -> VersionServer {
    VersionServer::new(PROGRAM, 1, calc, dispatch)
}

pub(crate) fn dispatch(service: Arc<Calc>, call: Call) -> Answer {
    match call.procedure() {
        1 => Answer::future(async move {
            let (a, b) = call.arguments(|decoder| Ok((decoder.decode()?, decoder.decode()?)))?;
            let result = service.add(call.context(), a, b).await?;
            call.reply(|encoder| encoder.encode(&result))
        }),
        2 => Answer::future(async move {
            let bytes: Bytes = call.arguments(xdr::Decode::decode)?;
            call.reply(|encoder| encoder.encode(&bytes))
        }),
        3 => Answer::future(async move {
            let value: i32 = call.arguments(xdr::Decode::decode)?;
            let result = service.wait(value).await?;
            call.reply(|encoder| encoder.encode(&result))
        }),
        4 => {
            let how: i32 = call.arguments(xdr::Decode::decode).unwrap();
            assert!(how > 0, "the dispatch function panics");
            Answer::future(async move {
                service.panic(how).await?;
                call.reply(xdr::Encoder::void)
            })
        }
        5 => Answer::blocking(move || {
            let () = call.arguments(xdr::Decode::decode)?;
            let uid = Calc::whoami(call.context())?;
            call.reply(|encoder| encoder.encode(&uid))
        }),
        6 => Answer::blocking(move || {
            let len: u32 = call.arguments(xdr::Decode::decode)?;
            assert!(len < 1 << 30, "the blocking service panics");
            let bytes = Bytes::from(vec![7; len as usize]);
            call.reply(|encoder| encoder.encode(&bytes))
        }),
        _ => Answer::refuse(Refusal::ProcUnavail),
    }
}

/// The client stub.
#[derive(Debug, Clone)]
pub(crate) struct CalcClient(pub Client);

impl CalcClient {
    pub(crate) async fn add(&self, a: i32, b: i32) -> Result<i32, CallError> {
        let arguments = |encoder: &mut xdr::Encoder| {
            encoder.field("add", "a", &a)?;
            encoder.field("add", "b", &b)
        };
        self.0.call(&ADD, arguments, xdr::Decode::decode).await
    }

    pub(crate) async fn echo(&self, bytes: impl Into<Bytes>) -> Result<Bytes, CallError> {
        let bytes = bytes.into();
        let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&bytes);
        self.0.call(&ECHO, arguments, xdr::Decode::decode).await
    }

    pub(crate) async fn wait(&self, value: i32) -> Result<i32, CallError> {
        let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&value);
        self.0.call(&WAIT, arguments, xdr::Decode::decode).await
    }

    pub(crate) async fn panic(&self, how: i32) -> Result<(), CallError> {
        let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&how);
        self.0.call(&PANIC, arguments, xdr::Decode::decode).await
    }

    pub(crate) async fn whoami(&self) -> Result<u32, CallError> {
        self.0
            .call(&WHOAMI, xdr::Encoder::void, xdr::Decode::decode)
            .await
    }

    pub(crate) async fn large(&self, len: u32) -> Result<Bytes, CallError> {
        let arguments = |encoder: &mut xdr::Encoder| encoder.encode(&len);
        self.0.call(&LARGE, arguments, xdr::Decode::decode).await
    }
}
