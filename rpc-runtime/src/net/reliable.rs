//! A client's end of the reliable datagram protocol: the task that runs an association.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io, mem,
    net::SocketAddr,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    client_connection::xids, datagram_socket::DatagramSocket, give_way, now, timer::Timer,
};
use crate::{
    CallErrorKind, Message, Outcome, Peer, Xid,
    datagram::{
        self, CallId, CallOptions, ClientAssociation, ClientSettings, Failure, Reason, StartFailure,
    },
    transaction::{CallKind, Completion, Ended, Transactions},
};

/// Times that a client goes round before it lets other tasks run.
const TURNS_MAX: usize = 32;

/// Calls that were not begun and may have been given up before it is worth looking for them.
const QUEUE_MIN: usize = 64;

/// A deadline that never comes: the association keeps those of its calls.
const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// Begins an association with the server at an address.
///
/// # Errors
///
/// There is no way to the address, or the operating system has no random numbers.
pub(super) async fn connect(peer: SocketAddr) -> io::Result<Arc<Shared>> {
    let socket = DatagramSocket::towards(peer).await?;
    let settings = ClientSettings::default();
    let message_max = usize::try_from(settings.message_max).unwrap_or(usize::MAX);
    let shared = Arc::new(Shared::new(peer, message_max));
    let (client_id, seed) = (getrandom::u64()?, getrandom::u64()?);
    let mut pump = Pump {
        shared: Arc::clone(&shared),
        socket,
        server: peer,
        association: ClientAssociation::new(settings, client_id, seed, now()),
        in_flight: Vec::new(),
        waiting: VecDeque::new(),
        waiting_until: None,
        without_reply: Vec::new(),
        wakers: Vec::new(),
        timer: Timer::default(),
    };
    tokio::spawn(poll_fn(move |cx| pump.poll(cx)));
    Ok(shared)
}

/// What the callers and the task share.
#[derive(Debug)]
pub(super) struct Shared {
    peer: Peer,
    message_max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Who waits for which call, and how it ended; nothing is timed here.
    transactions: Transactions,
    /// Calls that the task has not taken over yet.
    queue: VecDeque<Queued>,
    /// Calls that were begun and that nobody waits for any more: the server may hear of them.
    given_up: Vec<Xid>,
    /// Wakes the task; taken by the first call that it has to send.
    waker: Option<Waker>,
    /// Nobody can call any more.
    is_closed: bool,
    /// Why the task ended.
    ended: Option<Arc<io::Error>>,
}

impl State {
    /// Drops the calls that nobody waits for any more of a queue of those that were not begun, once
    /// they are the most: callers may be faster than the task, or than the server.
    fn forget_ended_calls(transactions: &mut Transactions, queue: &mut VecDeque<Queued>) {
        if queue.len() > 2 * transactions.in_flight() + QUEUE_MIN {
            queue.retain(|call| transactions.is_running(call.xid));
        }
    }
}

/// A call that was not begun.
#[derive(Debug)]
struct Queued {
    xid: Xid,
    message: Bytes,
    options: CallOptions,
}

impl Shared {
    fn new(server: SocketAddr, message_max: usize) -> Self {
        Self {
            peer: Peer::Reliable {
                address: server,
                call: None,
            },
            message_max,
            state: Mutex::new(State {
                transactions: Transactions::reliable(),
                queue: VecDeque::new(),
                given_up: Vec::new(),
                waker: None,
                is_closed: false,
                ended: None,
            }),
        }
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    pub(super) fn message_max(&self) -> usize {
        self.message_max
    }

    /// Opens a transaction.
    pub(super) fn open(&self, kind: CallKind) -> Result<Xid, CallErrorKind> {
        let mut state = self.lock();
        if let Some(fault) = &state.ended {
            return Err(CallErrorKind::ConnectionLost(Arc::clone(fault)));
        }
        let xid = state.transactions.open(xids(), now() + NEVER, kind);
        xid.ok_or(CallErrorKind::TooManyCalls)
    }

    /// Queues the call of an open transaction.
    pub(super) fn submit(&self, xid: Xid, message: &Message, options: CallOptions) {
        let message = message.to_bytes();
        let mut state = self.lock();
        // A task that has ended meanwhile has ended the transaction too.
        if state.ended.is_none() {
            let State {
                transactions,
                queue,
                ..
            } = &mut *state;
            State::forget_ended_calls(transactions, queue);
            queue.push_back(Queued {
                xid,
                message,
                options,
            });
        }
        wake(state);
    }

    /// The end of a transaction.
    pub(super) fn poll(&self, xid: Xid, waker: &Waker) -> Poll<Completion> {
        self.lock().transactions.poll(xid, waker)
    }

    /// Frees a transaction. A call that is in flight is cancelled.
    pub(super) fn give_up(&self, xid: Xid) {
        let mut state = self.lock();
        let has_begun = state.transactions.was_transmitted(xid);
        state.transactions.close(xid);
        if has_begun {
            state.given_up.push(xid);
            wake(state);
        }
    }

    /// Ends the task: nobody can call any more.
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

/// Wakes the task, if it sleeps, after giving it what it would wait for.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The task of an association.
struct Pump {
    shared: Arc<Shared>,
    socket: DatagramSocket,
    server: SocketAddr,
    association: ClientAssociation,
    /// The transactions of the calls, by their activities.
    in_flight: Vec<Option<(CallId, Xid)>>,
    /// Calls that no activity is free for.
    waiting: VecDeque<Queued>,
    /// The first of their deadlines, or a time before it.
    waiting_until: Option<Instant>,
    /// Calls that end when all of them was sent.
    without_reply: Vec<(CallId, Xid)>,
    /// Callers to wake once nothing is locked; empty between turns.
    wakers: Vec<Waker>,
    timer: Timer,
}

impl Pump {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURNS_MAX {
            if self.take_over(cx).is_break() {
                return Poll::Ready(());
            }
            let is_flushed = self.flush(cx).is_ready();
            if is_flushed {
                self.complete_sent();
            }
            let is_due = self.timer.poll(cx, self.next_timeout()).is_ready();
            if is_due {
                self.association.expire(now());
            }
            let has_received = self.receive(cx);
            self.complete();
            if !is_due && !has_received {
                return Poll::Pending;
            }
        }
        give_way(cx);
        Poll::Pending
    }

    /// When something is due: of the association, or the deadline of a call that waits for it.
    fn next_timeout(&self) -> Option<Instant> {
        let due = [self.waiting_until, self.association.next_timeout()];
        due.into_iter().flatten().min()
    }

    /// Takes the queued calls, cancels those that were given up, and begins as many as there are
    /// activities for.
    fn take_over(&mut self, cx: &mut Context<'_>) -> ControlFlow<()> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let given_up = mem::take(&mut state.given_up);
        if state.is_closed {
            drop(state);
            self.take_leave(cx, &given_up);
            return ControlFlow::Break(());
        }
        let deadlines = state.queue.iter().filter_map(|call| call.options.deadline);
        self.waiting_until = deadlines.chain(self.waiting_until).min();
        self.waiting.append(&mut state.queue);
        State::forget_ended_calls(&mut state.transactions, &mut self.waiting);
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        self.cancel(&given_up);
        self.begin(&mut state.transactions);
        drop(state);
        self.wake_callers();
        ControlFlow::Continue(())
    }

    /// Gives calls up that were begun.
    fn cancel(&mut self, given_up: &[Xid]) {
        for (id, xid) in self.in_flight.iter().flatten() {
            if given_up.contains(xid) {
                self.association.cancel(now(), *id);
            }
        }
    }

    /// Says at the end what spares the server work and memory; that it arrives is not waited for.
    fn take_leave(&mut self, cx: &mut Context<'_>, given_up: &[Xid]) {
        self.cancel(given_up);
        self.association.close(now());
        let _ = self.flush(cx);
    }

    /// Begins the calls that wait, in their order.
    fn begin(&mut self, transactions: &mut Transactions) {
        let now = now();
        if self.waiting_until.is_some_and(|until| until <= now) {
            self.end_late(transactions, now);
        }
        while let Some(call) = self.waiting.front() {
            let (xid, message) = (call.xid, call.message.clone());
            if !transactions.is_running(xid) {
                self.waiting.pop_front();
                continue;
            }
            match self.association.start(now, message, call.options) {
                Ok(id) => {
                    transactions.transmitted(xid);
                    enter(&mut self.in_flight, id, xid);
                    if transactions.ends_when_sent(xid) {
                        self.without_reply.push((id, xid));
                    }
                }
                Err(StartFailure::TooManyCalls) => return,
                Err(StartFailure::MessageLength) => {
                    let failure = Failure::new(Reason::TooLarge, Outcome::NotExecuted);
                    let waker = transactions.end(xid, Ended::Failed(failure));
                    self.wakers.extend(waker);
                }
            }
            self.waiting.pop_front();
        }
        self.waiting_until = None;
    }

    /// Ends the calls whose deadline has passed while they waited.
    fn end_late(&mut self, transactions: &mut Transactions, now: Instant) {
        let wakers = &mut self.wakers;
        self.waiting.retain(|call| {
            let is_late = call
                .options
                .deadline
                .is_some_and(|deadline| deadline <= now);
            if is_late {
                wakers.extend(transactions.end(call.xid, Ended::DeadlineExceeded));
            }
            !is_late
        });
        let deadlines = self.waiting.iter().filter_map(|call| call.options.deadline);
        self.waiting_until = deadlines.min();
    }

    /// Sends what the association has to send.
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            socket,
            server,
            association,
            ..
        } = self;
        let now = now();
        let next = || Some((*server, association.next_transmit(now)?));
        socket.poll_send_all(cx, next)
    }

    /// Takes in what has come; says whether there may be more.
    fn receive(&mut self, cx: &mut Context<'_>) -> bool {
        let Self {
            socket,
            server,
            association,
            ..
        } = self;
        let now = now();
        let received = socket.poll_receive(cx, |source, datagram| {
            if (source.ip(), source.port()) == (server.ip(), server.port()) {
                association.receive(now, datagram);
            }
        });
        // An error tells of a datagram sent earlier that could not be delivered.
        received.is_ready()
    }

    /// Ends the transactions of the calls that have ended.
    fn complete(&mut self) {
        let Some(first) = self.association.next_end() else {
            return;
        };
        let mut state = self.shared.lock();
        let mut next = Some(first);
        while let Some((id, ended)) = next {
            if let Some(xid) = leave(&mut self.in_flight, id) {
                let ended = match ended {
                    datagram::Ended::Reply(message) => Ended::Reply(message),
                    datagram::Ended::Failed(failure) => Ended::Failed(failure),
                };
                if self.association.was_begun_again(id) {
                    state.transactions.transmitted(xid);
                }
                self.wakers.extend(state.transactions.end(xid, ended));
            }
            next = self.association.next_end();
        }
        drop(state);
        self.wake_callers();
    }

    /// Ends the transactions that have no reply and whose calls were sent.
    fn complete_sent(&mut self) {
        if self.without_reply.is_empty() {
            return;
        }
        let mut state = self.shared.lock();
        let was_sent = |&mut (id, _): &mut (CallId, Xid)| self.association.was_sent(id);
        for (_, xid) in self.without_reply.extract_if(.., was_sent) {
            self.wakers.extend(state.transactions.sent(xid));
        }
        drop(state);
        self.wake_callers();
    }

    fn wake_callers(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// A runtime that ends drops the task: the callers, which may be elsewhere, must hear of it.
impl Drop for Pump {
    fn drop(&mut self) {
        let fault = Arc::new(io::Error::other("the task of the client was dropped"));
        let mut state = self.shared.lock();
        state.transactions.end_all(&fault, &mut self.wakers);
        state.ended = Some(fault);
        drop(state);
        self.wake_callers();
    }
}

/// Notes the transaction of a call.
fn enter(in_flight: &mut Vec<Option<(CallId, Xid)>>, id: CallId, xid: Xid) {
    let Ok(place) = usize::try_from(id.activity) else {
        return;
    };
    if in_flight.len() <= place {
        in_flight.resize(place + 1, None);
    }
    if let Some(entry) = in_flight.get_mut(place) {
        *entry = Some((id, xid));
    }
}

/// The transaction of a call that has ended.
fn leave(in_flight: &mut [Option<(CallId, Xid)>], id: CallId) -> Option<Xid> {
    let place = usize::try_from(id.activity).ok()?;
    let entry = in_flight.get_mut(place)?;
    entry
        .take_if(|(entered, _)| *entered == id)
        .map(|(_, xid)| xid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_are_given_up_do_not_pile_up() {
        let shared = Shared::new(([192, 0, 2, 1], 700).into(), usize::MAX);
        let start = || {
            let xid = shared.open(CallKind::AtMostOnce).unwrap();
            let message = Message::new(Peer::Memory, Bytes::new());
            shared.submit(xid, &message, CallOptions::default());
            xid
        };
        let kept: Vec<Xid> = (0..100).map(|_| start()).collect();
        for _ in 0..10_000 {
            shared.give_up(start());
        }
        let state = shared.lock();
        assert!(state.queue.len() <= 2 * (kept.len() + 1) + QUEUE_MIN + 1);
        assert!(state.given_up.is_empty(), "none of them was begun");
        let queued = state.queue.iter().map(|call| call.xid);
        let alive: Vec<Xid> = queued.filter(|xid| kept.contains(xid)).collect();
        assert_eq!(alive, kept, "all of them, in their order");
    }
}
