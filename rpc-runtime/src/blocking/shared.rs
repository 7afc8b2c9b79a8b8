//! How the threads of a client take turns at its connection.
//!
//! Whoever waits for a reply, and finds nobody at it, takes the input and reads for all: it ends
//! the calls that are answered, and wakes their threads. When its own call has ended it leaves, and
//! wakes a thread that goes on in its place. Whoever has something to send takes the output, if it
//! is there, and sends for all. Nothing is locked while a thread sends or waits, so that a single
//! thread pays for the others with a few uncontended locks.

use std::{
    mem,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::{
    clock::Clock,
    connect::{Connected, Target},
    in_flight::InFlight,
    link::{Framing, Input, Output},
    state::{Goal, Reached, State, Step},
};
use crate::{
    CallErrorKind, Message, Peer, Procedure, Xid,
    observe::{self, ClientCall},
    transaction::{CallKind, Completion, Transactions, XidSequence},
};

/// How long a thread sleeps at the most before it looks whether another forgot it.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// What all clones of a client share.
#[derive(Debug)]
pub(super) struct Shared {
    peer: Peer,
    message_max: usize,
    observed: observe::Client,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn new(target: Target, connected: Connected) -> Self {
        let transactions = match target.framing() {
            Framing::Datagrams => Transactions::unreliable(fastrand::u64(..)),
            Framing::Records { .. } if target.keeps_address() => Transactions::replaying(),
            Framing::Records { .. } => Transactions::reliable(),
        };
        Self {
            peer: connected.peer,
            message_max: target.message_max(),
            observed: observe::Client::new(Instant::now),
            state: Mutex::new(State::new(target, connected, transactions)),
        }
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer
    }

    /// Bytes that a call may have.
    pub(super) fn message_max(&self) -> usize {
        self.message_max
    }

    /// Opens a transaction.
    pub(super) fn open(&self, deadline: Instant, kind: CallKind) -> Result<Xid, CallErrorKind> {
        let xids = XidSequence::of_process(|| fastrand::u32(..));
        let xid = self.lock().transactions.open(xids, deadline, kind);
        xid.ok_or(CallErrorKind::TooManyCalls)
    }

    /// A call begins, as it is seen from outside.
    pub(super) fn observe(&self, procedure: &Procedure) -> ClientCall {
        self.observed.begin(procedure, self.peer)
    }

    /// Frees a transaction.
    pub(super) fn give_up(&self, xid: Xid) {
        self.lock().give_up(xid);
    }

    /// Has a call sent: at once, where the server takes it.
    pub(super) fn send<S>(&self, call: &InFlight<S>, message: Message, now: Instant)
    where
        S: Deref<Target = Self>,
    {
        let mut state = self.lock();
        state.submit(call.xid, message, &call.observed);
        self.run(state, Turn::new(Goal::Sent(call.xid), call.deadline, now));
    }

    /// Sends a call, and waits for its end.
    pub(super) fn call<S>(&self, call: &InFlight<S>, message: Message, now: Instant) -> Completion
    where
        S: Deref<Target = Self>,
    {
        let (xid, deadline) = (call.xid, call.deadline);
        let mut state = self.lock();
        state.submit(xid, message, &call.observed);
        match self.run(state, Turn::new(Goal::Ended(&[xid]), deadline, now)) {
            Some((_, completion)) => completion,
            None => self.end_of(xid, deadline),
        }
    }

    /// Waits for the end of a call.
    pub(super) fn end_of(&self, xid: Xid, deadline: Instant) -> Completion {
        loop {
            if let Some((_, completion)) = self.wait(&[xid], deadline, None) {
                return completion;
            }
        }
    }

    /// Waits for the end of one of these calls, until this time if there is one, and gives its place
    /// among them.
    pub(super) fn wait(
        &self,
        xids: &[Xid],
        deadline: Instant,
        until: Option<Instant>,
    ) -> Option<(usize, Completion)> {
        let mut turn = Turn::new(Goal::Ended(xids), deadline, Instant::now());
        turn.until = until;
        self.run(self.lock(), turn)
    }

    fn run<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        mut turn: Turn<'_>,
    ) -> Option<(usize, Completion)> {
        if let Some(input) = state.unheard(turn.clock.now()) {
            state = self.hear(state, &mut turn, input, false, Duration::ZERO);
        }
        loop {
            if let Some(output) = state.next_to_send(&mut turn.clock) {
                state = self.send_from(state, output);
                continue;
            }
            let reached = state.reached(turn.goal, &mut turn.clock);
            if !matches!(reached, Reached::No) || turn.has_run_out() {
                state.hand_over();
                unlock(state);
                return match reached {
                    Reached::Ended(place, completion) => Some((place, completion)),
                    Reached::Sent | Reached::No => None,
                };
            }
            state = match state.next_step(&mut turn.clock) {
                Step::Again => state,
                Step::AwaitOutput(output, limit) => {
                    self.await_output(state, &mut turn, output, limit)
                }
                Step::Hear(input, awaits_output, limit) => {
                    self.hear(state, &mut turn, input, awaits_output, limit)
                }
                Step::Connect => self.connect(state, &mut turn),
                Step::Follow(limit) => self.follow(state, &mut turn, limit),
            };
        }
    }

    fn send_from<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        mut output: Box<Output>,
    ) -> MutexGuard<'a, State> {
        unlock(state);
        output.send();
        let mut state = self.lock();
        state.sent(output);
        state
    }

    fn await_output<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        turn: &mut Turn<'_>,
        mut output: Box<Output>,
        limit: Duration,
    ) -> MutexGuard<'a, State> {
        unlock(state);
        output.wait(turn.at_most(limit));
        turn.clock.has_waited();
        let mut state = self.lock();
        state.sent(output);
        state
    }

    fn hear<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        turn: &mut Turn<'_>,
        mut input: Box<Input>,
        awaits_output: bool,
        limit: Duration,
    ) -> MutexGuard<'a, State> {
        unlock(state);
        let limit = turn.at_most(limit);
        let outcome = if awaits_output {
            input.hear_or_send(true, limit)
        } else {
            input.hear(limit).map(|()| false)
        };
        turn.clock.has_waited();
        let mut state = self.lock();
        state.heard(input, outcome, &mut turn.clock);
        state
    }

    fn connect<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        turn: &mut Turn<'_>,
    ) -> MutexGuard<'a, State> {
        let target = state.target.clone();
        unlock(state);
        let left = turn.deadline.saturating_duration_since(turn.clock.now());
        let connected = target.connect(left);
        turn.clock.has_waited();
        let mut state = self.lock();
        state.connected(connected, &mut turn.clock);
        state
    }

    /// Sleeps until there is news.
    fn follow<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        turn: &mut Turn<'_>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        let waker = waker_of_this_thread();
        state.follow(turn.goal, &waker);
        unlock(state);
        thread::park_timeout(turn.at_most(limit.unwrap_or(SLEEP_MAX)));
        turn.clock.has_waited();
        let mut state = self.lock();
        state.awake(&waker);
        state
    }

    /// The state; a panic while it was locked has left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes those who have news, once nothing is locked.
fn unlock(mut state: MutexGuard<'_, State>) {
    if state.woken.is_empty() {
        return;
    }
    let woken = mem::take(&mut state.woken);
    drop(state);
    woken.into_iter().for_each(Waker::wake);
}

/// One thread's time at the connection.
struct Turn<'a> {
    goal: Goal<'a>,
    /// How long it may take to connect.
    deadline: Instant,
    /// When the thread leaves, whether its goal is reached or not.
    until: Option<Instant>,
    clock: Clock,
}

impl<'a> Turn<'a> {
    fn new(goal: Goal<'a>, deadline: Instant, now: Instant) -> Self {
        Self {
            goal,
            deadline,
            until: None,
            clock: Clock::at(now),
        }
    }

    fn has_run_out(&mut self) -> bool {
        self.until.is_some_and(|until| until <= self.clock.now())
    }

    /// The time to wait, less what goes beyond the turn.
    fn at_most(&mut self, limit: Duration) -> Duration {
        match self.until {
            None => limit,
            Some(until) => limit.min(until.saturating_duration_since(self.clock.now())),
        }
    }
}

/// Wakes a thread that follows.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn waker_of_this_thread() -> Waker {
    thread_local! {
        static WAKER: Waker = Waker::from(Arc::new(Unpark(thread::current())));
    }
    WAKER
        .try_with(Waker::clone)
        .unwrap_or_else(|_| Waker::from(Arc::new(Unpark(thread::current()))))
}
