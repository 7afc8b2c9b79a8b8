//! A client's end of the reliable datagram protocol: the task that runs an association.

use std::{
    collections::{HashSet, VecDeque},
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
    let shared = Arc::new(Shared {
        peer: Peer::Reliable {
            address: peer,
            call: None,
        },
        message_max: usize::try_from(settings.message_max).unwrap_or(usize::MAX),
        state: Mutex::new(State {
            transactions: Transactions::reliable(),
            queue: VecDeque::new(),
            given_up: Vec::new(),
            waker: None,
            is_closed: false,
            ended: None,
        }),
    });
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
    /// Calls that nobody waits for any more, which the server may hear of.
    given_up: Vec<Xid>,
    /// Wakes the task; taken by the first call that it has to send.
    waker: Option<Waker>,
    /// Nobody can call any more.
    is_closed: bool,
    /// Why the task ended.
    ended: Option<Arc<io::Error>>,
}

/// A call that was not begun.
#[derive(Debug)]
struct Queued {
    xid: Xid,
    message: Bytes,
    options: CallOptions,
}

impl Shared {
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
            state.queue.push_back(Queued {
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
        let is_running = state.transactions.is_running(xid);
        state.transactions.close(xid);
        if is_running {
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
    /// Calls that end when everything is sent.
    without_reply: Vec<Xid>,
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
        if state.is_closed {
            return ControlFlow::Break(());
        }
        let deadlines = state.queue.iter().filter_map(|call| call.options.deadline);
        self.waiting_until = deadlines.chain(self.waiting_until).min();
        self.waiting.append(&mut state.queue);
        let given_up = mem::take(&mut state.given_up);
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        self.cancel(given_up);
        self.begin(&mut state.transactions);
        drop(state);
        self.wake_callers();
        ControlFlow::Continue(())
    }

    fn cancel(&mut self, given_up: Vec<Xid>) {
        if given_up.is_empty() {
            return;
        }
        let given_up: HashSet<Xid> = given_up.into_iter().collect();
        self.waiting.retain(|call| !given_up.contains(&call.xid));
        for (id, xid) in self.in_flight.iter().flatten() {
            if given_up.contains(xid) {
                self.association.cancel(now(), *id);
            }
        }
    }

    /// Begins the calls that wait, in their order.
    fn begin(&mut self, transactions: &mut Transactions) {
        let now = now();
        if self.waiting_until.is_some_and(|until| until <= now) {
            self.end_late(transactions, now);
        }
        while let Some(call) = self.waiting.front() {
            let (xid, message) = (call.xid, call.message.clone());
            match self.association.start(now, message, call.options) {
                Ok(id) => {
                    transactions.transmitted(xid);
                    enter(&mut self.in_flight, id, xid);
                    if transactions.ends_when_sent(xid) {
                        self.without_reply.push(xid);
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
                self.wakers.extend(state.transactions.end(xid, ended));
            }
            next = self.association.next_end();
        }
        drop(state);
        self.wake_callers();
    }

    /// Ends the transactions that have no reply, once everything was sent.
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
