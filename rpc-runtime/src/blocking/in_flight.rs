//! One call of a blocking client.

use std::{ops::Deref, time::Instant};

use xdr::Encoder;

use super::shared::Shared;
use crate::{
    CallError, CallErrorKind, CallResult, Message, Procedure, ResultDecoder, Xid,
    decoding::Decoding,
    observe::ClientCall,
    settings::{self, CallSettings},
    transaction::{CallKind, Completion, Ended},
};

/// An open transaction; it is given up when this is dropped before its end.
pub(super) struct InFlight<S: Deref<Target = Shared>> {
    pub(super) shared: S,
    pub(super) xid: Xid,
    pub(super) procedure: Procedure,
    pub(super) deadline: Instant,
    pub(super) observed: ClientCall,
    decoding: Decoding,
    has_ended: bool,
}

impl<S: Deref<Target = Shared>> InFlight<S> {
    /// Opens a transaction and encodes its call, at this time.
    pub(super) fn open(
        shared: S,
        settings: &CallSettings,
        procedure: &Procedure,
        now: Instant,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
    ) -> CallResult<(Self, Message)> {
        let deadline = now + settings.deadline(procedure);
        let mut observed = shared.observe(procedure);
        let xid = shared.open(deadline, CallKind::from(procedure));
        let xid = xid.map_err(|kind| {
            let error = CallError::new(kind, *procedure, 0);
            observed.end(Some(&error));
            error
        })?;
        let mut call = Self {
            shared,
            xid,
            procedure: *procedure,
            deadline,
            observed,
            decoding: settings.decoding,
            has_ended: false,
        };
        let peer = (call.shared.peer(), call.shared.message_max());
        let message = settings.message(xid, procedure, peer, encode);
        let message = message.map_err(|kind| {
            let error = call.error(kind, 0);
            call.observed.end(Some(&error));
            error
        })?;
        Ok((call, message))
    }

    /// The result of a call that has ended.
    pub(super) fn result<R>(
        mut self,
        completion: Completion,
        decode: &ResultDecoder<R>,
    ) -> CallResult<R> {
        self.has_ended = true;
        let result = match completion.ended {
            Ended::Reply(message) => settings::result(&message, self.decoding, decode),
            Ended::Sent => settings::result_of_nothing(decode),
            Ended::ConnectionLost(error) => Err(CallErrorKind::ConnectionLost(error)),
            Ended::DeadlineExceeded => Err(CallErrorKind::DeadlineExceeded),
            Ended::Failed(failure) => Err(CallErrorKind::Failed(failure)),
        };
        let result = result.map_err(|kind| self.error(kind, completion.transmissions));
        self.observed.end(result.as_ref().err());
        result
    }

    fn error(&self, kind: CallErrorKind, transmissions: u32) -> CallError {
        CallError::new(kind, self.procedure, transmissions)
            .with_transaction(self.xid, self.shared.peer())
    }
}

impl<S: Deref<Target = Shared>> Drop for InFlight<S> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.shared.give_up(self.xid);
        }
    }
}
