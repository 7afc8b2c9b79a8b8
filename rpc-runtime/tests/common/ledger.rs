//! A service that writes down what it executes, outside of everything that can fail.
//!
//! ```text
//! program LEDGER { version LEDGER_V1 {
//!     unsigned hyper enter(unsigned hyper) = 1;
//!     entry keep(entry) = 2; /* struct entry { unsigned hyper token; opaque text<>; }; */ } = 1; } = 0x20000002;
//! ```

use std::{
    collections::HashMap,
    env,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use rpc_runtime::{
    Answer, Call, CallError, Caller, Client, Procedure, Program, Refusal, VersionServer,
};

const PROGRAM: Program = Program::new("Ledger", 0x2000_0002);
pub(crate) const ENTER: Procedure = PROGRAM.procedure(1, 1, "enter");
const KEEP: Procedure = PROGRAM.procedure(1, 2, "keep");

/// How often the call with each token was executed.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ledger(Arc<Mutex<HashMap<u64, u32>>>);

impl Ledger {
    pub(crate) fn service(&self) -> VersionServer {
        VersionServer::new(PROGRAM, 1, self.clone(), dispatch)
    }

    /// How often the call with this token was executed.
    pub(crate) fn executions(&self, token: u64) -> u32 {
        self.0.lock().unwrap().get(&token).copied().unwrap_or(0)
    }

    /// Tokens that were seen, those among them that nobody sent.
    pub(crate) fn tokens(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn note(&self, token: u64) {
        *self.0.lock().unwrap().entry(token).or_default() += 1;
    }
}

fn dispatch(ledger: Arc<Ledger>, call: Call) -> Answer {
    match call.procedure() {
        1 => Answer::future(async move {
            let token: u64 = call.arguments(xdr::Decode::decode)?;
            ledger.note(token);
            call.reply(|encoder| encoder.encode(&token))
        }),
        2 => Answer::future(async move {
            let (token, text): (u64, Bytes) = call.arguments(entry)?;
            ledger.note(token);
            call.reply(|encoder| {
                encoder.encode(&token)?;
                encoder.encode(&text)
            })
        }),
        _ => Answer::refuse(Refusal::ProcUnavail),
    }
}

fn entry(decoder: &mut xdr::Decoder<'_>) -> xdr::Result<(u64, Bytes)> {
    Ok((decoder.decode()?, decoder.decode()?))
}

/// Makes a call with this token by a procedure that is `ENTER`, with or without attributes.
pub(crate) async fn enter(
    client: &Client,
    procedure: &Procedure,
    token: u64,
) -> Result<(), CallError> {
    let result: u64 = client
        .call(
            procedure,
            |encoder| encoder.encode(&token),
            xdr::Decode::decode,
        )
        .await?;
    assert_eq!(result, token, "the reply to another call");
    Ok(())
}

/// Makes a call with this token and so many other bytes, which have to come back.
pub(crate) async fn keep(client: &Client, token: u64, len: usize) -> Result<(), CallError> {
    let text: Bytes = token.to_be_bytes().into_iter().cycle().take(len).collect();
    let arguments = |encoder: &mut xdr::Encoder| {
        encoder.encode(&token)?;
        encoder.encode(&text)
    };
    let result = client.call(&KEEP, arguments, entry).await?;
    assert_eq!(result, (token, text), "the reply to another call");
    Ok(())
}

/// The part of a number of the fault-test matrix that is to be reached: what `FAULT_PERCENT` says, or
/// all in a release build and a hundredth in others.
pub(crate) fn percent_of(full: u64) -> u64 {
    let default = if cfg!(debug_assertions) { 1 } else { 100 };
    let percent = env::var("FAULT_PERCENT").map_or(default, |percent| percent.parse().unwrap());
    full * percent / 100
}
