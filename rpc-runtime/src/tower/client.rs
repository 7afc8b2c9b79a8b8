//! A client as a service.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tower_service::Service;
use xdr::Decoder;

use super::{Attempts, Request, Response};
use crate::{CallError, CallResult, Caller, Client, Outcome, Started};

/// It is always ready: a call waits for its connection, and how many may be in flight is for a layer
/// to say.
impl Service<Request> for Client {
    type Response = Response;
    type Error = CallError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<CallResult<()>> {
        Poll::Ready(Ok(()))
    }

    /// The call is encoded and queued when this returns.
    fn call(&mut self, request: Request) -> ResponseFuture {
        let Request {
            procedure,
            arguments,
            credential,
            deadline,
            attempts,
        } = request;
        let mut client = self.clone();
        if let Some(deadline) = deadline {
            client = client.with_deadline(deadline);
        }
        if let Some(credential) = credential {
            client = client.with_encoded_credential(credential);
        }
        attempts.begin();
        let encode = |encoder: &mut xdr::Encoder| {
            encoder.encoded(&arguments);
            Ok(())
        };
        let started = Caller::call(&client, &procedure, encode, everything);
        ResponseFuture { started, attempts }
    }
}

/// All that is there.
fn everything(decoder: &mut Decoder<'_>) -> xdr::Result<Bytes> {
    let len = u32::try_from(decoder.remaining()).unwrap_or(u32::MAX);
    decoder.opaque_of_len(len, u32::MAX)
}

/// The result of a call to come.
#[derive(Debug)]
#[must_use = "a call that is dropped is given up"]
pub struct ResponseFuture {
    started: Started<Bytes>,
    attempts: Attempts,
}

impl Future for ResponseFuture {
    type Output = CallResult<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CallResult<Response>> {
        let result = ready!(Pin::new(&mut self.started).poll(cx));
        if let Err(error) = &result
            && error.outcome() == Outcome::NotExecuted
        {
            self.attempts.not_executed();
        }
        Poll::Ready(result.map(Response::new))
    }
}
