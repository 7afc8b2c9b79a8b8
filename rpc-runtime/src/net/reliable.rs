//! A client's end of the reliable datagram protocol: the task that runs an association.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io, mem,
    net::SocketAddr,
    ops::ControlFlow,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    datagram_socket::DatagramSocket,
    give_way, now,
    shared::{Shared, State, may_be_forgotten},
    state::ConnectionState,
    timer::Timer,
};
use crate::{
    Outcome, Peer, Xid,
    datagram::{
        self, CallId, CallOptions, ClientAssociation, ClientSettings, Failure, Reason, StartFailure,
    },
    transaction::{Ended, Transactions},
};

/// Times that a client goes round before it lets other tasks run.
const TURNS_MAX: usize = 32;

/// A deadline that never comes, for transactions: the association keeps those of its calls.
pub(super) const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// Begins an association with the server at an address.
///
/// # Errors
///
/// There is no way to the address, or the operating system has no random numbers.
pub(super) async fn connect(peer: SocketAddr) -> io::Result<Arc<Shared<Request>>> {
    let socket = DatagramSocket::towards(peer).await?;
    let settings = ClientSettings::default();
    let message_max = usize::try_from(settings.message_max).unwrap_or(usize::MAX);
    let peer_of_calls = Peer::Reliable {
        address: peer,
        call: None,
    };
    let shared = Shared::new(peer_of_calls, message_max, Transactions::reliable());
    let shared = Arc::new(shared);
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

/// A call that was not begun.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) message: Bytes,
    pub(super) options: CallOptions,
}

/// The task of an association.
struct Pump {
    shared: Arc<Shared<Request>>,
    socket: DatagramSocket,
    server: SocketAddr,
    association: ClientAssociation,
    /// The transactions of the calls, by their activities.
    in_flight: Vec<Option<(CallId, Xid)>>,
    /// Calls that no activity is free for.
    waiting: VecDeque<(Xid, Request)>,
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
        let queued = state.queue.iter();
        let deadlines = queued.filter_map(|(_, call)| call.options.deadline);
        self.waiting_until = deadlines.chain(self.waiting_until).min();
        self.waiting.extend(state.queue.drain(..));
        if may_be_forgotten(self.waiting.len(), &state.transactions) {
            let transactions = &mut state.transactions;
            self.waiting
                .retain(|(xid, _)| transactions.is_running(*xid));
        }
        state.wakes(cx);
        self.cancel(&given_up);
        self.begin(&mut state);
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
    fn begin(&mut self, state: &mut State<Request>) {
        let (transactions, observed) = (&mut state.transactions, &mut state.observed);
        let now = now();
        if self.waiting_until.is_some_and(|until| until <= now) {
            self.end_late(transactions, now);
        }
        while let Some((xid, call)) = self.waiting.front() {
            let (xid, message) = (*xid, call.message.clone());
            let len = message.len();
            if !transactions.is_running(xid) {
                self.waiting.pop_front();
                continue;
            }
            match self.association.start(now, message, call.options) {
                Ok(id) => {
                    transactions.transmitted(xid);
                    observed.sent(len);
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
        self.waiting.retain(|(xid, call)| {
            let is_late = call
                .options
                .deadline
                .is_some_and(|deadline| deadline <= now);
            if is_late {
                wakers.extend(transactions.end(*xid, Ended::DeadlineExceeded));
            }
            !is_late
        });
        let waiting = self.waiting.iter();
        let deadlines = waiting.filter_map(|(_, call)| call.options.deadline);
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
        let next = || Some(((*server).into(), association.next_transmit(now)?));
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
        let received = socket.poll_receive(cx, |path, datagram| {
            let source = path.remote;
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
                    datagram::Ended::Reply(message) => {
                        state.observed.received(message.len());
                        Ended::Reply(message)
                    }
                    datagram::Ended::Failed(failure) => Ended::Failed(failure),
                };
                if self.association.was_begun_again(id) {
                    state.transactions.transmitted(xid);
                    state.observed.will_be_sent_again(xid);
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
        state.ended = Some(Arc::clone(&fault));
        let is_closed = state.is_closed;
        drop(state);
        if !is_closed {
            self.shared.note(ConnectionState::Ended(fault));
        }
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
    use crate::{Procedure, Program, net::shared::QUEUE_MIN, transaction::CallKind};

    #[test]
    fn calls_that_are_given_up_do_not_pile_up() {
        let shared = Shared::new(Peer::Memory, usize::MAX, Transactions::reliable());
        let start = || {
            let deadline = now() + NEVER;
            let xid = shared.open(deadline, CallKind::AtMostOnce).unwrap();
            let request = Request {
                message: Bytes::new(),
                options: CallOptions::default(),
            };
            let procedure = Procedure::new(Program::new("Calc", 7), 1, 1, "add");
            shared.submit(xid, request, &shared.observe(&procedure));
            xid
        };
        let kept: Vec<Xid> = (0..100).map(|_| start()).collect();
        for _ in 0..10_000 {
            shared.cancel(start());
        }
        let state = shared.lock();
        assert!(state.queue.len() <= 2 * (kept.len() + 1) + QUEUE_MIN + 1);
        assert!(state.given_up.is_empty(), "none of them was begun");
        let queued = state.queue.iter().map(|&(xid, _)| xid);
        let alive: Vec<Xid> = queued.filter(|xid| kept.contains(xid)).collect();
        assert_eq!(alive, kept, "all of them, in their order");
    }
}
