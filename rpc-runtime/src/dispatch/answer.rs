use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use bytes::Bytes;

use super::{Refusal, Reply};
use crate::Xid;

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

/// A call that a service is working on; the future of its encoded reply.
///
/// A panic of the service ends here, as `SYSTEM_ERR`.
pub struct Execution {
    xid: Xid,
    reply: ReplyFuture,
}

impl Execution {
    pub(super) fn new(xid: Xid, reply: ReplyFuture) -> Self {
        Self { xid, reply }
    }
}

impl Future for Execution {
    type Output = Bytes;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Bytes> {
        let reply = self.reply.as_mut();
        // What a panic leaves half done belongs to the service, whose own locks tell it.
        match catch_unwind(AssertUnwindSafe(|| reply.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => Poll::Ready(finished(self.xid, outcome)),
            Err(_) => Poll::Ready(Refusal::SystemErr.reply(self.xid)),
        }
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Execution of call {}", self.xid)
    }
}

/// A call that a blocking service has to work on.
///
/// A panic of the service ends here, as `SYSTEM_ERR`.
pub struct BlockingExecution {
    xid: Xid,
    reply: ReplyFunction,
}

impl BlockingExecution {
    pub(super) fn new(xid: Xid, reply: ReplyFunction) -> Self {
        Self { xid, reply }
    }

    /// Runs the service and gives the encoded reply.
    #[must_use]
    pub fn run(self) -> Bytes {
        let outcome = catch_unwind(AssertUnwindSafe(self.reply));
        finished(self.xid, outcome.unwrap_or(Err(Refusal::SystemErr)))
    }
}

impl fmt::Debug for BlockingExecution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockingExecution of call {}", self.xid)
    }
}

fn finished(xid: Xid, outcome: Result<Reply, Refusal>) -> Bytes {
    match outcome {
        Ok(reply) => reply.into_message(),
        Err(refusal) => refusal.reply(xid),
    }
}
