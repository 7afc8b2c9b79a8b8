//! What the threads of a client share, and what is to be done next.

use std::{
    collections::VecDeque,
    io, mem,
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use super::{
    clock::Clock,
    connect::{Connected, Target},
    link::{Framing, Input, Output, PATIENCE_MIN},
    socket::Socket,
};
use crate::{
    Message, Xid,
    observe::{ClientCall, ClientConnection},
    retransmission::ReconnectDelay,
    transaction::{Completion, Transactions},
};

/// How long a thread waits for one direction of a connection while another thread has the other in
/// hand, and may leave it.
const SLICE: Duration = Duration::from_millis(20);

/// Time without input after which a connection is looked at before more is sent: calls in a row need not pay
/// for it, and beside others it is nothing.
const UNHEARD_MAX: Duration = Duration::from_micros(50);

/// Queued calls that may have been given up before it is worth looking for them.
const QUEUE_MIN: usize = 64;

/// The calls of a client and its connection.
#[derive(Debug)]
pub(super) struct State {
    /// Who waits for which call, and how it ended.
    pub(super) transactions: Transactions,
    link: Link,
    framing: Framing,
    /// Calls that no output has taken over yet.
    queue: VecDeque<(Xid, Message)>,
    /// Copies of calls that are due; only where messages may be lost.
    again: VecDeque<Message>,
    /// Calls that end when what was taken over is sent.
    without_reply: Vec<Xid>,
    /// Threads that sleep while another looks after the connection, by a call that each waits for.
    followers: VecDeque<(Xid, Waker)>,
    /// Threads to wake once nothing is locked.
    pub(super) woken: Vec<Waker>,
    /// When something came in last.
    heard_at: Instant,
    delay: ReconnectDelay,
    observed: ClientConnection,
    /// Where the next connection leads, and where it is made from.
    pub(super) target: Target,
}

#[derive(Debug)]
enum Link {
    Up(Ends),
    /// The connection was lost. Who has something to send makes the next, not before this time.
    Down(Instant),
    /// A thread connects.
    Connecting,
}

/// A connection, without the directions that a thread has in hand.
#[derive(Debug)]
struct Ends {
    socket: Arc<Socket>,
    input: Option<Box<Input>>,
    output: Option<Box<Output>>,
    /// Why it has ended.
    fault: Option<io::Error>,
}

impl Ends {
    fn new(socket: Socket, framing: Framing) -> Self {
        let socket = Arc::new(socket);
        Self {
            input: Some(Box::new(Input::new(Arc::clone(&socket), framing))),
            output: Some(Box::new(Output::new(Arc::clone(&socket), framing))),
            socket,
            fault: None,
        }
    }

    /// What is to be done when there is nothing to send, or it cannot be sent: for so long at the most.
    fn next_step(&mut self, limit: Option<Duration>) -> Step {
        let slice = limit.map_or(SLICE, |limit| limit.min(SLICE));
        match (self.input.take(), self.output.take()) {
            // Everything is sent, or the same wait tells when more can be.
            (Some(input), Some(output)) => {
                let is_blocked = output.is_blocked;
                self.output = Some(output);
                Step::Hear(input, is_blocked, limit.unwrap_or(SLICE))
            }
            (Some(input), None) => Step::Hear(input, false, slice),
            (None, Some(output)) if output.is_blocked => Step::AwaitOutput(output, slice),
            (None, output) => {
                self.output = output;
                Step::Follow(limit)
            }
        }
    }

    /// Notes that the connection has ended, and lets all who wait at it see that.
    fn fail(&mut self, fault: io::Error) {
        self.socket.shut_down();
        self.fault.get_or_insert(fault);
    }
}

/// What a thread waits for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal<'a> {
    /// That one of these calls ends.
    Ended(&'a [Xid]),
    /// That a call is sent, or that others see to it, or that it has to wait for a connection.
    Sent(Xid),
}

/// What a thread has reached.
#[derive(Debug)]
pub(super) enum Reached {
    No,
    Sent,
    /// The end of the call at this place among those it waits for.
    Ended(usize, Completion),
}

/// What a thread is to do next, with nothing locked.
#[derive(Debug)]
pub(super) enum Step {
    /// To look again: something was done.
    Again,
    /// To wait until more can be sent.
    AwaitOutput(Box<Output>, Duration),
    /// To wait for input and, if that is said, until more can be sent.
    Hear(Box<Input>, bool, Duration),
    /// To connect.
    Connect,
    /// To sleep until another thread has news, for so long at the most.
    Follow(Option<Duration>),
}

impl State {
    pub(super) fn new(target: Target, connected: Connected, transactions: Transactions) -> Self {
        let framing = target.framing();
        Self {
            transactions,
            link: Link::Up(Ends::new(connected.socket, framing)),
            framing,
            queue: VecDeque::new(),
            again: VecDeque::new(),
            without_reply: Vec::new(),
            followers: VecDeque::new(),
            woken: Vec::new(),
            heard_at: Instant::now(),
            delay: ReconnectDelay::new(fastrand::u64(..)),
            observed: ClientConnection::new(connected.peer),
            target,
        }
    }

    /// Queues the call of an open transaction.
    pub(super) fn submit(&mut self, xid: Xid, message: Message, observed: &ClientCall) {
        self.observed.enter(xid, observed);
        let transactions = &mut self.transactions;
        if self.queue.len() > 2 * transactions.in_flight() + QUEUE_MIN {
            self.queue.retain(|(xid, _)| transactions.is_running(*xid));
        }
        self.queue.push_back((xid, message));
    }

    /// Frees a transaction that nobody waits for any more.
    pub(super) fn give_up(&mut self, xid: Xid) {
        self.transactions.close(xid);
        self.observed.leave(xid);
    }

    /// Hands the queued calls to the output, and gives it if it has something to send.
    ///
    /// This comes before any thread leaves: what others have queued meanwhile relies on it.
    pub(super) fn next_to_send(&mut self, clock: &mut Clock) -> Option<Box<Output>> {
        let Link::Up(ends) = &mut self.link else {
            return None;
        };
        if ends.fault.is_some() {
            return None;
        }
        let output = ends.output.as_mut().filter(|output| !output.is_broken)?;
        while !output.is_full() {
            let message = if let Some(copy) = self.again.pop_front() {
                copy
            } else if let Some((xid, message)) = self.queue.pop_front() {
                if !self.transactions.transmit(xid, &message, clock.now()) {
                    continue;
                }
                if self.transactions.ends_when_sent(xid) {
                    self.without_reply.push(xid);
                }
                self.observed.sent(message.len());
                message
            } else {
                break;
            };
            if let Err(fault) = output.push(message) {
                ends.fail(fault);
                return None;
            }
        }
        if output.is_empty() || output.is_blocked {
            return None;
        }
        ends.output.take()
    }

    /// Whether the goal is reached.
    pub(super) fn reached(&mut self, goal: Goal<'_>, clock: &mut Clock) -> Reached {
        match goal {
            Goal::Ended(xids) => {
                for (place, xid) in xids.iter().enumerate() {
                    if let Some(ended) = self.transactions.take(*xid) {
                        self.observed.leave(*xid);
                        return Reached::Ended(place, ended);
                    }
                }
                Reached::No
            }
            Goal::Sent(xid) if self.is_passed_on(xid, clock) => Reached::Sent,
            Goal::Sent(_) => Reached::No,
        }
    }

    /// Whether nothing can be done for the sending of a call now, or it has ended.
    fn is_passed_on(&mut self, xid: Xid, clock: &mut Clock) -> bool {
        if !self.transactions.is_running(xid) {
            return true;
        }
        match &self.link {
            Link::Connecting => true,
            Link::Down(not_before) => clock.now() < *not_before,
            Link::Up(ends) => ends.output.as_ref().is_none_or(|output| {
                if ends.fault.is_some() || output.is_broken {
                    // Whoever has the input in hand sees to the next connection.
                    return ends.input.is_none();
                }
                output.is_empty() && self.queue.is_empty()
            }),
        }
    }

    /// The input, if nobody has looked at it for so long that the server may have ended the
    /// connection meanwhile: a call that is sent after that may have been executed, for all that its
    /// caller can know.
    pub(super) fn unheard(&mut self, now: Instant) -> Option<Box<Input>> {
        let Link::Up(ends) = &mut self.link else {
            return None;
        };
        let is_idle = now.saturating_duration_since(self.heard_at) > UNHEARD_MAX;
        ends.input.take_if(|_| is_idle)
    }

    /// What is to be done next.
    pub(super) fn next_step(&mut self, clock: &mut Clock) -> Step {
        if self.expire(clock) || self.recover(clock) {
            return Step::Again;
        }
        let limit = self.limit(clock);
        match &mut self.link {
            Link::Up(ends) => ends.next_step(limit),
            Link::Down(not_before) if !self.queue.is_empty() => {
                let pause = not_before.saturating_duration_since(clock.now());
                if pause.is_zero() {
                    self.link = Link::Connecting;
                    return Step::Connect;
                }
                Step::Follow(Some(limit.map_or(pause, |limit| limit.min(pause))))
            }
            Link::Down(_) | Link::Connecting => Step::Follow(limit),
        }
    }

    /// How long nothing is due. Where that is not long, it may be so for the sake of calls that have
    /// ended, and is worth a second look: short waits cost more.
    fn limit(&mut self, clock: &mut Clock) -> Option<Duration> {
        let soon = clock.now() + 2 * PATIENCE_MIN;
        let mut timeout = self.transactions.next_timeout();
        if timeout.is_some_and(|at| at < soon) {
            timeout = self.transactions.refreshed_timeout();
        }
        timeout.map(|at| at.saturating_duration_since(clock.now()))
    }

    /// Ends the calls whose deadline has come, and has others sent again; says whether any was due.
    fn expire(&mut self, clock: &mut Clock) -> bool {
        let is_due = |timeout: Instant| timeout <= clock.now();
        if !self.transactions.next_timeout().is_some_and(is_due) {
            return false;
        }
        let now = clock.now();
        let waiting = self.again.len();
        self.transactions
            .expire(now, &mut self.again, &mut self.woken);
        self.observed.sent_again(self.again.iter().skip(waiting));
        true
    }

    /// Ends the calls that were lost with a connection, once no thread has a part of it in hand.
    fn recover(&mut self, clock: &mut Clock) -> bool {
        let Link::Up(ends) = &mut self.link else {
            return false;
        };
        if ends.input.is_none() || ends.output.is_none() {
            return false;
        }
        let Some(fault) = ends.fault.take() else {
            return false;
        };
        if self.target.keeps_address() {
            ends.socket.abort_at_end();
        }
        self.without_reply.clear();
        self.lost(fault, clock);
        true
    }

    /// Takes note that there is no connection: calls of which nothing was sent, and those that may be
    /// sent again, wait for the next.
    fn lost(&mut self, fault: io::Error, clock: &mut Clock) {
        self.observed.lost(&fault);
        let fault = Arc::new(fault);
        let mut again = Vec::new();
        let keeps_address = self.target.keeps_address();
        self.transactions
            .interrupt(&fault, keeps_address, &mut again, &mut self.woken);
        for (xid, _) in &again {
            self.observed.will_be_sent_again(*xid);
        }
        let queued = mem::take(&mut self.queue);
        self.queue = again.into_iter().chain(queued).collect();
        self.link = Link::Down(clock.now() + self.delay.next_delay());
    }

    /// Takes the output back from the thread that has sent.
    pub(super) fn sent(&mut self, output: Box<Output>) {
        if output.is_empty() {
            for xid in self.without_reply.drain(..) {
                self.woken.extend(self.transactions.sent(xid));
            }
        }
        if let Link::Up(ends) = &mut self.link {
            ends.output = Some(output);
        }
    }

    /// Takes the input back from the thread that has heard, and ends the calls that it answers.
    pub(super) fn heard(
        &mut self,
        mut input: Box<Input>,
        outcome: io::Result<bool>,
        clock: &mut Clock,
    ) {
        self.heard_at = clock.now();
        let taken = outcome.and_then(|can_send| {
            while let Some(message) = input.next_message()? {
                self.observed.received(message.len());
                self.woken
                    .extend(self.transactions.receive(message, self.heard_at));
                self.delay.answered();
            }
            Ok(can_send)
        });
        let Link::Up(ends) = &mut self.link else {
            return;
        };
        ends.input = Some(input);
        match taken {
            Err(fault) => ends.fail(fault),
            Ok(true) => {
                if let Some(output) = &mut ends.output {
                    output.is_blocked = false;
                }
            }
            Ok(false) => {}
        }
    }

    /// Takes note of an attempt to connect.
    pub(super) fn connected(&mut self, connected: io::Result<Connected>, clock: &mut Clock) {
        self.target.tried(&connected);
        match connected {
            Ok(connected) => {
                self.link = Link::Up(Ends::new(connected.socket, self.framing));
            }
            Err(error) => self.lost(error, clock),
        }
    }

    /// Has a thread woken when one of its calls ends, or when it has to look after the connection.
    pub(super) fn follow(&mut self, goal: Goal<'_>, waker: &Waker) {
        let xids = match goal {
            Goal::Ended(xids) => xids,
            Goal::Sent(_) => &[],
        };
        for xid in xids {
            // A goal that is reached is noticed before a thread follows.
            let _ = self.transactions.poll(*xid, waker);
        }
        if let Some(first) = xids.first() {
            self.followers.push_back((*first, waker.clone()));
        }
    }

    /// Takes note that a thread sleeps no more.
    pub(super) fn awake(&mut self, waker: &Waker) {
        self.followers.retain(|(_, other)| !other.will_wake(waker));
    }

    /// Has another thread look after the connection, unless one does: this one leaves.
    pub(super) fn hand_over(&mut self) {
        if self.followers.is_empty() || self.is_looked_after() {
            return;
        }
        // A thread whose call has ended is awake, and comes here in its turn.
        let transactions = &mut self.transactions;
        let next = self
            .followers
            .iter()
            .position(|(xid, _)| transactions.is_running(*xid));
        if let Some((_, waker)) = self.followers.remove(next.unwrap_or_default()) {
            self.woken.push(waker);
        }
    }

    /// Whether some thread has the input in hand, or connects.
    fn is_looked_after(&self) -> bool {
        match &self.link {
            Link::Connecting => true,
            Link::Down(_) => false,
            Link::Up(ends) => ends.input.is_none(),
        }
    }
}
