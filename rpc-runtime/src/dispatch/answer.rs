use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use super::{Refusal, Reply, refusal::encoded};
use crate::{Message, Peer, Xid};

/// How a call will be answered: what a generated dispatch function returns.
pub struct Answer(pub(super) AnswerKind);

pub(super) enum AnswerKind {
    Future(ReplyFuture),
    Blocking(ReplyFunction),
    Refusal(Refusal),
}

type ReplyFuture = Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send>>;
type ReplyFunction = Box<dyn FnOnce() -> Result<Reply, Refusal> + Send>;

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
    reply: ReplyFuture,
}

impl Execution {
    pub(super) fn new(reply_to: Option<ReplyTo>, reply: ReplyFuture) -> Self {
        Self { reply_to, reply }
    }
}

impl Future for Execution {
    type Output = Option<Message>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Message>> {
        let reply = self.reply.as_mut();
        // What a panic leaves half done belongs to the service, whose own locks tell it.
        match catch_unwind(AssertUnwindSafe(|| reply.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => Poll::Ready(finished(self.reply_to, outcome)),
            Err(_) => Poll::Ready(finished(self.reply_to, Err(Refusal::SystemErr))),
        }
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
    reply: ReplyFunction,
}

impl BlockingExecution {
    pub(super) fn new(reply_to: Option<ReplyTo>, reply: ReplyFunction) -> Self {
        Self { reply_to, reply }
    }

    /// Runs the service and gives the encoded reply, if there is one to send.
    #[must_use]
    pub fn run(self) -> Option<Message> {
        let outcome = catch_unwind(AssertUnwindSafe(self.reply));
        finished(self.reply_to, outcome.unwrap_or(Err(Refusal::SystemErr)))
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
fn finished(reply_to: Option<ReplyTo>, outcome: Result<Reply, Refusal>) -> Option<Message> {
    let reply_to = reply_to?;
    Some(match outcome {
        Ok(reply) => reply.into_message(),
        Err(refusal) => reply_to.refused(refusal),
    })
}
