use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::time::Instant;
use xdr::Encoder;

use super::handle::Handle;
use crate::{
    CallError, CallErrorKind, CallResult, Procedure, ResultDecoder, Xid,
    datagram::CallOptions,
    decoding::Decoding,
    observe::ClientCall,
    settings::{self, CallSettings},
    transaction::{CallKind, Completion, Ended},
};

/// A call on its way: a future of its result.
///
/// The call was encoded and queued when the stub returned this, so that several calls are under
/// way together while one is awaited. Dropping it gives the call up: one that was not sent is not
/// sent, and over reliable datagrams the server hears that nobody waits any more.
///
/// A call of a `maybe` procedure is sent once and ends when the transport has passed it on.
///
/// # Panics
///
/// Where it is polled after it gave its result, as most futures.
#[must_use = "a call that is dropped is given up"]
pub struct Started<R>(State<R>);

enum State<R> {
    Waits(InFlight, ResultDecoder<R>, ClientCall),
    NotSent(CallError),
    Ended,
}

impl<R> Started<R> {
    /// Opens a transaction, encodes the call and queues it.
    pub(super) fn new(
        handle: &Arc<Handle>,
        settings: &CallSettings,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: ResultDecoder<R>,
    ) -> Self {
        let mut observed = handle.observe(procedure);
        let started = InFlight::start(handle, settings, procedure, encode, &observed);
        Self(match started {
            Ok(call) => State::Waits(call, decode, observed),
            Err(error) => {
                observed.end(Some(&error));
                State::NotSent(error)
            }
        })
    }
}

impl<R> Future for Started<R> {
    type Output = CallResult<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CallResult<R>> {
        let completion = match &mut self.0 {
            State::Waits(call, ..) => Some(ready!(call.poll(cx))),
            State::NotSent(_) | State::Ended => None,
        };
        let state = mem::replace(&mut self.0, State::Ended);
        Poll::Ready(match (state, completion) {
            (State::Waits(call, decode, mut observed), Some(completion)) => {
                let result = call.result(completion, &decode);
                observed.end(result.as_ref().err());
                result
            }
            (State::NotSent(error), _) => Err(error),
            _ => panic!("a call was polled after it had ended"),
        })
    }
}

impl<R> fmt::Debug for Started<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Started");
        if let State::Waits(call, ..) = &self.0 {
            debug.field("procedure", &call.procedure.to_string());
            debug.field("xid", &call.xid);
        }
        debug.finish_non_exhaustive()
    }
}

/// An open transaction; it is given up when this is dropped before its end.
struct InFlight {
    handle: Arc<Handle>,
    xid: Xid,
    procedure: Procedure,
    decoding: Decoding,
    has_ended: bool,
}

impl InFlight {
    fn start(
        handle: &Arc<Handle>,
        settings: &CallSettings,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        observed: &ClientCall,
    ) -> CallResult<Self> {
        let deadline = (Instant::now() + settings.deadline(procedure)).into_std();
        let xid = handle.open(deadline, CallKind::from(procedure));
        let xid = xid.map_err(|kind| CallError::new(kind, *procedure, 0))?;
        let call = Self {
            handle: Arc::clone(handle),
            xid,
            procedure: *procedure,
            decoding: settings.decoding,
            has_ended: false,
        };
        let peer = (handle.peer(), handle.message_max());
        let message = settings.message(xid, procedure, peer, encode);
        let message = message.map_err(|kind| call.error(kind, 0))?;
        let options = CallOptions::default()
            .idempotent(procedure.is_idempotent())
            .deadline(Some(deadline));
        handle.submit(xid, message, options, observed);
        Ok(call)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Completion> {
        let completion = ready!(self.handle.poll(self.xid, cx.waker()));
        self.has_ended = true;
        Poll::Ready(completion)
    }

    fn result<R>(&self, completion: Completion, decode: &ResultDecoder<R>) -> CallResult<R> {
        let result = match completion.ended {
            Ended::Reply(message) => settings::result(&message, self.decoding, decode),
            Ended::Sent => settings::result_of_nothing(decode),
            Ended::ConnectionLost(error) => Err(CallErrorKind::ConnectionLost(error)),
            Ended::DeadlineExceeded => Err(CallErrorKind::DeadlineExceeded),
            Ended::Failed(failure) => Err(CallErrorKind::Failed(failure)),
        };
        result.map_err(|kind| self.error(kind, completion.transmissions))
    }

    fn error(&self, kind: CallErrorKind, transmissions: u32) -> CallError {
        CallError::new(kind, self.procedure, transmissions)
            .with_transaction(self.xid, self.handle.peer())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.has_ended {
            self.handle.give_up(self.xid);
        }
    }
}
