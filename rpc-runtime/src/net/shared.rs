//! What the callers of a client and the task that carries their calls share.

use std::{
    io,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

use tokio::sync::watch;

use super::{
    now,
    state::{ConnectionState, ConnectionStates},
};
use crate::{
    CallErrorKind, Peer, Procedure, Xid,
    observe::{self, ClientCall, ClientConnection},
    sync::{Mutex, MutexGuard, PoisonError},
    transaction::{CallKind, Completion, Transactions, XidSequence},
};

/// Queued calls that may have been given up before it is worth looking for them.
pub(super) const QUEUE_MIN: usize = 64;

/// What the callers and the task share; `C` is a call as the task takes it.
#[derive(Debug)]
pub(super) struct Shared<C> {
    peer: Peer,
    message_max: usize,
    connection: watch::Sender<ConnectionState>,
    observed: observe::Client,
    state: Mutex<State<C>>,
}

#[derive(Debug)]
pub(super) struct State<C> {
    /// Who waits for which call, and how it ended.
    pub(super) transactions: Transactions,
    /// Calls that the task has not taken over yet.
    pub(super) queue: Vec<(Xid, C)>,
    /// Calls that were begun and cancelled: the server may hear of them.
    pub(super) given_up: Vec<Xid>,
    /// Wakes the task; taken by the first call that it has to send.
    waker: Option<Waker>,
    /// Nobody can call any more.
    pub(super) is_closed: bool,
    /// Why the task ended.
    pub(super) ended: Option<Arc<io::Error>>,
    pub(super) observed: ClientConnection,
}

impl<C> State<C> {
    /// Has the task woken by the next call.
    pub(super) fn wakes(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }
}

/// Whether most of so many calls that wait may be ones that nobody waits for any more: a task that
/// takes nothing for a long time must not make a queue grow without end.
pub(super) fn may_be_forgotten(queued: usize, transactions: &Transactions) -> bool {
    queued > 2 * transactions.in_flight() + QUEUE_MIN
}

impl<C> Shared<C> {
    pub(super) fn new(peer: Peer, message_max: usize, transactions: Transactions) -> Self {
        Self {
            peer,
            message_max,
            connection: watch::Sender::new(ConnectionState::Connected),
            observed: observe::Client::new(now),
            state: Mutex::new(State {
                transactions,
                queue: Vec::new(),
                given_up: Vec::new(),
                waker: None,
                is_closed: false,
                ended: None,
                observed: ClientConnection::new(peer),
            }),
        }
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    /// What becomes of the connection.
    pub(super) fn connection(&self) -> ConnectionState {
        self.connection.borrow().clone()
    }

    /// What will become of the connection.
    pub(super) fn connections(&self) -> ConnectionStates {
        ConnectionStates(self.connection.subscribe())
    }

    /// Says what has become of the connection.
    pub(super) fn note(&self, connection: ConnectionState) {
        self.connection.send_replace(connection);
    }

    /// Bytes that a call may have.
    pub(super) fn message_max(&self) -> usize {
        self.message_max
    }

    /// A call begins, as it is seen from outside.
    pub(super) fn observe(&self, procedure: &Procedure) -> ClientCall {
        self.observed.begin(procedure, self.peer)
    }

    /// Opens a transaction.
    pub(super) fn open(&self, deadline: Instant, kind: CallKind) -> Result<Xid, CallErrorKind> {
        let mut state = self.lock();
        if let Some(fault) = &state.ended {
            return Err(CallErrorKind::ConnectionLost(Arc::clone(fault)));
        }
        let xids = XidSequence::of_process(|| fastrand::u32(..));
        let xid = state.transactions.open(xids, deadline, kind);
        xid.ok_or(CallErrorKind::TooManyCalls)
    }

    /// Queues the call of an open transaction.
    pub(super) fn submit(&self, xid: Xid, call: C, observed: &ClientCall) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.observed.enter(xid, observed);
        // A task that has ended meanwhile has ended the transaction too.
        if state.ended.is_none() {
            let transactions = &mut state.transactions;
            if may_be_forgotten(state.queue.len(), transactions) {
                state.queue.retain(|(xid, _)| transactions.is_running(*xid));
            }
            state.queue.push((xid, call));
        }
        wake(guard);
    }

    /// The end of a transaction.
    pub(super) fn poll(&self, xid: Xid, waker: &Waker) -> Poll<Completion> {
        let mut state = self.lock();
        let completion = ready!(state.transactions.poll(xid, waker));
        state.observed.leave(xid);
        Poll::Ready(completion)
    }

    /// Frees a transaction.
    pub(super) fn give_up(&self, xid: Xid) {
        let mut state = self.lock();
        state.transactions.close(xid);
        state.observed.leave(xid);
    }

    /// Frees a transaction, and has the task hear of it if its call was begun.
    pub(super) fn cancel(&self, xid: Xid) {
        let mut state = self.lock();
        let has_begun = state.transactions.was_transmitted(xid);
        state.transactions.close(xid);
        state.observed.leave(xid);
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
    pub(super) fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the task, if it sleeps, after giving it what it would wait for.
fn wake<C>(mut state: MutexGuard<'_, State<C>>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
