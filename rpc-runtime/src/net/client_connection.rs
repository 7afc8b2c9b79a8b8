//! The task that runs a client's connection, and what it shares with the callers.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io, mem,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
    time::Instant,
};

use super::{
    give_way, now,
    timer::Timer,
    transport::{Recovery, Transport},
};
use crate::{
    CallErrorKind, Message, Peer, Received, Xid,
    transaction::{CallKind, Completion, Transactions, XidSequence},
};

/// Times that a connection goes round before it lets other tasks run.
const TURNS_MAX: usize = 32;

/// Messages of calls that may have been given up before it is worth looking for them.
const QUEUE_MIN: usize = 64;

/// The xids of this process.
pub(super) fn xids() -> &'static XidSequence {
    static XIDS: OnceLock<XidSequence> = OnceLock::new();
    XIDS.get_or_init(|| XidSequence::new(fastrand::u32(..)))
}

/// The transactions that suit a transport.
pub(super) fn transactions(transport: &impl Transport) -> Transactions {
    if transport.is_reliable() {
        Transactions::reliable()
    } else {
        Transactions::unreliable(fastrand::u64(..))
    }
}

/// Begins a connection on this transport.
pub(super) fn spawn<T: Transport>(transport: T, transactions: Transactions) -> Arc<Shared> {
    let shared = Arc::new(Shared {
        peer: transport.peer(),
        message_max: transport.message_max(),
        state: Mutex::new(State {
            transactions,
            queue: Vec::new(),
            waker: None,
            is_closed: false,
            ended: None,
        }),
    });
    let mut connection = Connection {
        shared: Arc::clone(&shared),
        transport,
        taken: Vec::new(),
        outgoing: VecDeque::new(),
        without_reply: Vec::new(),
        received: VecDeque::new(),
        wakers: Vec::new(),
        timer: Timer::default(),
    };
    tokio::spawn(poll_fn(move |cx| connection.poll(cx)));
    shared
}

/// What the callers and the connection share.
#[derive(Debug)]
pub(super) struct Shared {
    peer: Peer,
    message_max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    transactions: Transactions,
    /// Calls that the connection has not taken over yet.
    queue: Vec<(Xid, Message)>,
    /// Wakes the connection; taken by the first call that it has to send.
    waker: Option<Waker>,
    /// Nobody can call any more.
    is_closed: bool,
    /// Why the connection ended.
    ended: Option<Arc<io::Error>>,
}

impl State {
    /// Drops the messages of calls that nobody waits for any more, once they are the most: a
    /// transport that takes nothing for a long time must not make the queue grow without end.
    fn forget_ended_calls(&mut self) {
        if self.queue.len() > 2 * self.transactions.in_flight() + QUEUE_MIN {
            let transactions = &mut self.transactions;
            self.queue.retain(|(xid, _)| transactions.is_running(*xid));
        }
    }
}

impl Shared {
    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    pub(super) fn message_max(&self) -> usize {
        self.message_max
    }

    /// Opens a transaction.
    pub(super) fn open(&self, deadline: Instant, kind: CallKind) -> Result<Xid, CallErrorKind> {
        let mut state = self.lock();
        if let Some(fault) = &state.ended {
            return Err(CallErrorKind::ConnectionLost(Arc::clone(fault)));
        }
        let xid = state.transactions.open(xids(), deadline, kind);
        xid.ok_or(CallErrorKind::TooManyCalls)
    }

    /// Queues the call of an open transaction.
    pub(super) fn submit(&self, xid: Xid, message: Message) {
        let mut state = self.lock();
        // A connection that has ended meanwhile has ended the transaction too.
        if state.ended.is_none() {
            state.forget_ended_calls();
            state.queue.push((xid, message));
        }
        wake(state);
    }

    /// The end of a transaction.
    pub(super) fn poll(&self, xid: Xid, waker: &Waker) -> Poll<Completion> {
        self.lock().transactions.poll(xid, waker)
    }

    /// Frees a transaction.
    pub(super) fn give_up(&self, xid: Xid) {
        self.lock().transactions.close(xid);
    }

    /// Ends the connection: nobody can call any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        wake(state);
    }

    /// The state; a panic while it was locked has left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the connection, if it sleeps, after giving it what it would wait for.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A client's end of a connection.
struct Connection<T: Transport> {
    shared: Arc<Shared>,
    transport: T,
    /// Takes the place of the shared queue when that is taken over; empty between.
    taken: Vec<(Xid, Message)>,
    /// What the transport has to send.
    outgoing: VecDeque<Message>,
    /// Calls that end when the transport has passed on what it has to send.
    without_reply: Vec<Xid>,
    /// What the transport has received; empty between turns.
    received: VecDeque<Received>,
    /// Callers to wake once nothing is locked; empty between turns.
    wakers: Vec<Waker>,
    timer: Timer,
}

impl<T: Transport> Connection<T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURNS_MAX {
            match self.turn(cx) {
                Ok(Turn::Again) => {}
                Ok(Turn::Wait) => return Poll::Pending,
                Ok(Turn::End) => return Poll::Ready(()),
                Err(fault) => {
                    self.take_last_replies(cx);
                    match self.transport.recover() {
                        Recovery::Ended => {
                            self.end(fault);
                            return Poll::Ready(());
                        }
                        Recovery::Reconnects => self.interrupt(fault, false),
                        Recovery::ReconnectsFromSameAddress => self.interrupt(fault, true),
                    }
                }
            }
        }
        give_way(cx);
        Poll::Pending
    }

    /// Sends what waits, does what is due, takes what has come. Replies are taken even while the
    /// server takes no calls: it may be waiting for just that.
    fn turn(&mut self, cx: &mut Context<'_>) -> io::Result<Turn> {
        let had_waited = !self.outgoing.is_empty();
        let ControlFlow::Continue(next_timeout) = self.take_over(cx) else {
            return Ok(Turn::End);
        };
        if let Poll::Ready(sent) = self.transport.poll_send(cx, &mut self.outgoing) {
            sent?;
            self.complete_sent();
            if had_waited {
                // Calls that were queued behind have woken this task already: they go now.
                return Ok(Turn::Again);
            }
        }
        if self.timer.poll(cx, next_timeout).is_ready() {
            self.expire();
            return Ok(Turn::Again);
        }
        match self.transport.poll_receive(cx, &mut self.received) {
            Poll::Pending => Ok(Turn::Wait),
            Poll::Ready(Ok(0)) => Err(peer_closed()),
            Poll::Ready(received) => {
                received?;
                self.complete();
                Ok(Turn::Again)
            }
        }
    }

    /// Takes the queued calls, unless earlier ones still wait for the transport; gives the time
    /// of the next time-out, unless nobody can call any more.
    fn take_over(&mut self, cx: &mut Context<'_>) -> ControlFlow<(), Option<Instant>> {
        let mut state = self.shared.lock();
        if state.is_closed {
            return ControlFlow::Break(());
        }
        if self.outgoing.is_empty() && !state.queue.is_empty() {
            mem::swap(&mut self.taken, &mut state.queue);
            let now = now();
            for (xid, message) in self.taken.drain(..) {
                if state.transactions.transmit(xid, &message, now) {
                    self.outgoing.push_back(message);
                    if state.transactions.ends_when_sent(xid) {
                        self.without_reply.push(xid);
                    }
                }
            }
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        ControlFlow::Continue(state.transactions.next_timeout())
    }

    /// Ends the calls that have no reply, once everything was sent.
    fn complete_sent(&mut self) {
        if self.without_reply.is_empty() {
            return;
        }
        let mut state = self.shared.lock();
        for xid in self.without_reply.drain(..) {
            self.wakers.extend(state.transactions.sent(xid));
        }
        drop(state);
        self.wake_callers();
    }

    /// Ends the calls that the received messages answer.
    fn complete(&mut self) {
        let now = now();
        let mut state = self.shared.lock();
        for received in self.received.drain(..) {
            self.wakers
                .extend(state.transactions.receive(received.message, now));
        }
        drop(state);
        self.wake_callers();
    }

    /// Ends the calls whose deadline has come, and sends others again.
    ///
    /// Calls that the transport has not taken go back to the queue first: one that ends there was
    /// not sent, and will not be.
    fn expire(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        self.take_back(&mut state);
        let (again, wakers) = (&mut self.outgoing, &mut self.wakers);
        state.transactions.expire(now(), again, wakers);
        drop(state);
        self.wake_callers();
    }

    /// Ends the calls that were lost with a connection; those that it did not take, and those
    /// that may be sent again, wait for the next.
    fn interrupt(&mut self, fault: io::Error, keeps_address: bool) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        self.take_back(&mut state);
        self.without_reply.clear();
        let fault = Arc::new(fault);
        let (transactions, again) = (&mut state.transactions, &mut self.taken);
        transactions.interrupt(&fault, keeps_address, again, &mut self.wakers);
        self.queue_first(&mut state);
        drop(state);
        self.wake_callers();
    }

    /// Puts what the transport has not taken back into the queue.
    fn take_back(&mut self, state: &mut State) {
        for message in self.outgoing.drain(..) {
            if let Some(xid) = message.xid()
                && state.transactions.not_transmitted(xid)
            {
                self.without_reply.retain(|sent| *sent != xid);
                self.taken.push((xid, message));
            }
        }
        self.queue_first(state);
    }

    /// Puts calls that were taken before to the front of the queue.
    fn queue_first(&mut self, state: &mut State) {
        self.taken.append(&mut state.queue);
        mem::swap(&mut self.taken, &mut state.queue);
    }

    /// Takes the replies that had come before the transport failed: a peer that ends a connection
    /// may have answered before, and sending fails first.
    fn take_last_replies(&mut self, cx: &mut Context<'_>) {
        for _ in 0..TURNS_MAX {
            match self.transport.poll_receive(cx, &mut self.received) {
                Poll::Ready(Ok(count)) if count > 0 => self.complete(),
                _ => return,
            }
        }
    }

    /// Ends all calls: those that the transport did not take, as not executed.
    fn end(&mut self, fault: io::Error) {
        let fault = Arc::new(fault);
        let mut state = self.shared.lock();
        for message in self.outgoing.drain(..) {
            if let Some(xid) = message.xid() {
                state.transactions.not_transmitted(xid);
            }
        }
        state.queue.clear();
        state.transactions.end_all(&fault, &mut self.wakers);
        state.ended = Some(fault);
        drop(state);
        self.wake_callers();
    }

    fn wake_callers(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// A runtime that ends drops the connection: the callers, which may be elsewhere, must hear of it.
impl<T: Transport> Drop for Connection<T> {
    fn drop(&mut self) {
        if self.shared.lock().ended.is_none() {
            self.end(io::Error::other("the task of the connection was dropped"));
        }
    }
}

/// How a connection goes on after a turn.
enum Turn {
    Again,
    Wait,
    End,
}

fn peer_closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the peer closed the connection",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    /// What callers share with a connection that never takes a call over.
    fn shared() -> Shared {
        Shared {
            peer: Peer::Memory,
            message_max: usize::MAX,
            state: Mutex::new(State {
                transactions: Transactions::reliable(),
                queue: Vec::new(),
                waker: None,
                is_closed: false,
                ended: None,
            }),
        }
    }

    #[test]
    fn messages_of_calls_that_are_given_up_do_not_pile_up() {
        let shared = shared();
        let deadline = Instant::now() + Duration::from_secs(1000);
        let start = || {
            let xid = shared.open(deadline, CallKind::AtMostOnce).unwrap();
            shared.submit(xid, Message::new(Peer::Memory, Bytes::new()));
            xid
        };
        let kept: Vec<Xid> = (0..100).map(|_| start()).collect();
        for _ in 0..10_000 {
            shared.give_up(start());
        }
        let state = shared.lock();
        assert!(state.queue.len() <= 2 * (kept.len() + 1) + QUEUE_MIN + 1);
        let queued = state.queue.iter().map(|&(xid, _)| xid);
        let alive: Vec<Xid> = queued.filter(|xid| kept.contains(xid)).collect();
        assert_eq!(alive, kept, "all of them, in their order");
    }
}
