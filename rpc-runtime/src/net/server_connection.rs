//! The task that runs a server's end of a connection, or a server's UDP socket.

mod limited;

use std::{
    collections::VecDeque,
    future::{pending, poll_fn},
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

use tokio::{sync::watch, time::timeout};

use super::{
    account::{Account, Totals},
    calls::{BlockingCall, BlockingJob, Calls, Ended, noted},
    deadlines::{Deadlines, Waits},
    give_way,
    limits::{Overload, ServerLimits},
    load::Load,
    now,
    request_cache::{Entered, RequestCache},
    transport::Transport,
    workers::Workers,
};
use crate::{
    CacheLimits, Dispatcher, Message, Peer, Received,
    datagram::CallToken,
    dispatch::{AcceptedCall, Arrival, Cancellation, Dispatched, Execution, system_err},
    duplicate_request_cache::Admission,
    observe::ServerConnection,
};

/// Times that a connection goes round before it lets other tasks run.
const TURNS_MAX: usize = 32;

/// Calls that a connection hands to services before it lets other tasks run: a read may bring
/// thousands.
const CALLS_PER_POLL: usize = 512;

/// Bytes of replies that are put together before they are sent and more calls are begun: a few
/// bytes of calls may ask for a lot.
const REPLIES_MAX: usize = 1 << 20;

/// What all connections of a server share.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub(super) dispatcher: Arc<Dispatcher>,
    /// Where calls that come more than once are noticed, if they are.
    pub(super) cache: Option<Arc<RequestCache>>,
    pub(super) limits: Arc<ServerLimits>,
    pub(super) load: Arc<Load>,
    /// Who executes calls that block.
    pub(super) workers: Arc<Workers<BlockingJob>>,
    /// Where connections say what became of their calls.
    pub(super) totals: Arc<Totals>,
    /// How far the server is on its way to its end.
    pub(super) phase: watch::Receiver<Phase>,
}

/// How far a server is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    /// It takes no more connections nor calls, and answers those that it has.
    Draining,
    /// The time for that is over: services are told that nobody waits for them.
    Cancelling,
}

impl Common {
    /// The same, with a cache of its own.
    pub(super) fn with_cache(&self, limits: Option<CacheLimits>) -> Self {
        let cache = limits.map(|limits| Arc::new(RequestCache::new(limits)));
        Self {
            cache,
            ..self.clone()
        }
    }
}

/// Serves a connection until its peer ends it, or the server does.
///
/// The connection is in a box: a future keeps room for each of the places that hold it one after the
/// other, and would take several times as much memory.
pub(super) fn serve(
    transport: impl Transport,
    common: Common,
) -> impl Future<Output = ()> + Send + 'static {
    let phase = common.phase.clone();
    let connection = Box::new(Connection::new(transport, common));
    async move {
        let cancellation = Arc::clone(&connection.cancellation);
        // Services learn it, too, when this task is dropped.
        let _ends = EndOfCalls(Arc::clone(&cancellation));
        let mut limit = phase.clone();
        let cancel = async {
            reached(&mut limit, Phase::Cancelling).await;
            cancellation.cancel_all();
            pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = run(connection, phase) => {}
            () = cancel => {}
        }
    }
}

/// Tells the services of a connection that nobody can have their results.
struct EndOfCalls(Arc<Cancellation>);

impl Drop for EndOfCalls {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn run(mut connection: Box<Connection<impl Transport>>, mut phase: watch::Receiver<Phase>) {
    // Biased: what has come when the server is told to end is read once more.
    let ended = tokio::select! {
        biased;
        ended = poll_fn(|cx| connection.poll(cx)) => Some(ended),
        () = reached(&mut phase, Phase::Draining) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        connection.is_reading = connection.transport.stop_receiving();
        poll_fn(|cx| connection.poll(cx)).await
    };
    connection.observed.ended(&ended);
    if ended.is_ok() {
        let linger = connection.transport.linger();
        // Nothing can be done about a peer that does not end the connection, but to end it here.
        let closed = timeout(linger, poll_fn(|cx| connection.transport.poll_close(cx))).await;
        if matches!(closed, Ok(Ok(()))) {
            connection.account.closed();
        }
    }
    // Calls that were begun are finished, even if nobody will have their results. They may take their
    // time: what else there is of the connection, and that is much if it was cut off, ends before.
    let Connection {
        transport,
        cancellation,
        mut calls,
        account: _account,
        received,
        outgoing,
        ..
    } = *connection;
    drop((transport, received, outgoing));
    cancellation.close();
    while poll_fn(|cx| calls.poll_ended(cx)).await.is_some() {}
}

/// Waits until a server is so far on its way to its end.
///
/// Each turn of a connection polls this, and nearly always nothing has changed: then it takes a look
/// at a counter.
pub(super) async fn reached(server: &mut watch::Receiver<Phase>, phase: Phase) {
    let changes = server.clone();
    let mut wait = pin!(server.wait_for(|now| *now >= phase));
    let mut waker: Option<Waker> = None;
    poll_fn(|cx| {
        let is_registered = waker.as_ref().is_some_and(|one| one.will_wake(cx.waker()));
        if is_registered && matches!(changes.has_changed(), Ok(false)) {
            return Poll::Pending;
        }
        waker = Some(cx.waker().clone());
        // An error says that the server is dropped, and that ends it too.
        wait.as_mut().poll(cx).map(drop)
    })
    .await;
}

/// A server's end of a connection.
struct Connection<T> {
    /// The first to be dropped: once the load is, the server reads the sums.
    account: Account,
    transport: T,
    dispatcher: Arc<Dispatcher>,
    cache: Option<Arc<RequestCache>>,
    limits: Arc<ServerLimits>,
    load: Arc<Load>,
    /// Waits until the server has room for another call.
    room: Option<Room>,
    deadlines: Deadlines,
    /// What the connection waits for.
    waits: Waits,
    /// Messages that no service has yet.
    received: VecDeque<Received>,
    /// When they were taken from the transport.
    received_at: Instant,
    outgoing: VecDeque<Message>,
    /// Bytes of the replies since everything was sent the last time.
    reply_bytes: usize,
    /// Calls that could not be answered at once.
    calls: Calls,
    /// How services learn that nobody waits for them.
    cancellation: Arc<Cancellation>,
    is_reading: bool,
    observed: ServerConnection,
}

impl<T: Transport> Connection<T> {
    fn new(transport: T, common: Common) -> Self {
        Self {
            observed: ServerConnection::new(transport.peer()),
            transport,
            dispatcher: common.dispatcher,
            cache: common.cache,
            deadlines: Deadlines::new(common.limits.patience),
            limits: common.limits,
            load: common.load,
            room: None,
            waits: Waits::Itself,
            received: VecDeque::new(),
            received_at: now(),
            outgoing: VecDeque::new(),
            reply_bytes: 0,
            calls: Calls::new(common.workers),
            cancellation: Arc::default(),
            is_reading: true,
            account: Account::new(common.totals),
        }
    }
}

/// Waits until a call of the server has ended.
type Room = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<T: Transport> Connection<T> {
    /// Runs until no more calls come and all that came are answered, or until the peer has to be
    /// cut off.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.waits = Waits::Itself;
        let mut ended = self.go_on(cx);
        self.account.waiting(self.transport.waiting());
        if ended.is_pending() {
            ended = self.deadlines.poll(cx, self.waits).map(Err);
            // A connection that is only idle ends in order.
            if ended.is_ready() && self.waits != Waits::Call {
                self.transport.abort();
            }
        }
        ended
    }

    fn go_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut calls_left = CALLS_PER_POLL;
        for _ in 0..TURNS_MAX {
            self.transport.poll_upkeep(cx);
            while let Some(token) = self.transport.next_cancelled() {
                self.cancel(token);
            }
            self.answer(cx, &mut calls_left);
            // A peer that takes no replies is not read from.
            ready!(self.poll_send(cx))?;
            if calls_left == 0 {
                break;
            }
            if !self.received.is_empty() {
                // Nor is one that all services are busy with.
                ready!(self.poll_room(cx));
                continue;
            }
            if !self.is_reading {
                return if self.calls.is_empty() {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
            ready!(self.poll_receive(cx))?;
        }
        give_way(cx);
        Poll::Pending
    }

    /// Hands calls to their services, and collects what services have answered, until neither
    /// brings the other forward.
    fn answer(&mut self, cx: &mut Context<'_>, calls_left: &mut usize) {
        loop {
            self.dispatch(calls_left);
            let mut collected = false;
            while let Poll::Ready(Some(ended)) = self.calls.poll_ended(cx) {
                collected = true;
                match ended {
                    Ended::Answered(reply) => self.reply(reply),
                    Ended::NotBegun(reply) => self.turn_away(reply),
                    // What the caller of a stream has to learn.
                    Ended::Lost => {
                        self.account.aborted(1);
                        self.refuse_to_read();
                    }
                }
            }
            if !collected || self.received.is_empty() {
                return;
            }
        }
    }

    /// Hands as many calls to their services as may wait for one, as may be begun before other
    /// tasks run, and as can be answered before replies have to be sent.
    fn dispatch(&mut self, calls_left: &mut usize) {
        let dispatcher = Arc::clone(&self.dispatcher);
        while *calls_left > 0
            && self.reply_bytes < REPLIES_MAX
            && (self.has_room() || self.limits.overload == Overload::Shed)
            && let Some(received) = self.received.pop_front()
        {
            *calls_left -= 1;
            let Received { from, message, .. } = received;
            self.observed.received(from, message.len());
            let arrived = received.arrived.unwrap_or(self.received_at);
            match dispatcher.accept(&message, from, arrived) {
                Arrival::Call(mut call) => {
                    if let (Peer::Tls(_), Some(peer)) = (from, self.transport.tls_peer()) {
                        call.came_over_tls(peer);
                    }
                    self.admit(call);
                }
                Arrival::Other(Dispatched::Undecodable(_)) => {
                    self.account.ignored();
                    self.transport.refuse(from);
                    self.refuse_to_read();
                }
                Arrival::Other(outcome) => self.begin(outcome, None),
            }
        }
        if self.room.take().is_some() {
            self.load.pass_on();
        }
    }

    /// Hands a call to its service, unless it came before.
    fn admit(&mut self, call: AcceptedCall<'_>) {
        let Some(cache) = &self.cache else {
            return self.begin_call(call, None);
        };
        let admission = cache.admit(&call);
        call.observe(&admission);
        match admission {
            Admission::Execute(key) => {
                let entered = key.map(|key| Entered::new(cache, key));
                self.begin_call(call, entered);
            }
            Admission::Answer(reply) => self.reply(reply),
            // A client that came back over a stream waits for its answer, and sends no other copy.
            Admission::InProgress(key) if self.transport.is_reliable() => {
                let cache = Arc::clone(cache);
                self.calls
                    .spawn(async move { Ended::Answered(cache.answer(key).await) });
            }
            Admission::InProgress(_) => self.account.ignored(),
        }
    }

    /// Hands a call to its service, unless it has waited for too long, or too many wait for theirs.
    fn begin_call(&mut self, mut call: AcceptedCall<'_>, entered: Option<Entered>) {
        let context = call.context();
        if context.deadline().is_some_and(|deadline| deadline <= now()) || !self.has_room() {
            return self.turn_away(noted(entered, call.refuse()));
        }
        call.cancelled_with(&self.cancellation);
        self.begin(call.execute(), entered);
    }

    fn begin(&mut self, dispatched: Dispatched, entered: Option<Entered>) {
        match dispatched {
            Dispatched::Reply(reply) => self.reply(noted(entered, Some(reply))),
            Dispatched::Execution(execution) => self.execute(execution, entered),
            Dispatched::Blocking(execution) => {
                self.may_be_cancelled(execution.call_token());
                let call = BlockingCall {
                    execution,
                    entered,
                    cancellation: Arc::clone(&self.cancellation),
                    in_flight: self.load.begin(),
                };
                if let Err(refusal) = self.calls.block(call) {
                    self.turn_away(refusal);
                }
            }
            Dispatched::Undecodable(_) => {
                self.account.ignored();
                self.refuse_to_read();
            }
            Dispatched::Nothing => self.reply(noted(entered, None)),
        }
    }

    /// Polls a service once, where its call was read, and only spawns what has to wait.
    fn execute(&mut self, mut execution: Execution, entered: Option<Entered>) {
        // Wake-ups are not missed: the task that is spawned begins with another poll.
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut execution).poll(&mut cx) {
            Poll::Ready(reply) => self.reply(noted(entered, reply)),
            Poll::Pending => {
                self.may_be_cancelled(execution.call_token());
                let in_flight = self.load.begin();
                let run = async move {
                    let _in_flight = in_flight;
                    Ended::Answered(noted(entered, execution.await))
                };
                self.calls.spawn(run);
            }
        }
    }

    /// Takes note of a call that was not answered at once and can be cancelled alone.
    fn may_be_cancelled(&self, token: Option<CallToken>) {
        if let Some(token) = token {
            self.cancellation.enter(token);
        }
    }

    /// Ends a call that its service has not seen: where the transport can say that, it does, and
    /// otherwise this reply is sent, if there is one.
    fn turn_away(&mut self, reply: Option<Message>) {
        let peer = reply.as_ref().map(Message::to);
        let Some((peer, token)) = peer.and_then(|peer| Some((peer, peer.call_token()?))) else {
            self.account.refused(reply.is_some());
            return self.queue(reply);
        };
        self.account.refused(false);
        self.cancellation.leave(token);
        self.transport.refuse(peer);
    }

    /// Cancels a call; one that no service has is not begun.
    fn cancel(&mut self, token: CallToken) {
        let is_it = |received: &Received| received.from.call_token() == Some(token);
        let place = self.received.iter().position(is_it);
        match place.and_then(|place| self.received.remove(place)) {
            Some(received) => {
                self.account.aborted(1);
                self.transport.refuse(received.from);
            }
            None => self.cancellation.cancel(token),
        }
    }

    /// Stops reading after a message that is no call: on a stream, what follows cannot be
    /// trusted either. A datagram has no successor.
    fn refuse_to_read(&mut self) {
        if self.transport.is_reliable() {
            self.is_reading = false;
            self.account.aborted(self.received.len());
            self.received.clear();
        }
    }

    /// Ends a call, with its reply if there is one.
    fn reply(&mut self, reply: Option<Message>) {
        self.account.answered(reply.is_some());
        self.queue(reply);
    }

    /// Queues a reply, if there is one, or `SYSTEM_ERR` in place of one that the transport cannot
    /// carry.
    fn queue(&mut self, reply: Option<Message>) {
        let Some(reply) = reply else { return };
        if let Some(token) = reply.to().call_token() {
            self.cancellation.leave(token);
        }
        let fits = reply.len() <= self.transport.message_max_to(reply.to());
        let reply = match reply.xid() {
            Some(xid) if !fits => system_err(xid, reply.to()),
            _ => reply,
        };
        self.observed.sent(reply.to(), reply.len());
        self.reply_bytes += reply.len();
        self.outgoing.push_back(reply);
    }
}

#[cfg(test)]
mod tests;
