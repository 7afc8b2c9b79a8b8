//! The calls of a connection that could not be answered at once.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};

use super::{
    load::InFlight,
    now,
    request_cache::Entered,
    workers::{Job, Workers},
};
use crate::{
    Message,
    dispatch::{BlockingExecution, Cancellation},
};

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With its reply, if there is one.
    Answered(Option<Message>),
    /// Not begun, since there was no point in it any more.
    NotBegun(Option<Message>),
    /// Without anybody knowing how.
    Lost,
}

/// The calls of a connection that wait, and those that block a worker or wait for one.
#[derive(Debug)]
pub(super) struct Calls {
    waiting: JoinSet<Ended>,
    workers: Arc<Workers<BlockingJob>>,
    /// Where the workers put how calls ended; not there until one of them has had a call, since most
    /// connections never need it.
    blocking: Option<Blocking>,
}

#[derive(Debug)]
struct Blocking {
    count: usize,
    sender: UnboundedSender<Ended>,
    receiver: UnboundedReceiver<Ended>,
}

impl Calls {
    pub(super) fn new(workers: Arc<Workers<BlockingJob>>) -> Self {
        Self {
            waiting: JoinSet::new(),
            workers,
            blocking: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.blocking.as_ref().map_or(0, |blocking| blocking.count)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a call that waits.
    pub(super) fn spawn(&mut self, call: impl Future<Output = Ended> + Send + 'static) {
        self.waiting.spawn(call);
    }

    /// Adds a call that blocks. Where there are too many, gives the reply that refuses it.
    pub(super) fn block(&mut self, call: BlockingCall) -> Result<(), Option<Message>> {
        let blocking = self.blocking.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            Blocking {
                count: 0,
                sender,
                receiver,
            }
        });
        let job = BlockingJob {
            call,
            ending: Ending(Some(blocking.sender.clone())),
        };
        self.workers.submit(job).map_err(BlockingJob::refuse)?;
        blocking.count += 1;
        Ok(())
    }

    /// The next call that has ended; nothing where there is none.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ended>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(Some(ended)) = self.waiting.poll_join_next(cx) {
            // An execution catches panics itself: this one was aborted.
            return Poll::Ready(Some(ended.unwrap_or(Ended::Lost)));
        }
        if let Some(blocking) = self.blocking.as_mut().filter(|blocking| blocking.count > 0)
            && let Poll::Ready(Some(ended)) = blocking.receiver.poll_recv(cx)
        {
            blocking.count -= 1;
            return Poll::Ready(Some(ended));
        }
        Poll::Pending
    }
}

/// A call that blocks.
#[derive(Debug)]
pub(super) struct BlockingCall {
    pub(super) execution: BlockingExecution,
    pub(super) entered: Option<Entered>,
    pub(super) cancellation: Arc<Cancellation>,
    pub(super) in_flight: InFlight,
}

impl BlockingCall {
    fn run(self) -> Ended {
        let _in_flight = self.in_flight;
        if self.execution.is_in_vain(now(), &self.cancellation) {
            Ended::NotBegun(noted(self.entered, self.execution.refuse()))
        } else {
            Ended::Answered(noted(self.entered, self.execution.run()))
        }
    }

    /// Gives the reply that refuses the call.
    fn refuse(self) -> Option<Message> {
        noted(self.entered, self.execution.refuse())
    }
}

/// A call for a worker.
#[derive(Debug)]
pub(super) struct BlockingJob {
    call: BlockingCall,
    ending: Ending,
}

impl Job for BlockingJob {
    fn run(self) {
        self.ending.tell(self.call.run());
    }
}

impl BlockingJob {
    fn refuse(self) -> Option<Message> {
        self.ending.forget();
        self.call.refuse()
    }
}

/// Where to say how a call ended. That is said in any case, also where its worker ends before.
#[derive(Debug)]
struct Ending(Option<UnboundedSender<Ended>>);

impl Ending {
    fn tell(mut self, ended: Ended) {
        if let Some(connection) = self.0.take() {
            // A connection that was dropped has no use for it.
            let _ = connection.send(ended);
        }
    }

    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            let _ = connection.send(Ended::Lost);
        }
    }
}

/// The reply, once the cache knows of it.
pub(super) fn noted(entered: Option<Entered>, reply: Option<Message>) -> Option<Message> {
    if let Some(entered) = entered {
        entered.complete(reply.as_ref());
    }
    reply
}
