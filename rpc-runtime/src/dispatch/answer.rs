use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context as TaskContext, Poll},
    time::Instant,
};

use super::{Cancellation, Refusal, Reply, refusal::encoded};
use crate::{Message, Peer, Xid, datagram::CallToken, observe::ServerCall};

/// How a call will be answered: what a generated dispatch function returns.
pub struct Answer(pub(super) AnswerKind);

pub(super) enum AnswerKind {
    Future(ReplyFuture),
    Blocking(ReplyFunction),
    Refusal(Refusal),
}

/// A reply to come.
pub(crate) type ReplyFuture = Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send>>;
/// A function that makes a reply, and may block.
pub(crate) type ReplyFunction = Box<dyn FnOnce() -> Result<Reply, Refusal> + Send>;

impl Answer {
    /// By a future, which is polled where the call was read, and spawned if it has to wait.
    pub fn future(reply: impl Future<Output = Result<Reply, Refusal>> + Send + 'static) -> Self {
        Self(AnswerKind::Future(Box::pin(reply)))
    }

    /// By a function that may block, which runs on a thread for such functions.
    pub fn blocking(reply: impl FnOnce() -> Result<Reply, Refusal> + Send + 'static) -> Self {
        Self(AnswerKind::Blocking(Box::new(reply)))
    }

    /// By a refusal.
    #[must_use]
    pub fn refuse(refusal: Refusal) -> Self {
        Self(AnswerKind::Refusal(refusal))
    }
}

#[cfg(all(feature = "net", feature = "tower"))]
impl Answer {
    /// The future of the reply, made by this function where it takes a function that may block.
    pub(crate) fn into_reply(self, blocking: fn(ReplyFunction) -> ReplyFuture) -> ReplyFuture {
        match self.0 {
            AnswerKind::Future(reply) => reply,
            AnswerKind::Blocking(reply) => blocking(reply),
            AnswerKind::Refusal(refusal) => Box::pin(std::future::ready(Err(refusal))),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            AnswerKind::Future(_) => f.write_str("Answer::future(..)"),
            AnswerKind::Blocking(_) => f.write_str("Answer::blocking(..)"),
            AnswerKind::Refusal(refusal) => write!(f, "Answer::refuse({refusal:?})"),
        }
    }
}

/// The call that a reply belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReplyTo {
    pub(super) xid: Xid,
    pub(super) peer: Peer,
}

impl ReplyTo {
    /// The reply that refuses the call.
    pub(super) fn refused(self, refusal: Refusal) -> Message {
        encoded(self.peer, &refusal.header(self.xid))
    }
}

/// A call that a service is working on; the future of its encoded reply, if there is one to send.
///
/// A panic of the service ends here, as `SYSTEM_ERR`.
pub struct Execution {
    reply_to: Option<ReplyTo>,
    /// Until it has ended.
    reply: Option<ReplyFuture>,
    observed: ServerCall,
}

impl Execution {
    pub(super) fn new(reply_to: Option<ReplyTo>, reply: ReplyFuture, observed: ServerCall) -> Self {
        Self {
            reply_to,
            reply: Some(reply),
            observed,
        }
    }

    /// The name of the call, where it came by the reliable datagram protocol.
    #[must_use]
    pub fn call_token(&self) -> Option<CallToken> {
        self.reply_to?.peer.call_token()
    }
}

impl Future for Execution {
    type Output = Option<Message>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Message>> {
        let Self {
            reply_to,
            reply: running,
            observed,
        } = &mut *self;
        let Some(reply) = running else {
            return Poll::Ready(None);
        };
        let outcome = match observed.in_scope(|| contained(|| reply.as_mut().poll(cx))) {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(outcome)) => outcome,
            None => Err(Refusal::SystemErr),
        };
        // What the service holds is dropped here and not with the execution: that may panic, too.
        let reply = running.take();
        let dropped = observed.in_scope(|| contained(|| drop(reply)));
        let outcome = dropped.map_or(Err(Refusal::SystemErr), |()| outcome);
        Poll::Ready(finished(*reply_to, outcome, observed))
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        let reply = self.reply.take();
        // One that is given up has no reply in any case.
        let _ = self.observed.in_scope(|| contained(|| drop(reply)));
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("reply_to", &self.reply_to)
            .finish_non_exhaustive()
    }
}

/// A call that a blocking service has to work on.
///
/// A panic of the service ends here, as `SYSTEM_ERR`.
pub struct BlockingExecution {
    reply_to: Option<ReplyTo>,
    deadline: Option<Instant>,
    reply: ReplyFunction,
    observed: ServerCall,
}

impl BlockingExecution {
    pub(super) fn new(
        reply_to: Option<ReplyTo>,
        deadline: Option<Instant>,
        reply: ReplyFunction,
        observed: ServerCall,
    ) -> Self {
        Self {
            reply_to,
            deadline,
            reply,
            observed,
        }
    }

    /// The name of the call, where it came by the reliable datagram protocol.
    #[must_use]
    pub fn call_token(&self) -> Option<CallToken> {
        self.reply_to?.peer.call_token()
    }

    /// Whether there is no point in running it: its deadline has passed, or there is a reply to it
    /// and nobody who could have it, or wants it.
    #[must_use]
    pub fn is_in_vain(&self, now: Instant, cancellation: &Cancellation) -> bool {
        let is_late = self.deadline.is_some_and(|deadline| deadline <= now);
        let is_unwanted = |to: ReplyTo| cancellation.is_in_vain(to.peer.call_token());
        is_late || self.reply_to.is_some_and(is_unwanted)
    }

    /// Ends the call without its service: gives the reply that says so, if there is one to send.
    #[must_use]
    pub fn refuse(self) -> Option<Message> {
        let Self {
            reply_to,
            reply,
            observed,
            ..
        } = self;
        let _ = observed.in_scope(|| contained(|| drop(reply)));
        observed.not_begun();
        Some(reply_to?.refused(Refusal::SystemErr))
    }

    /// Runs the service and gives the encoded reply, if there is one to send.
    #[must_use]
    pub fn run(self) -> Option<Message> {
        let Self {
            reply_to,
            reply,
            mut observed,
            ..
        } = self;
        let outcome = observed.in_scope(|| contained(reply));
        let outcome = outcome.unwrap_or(Err(Refusal::SystemErr));
        finished(reply_to, outcome, &mut observed)
    }
}

impl fmt::Debug for BlockingExecution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingExecution")
            .field("reply_to", &self.reply_to)
            .finish_non_exhaustive()
    }
}

/// What is sent: nothing where the call has no reply.
fn finished(
    reply_to: Option<ReplyTo>,
    outcome: Result<Reply, Refusal>,
    observed: &mut ServerCall,
) -> Option<Message> {
    observed.end(outcome.as_ref().err().copied());
    let reply_to = reply_to?;
    Some(match outcome {
        Ok(reply) => reply.into_message(),
        Err(refusal) => reply_to.refused(refusal),
    })
}

/// Runs code of a service; gives nothing if it panics.
///
/// What a panic leaves half done belongs to the service, whose own locks tell it.
pub(super) fn contained<T>(run: impl FnOnce() -> T) -> Option<T> {
    let payload = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => return Some(value),
        Err(payload) => payload,
    };
    // The value that was thrown may panic in its turn where it is dropped. One that does so again
    // and again is left to itself.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
    None
}
