//! The task that runs a client's connection.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io, mem,
    ops::ControlFlow,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use super::{
    give_way, now,
    shared::{Shared, State},
    state::ConnectionState,
    timer::Timer,
    transport::{Recovery, Transport},
};
use crate::{Message, Received, Xid, transaction::Transactions};

/// Times that a connection goes round before it lets other tasks run.
const TURNS_MAX: usize = 32;

/// The transactions that suit a transport.
pub(super) fn transactions(transport: &impl Transport) -> Transactions {
    if transport.is_reliable() {
        Transactions::reliable()
    } else {
        Transactions::unreliable(fastrand::u64(..))
    }
}

/// Begins a connection on this transport.
pub(super) fn spawn<T: Transport>(
    transport: T,
    transactions: Transactions,
) -> Arc<Shared<Message>> {
    let shared = Shared::new(transport.peer(), transport.message_max(), transactions);
    let shared = Arc::new(shared);
    let mut connection = Connection {
        shared: Arc::clone(&shared),
        transport,
        taken: Vec::new(),
        outgoing: VecDeque::new(),
        without_reply: Vec::new(),
        received: VecDeque::new(),
        wakers: Vec::new(),
        timer: Timer::default(),
        attempts: None,
    };
    tokio::spawn(poll_fn(move |cx| {
        let polled = connection.poll(cx);
        connection.note_attempts();
        polled
    }));
    shared
}

/// A client's end of a connection.
struct Connection<T: Transport> {
    shared: Arc<Shared<Message>>,
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
    /// How often the transport has tried to connect again, as was said last.
    attempts: Option<u32>,
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
                            self.shared.lock().observed.lost(&fault);
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

    /// Says what has become of the connection, if that is new.
    fn note_attempts(&mut self) {
        let attempts = self.transport.attempts();
        if attempts == self.attempts {
            return;
        }
        self.attempts = attempts;
        if self.shared.lock().ended.is_none() {
            self.shared.note(match attempts {
                None => ConnectionState::Connected,
                Some(0) => ConnectionState::Lost,
                Some(attempt) => ConnectionState::Connecting { attempt },
            });
        }
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
                    state.observed.sent(message.len());
                    self.outgoing.push_back(message);
                    if state.transactions.ends_when_sent(xid) {
                        self.without_reply.push(xid);
                    }
                }
            }
        }
        state.wakes(cx);
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
            state.observed.received(received.message.len());
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
        state.observed.sent_again(self.outgoing.iter());
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
        state.observed.lost(&fault);
        for (xid, _) in again {
            state.observed.will_be_sent_again(*xid);
        }
        self.queue_first(&mut state);
        drop(state);
        self.wake_callers();
    }

    /// Puts what the transport has not taken back into the queue.
    fn take_back(&mut self, state: &mut State<Message>) {
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
    fn queue_first(&mut self, state: &mut State<Message>) {
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
        state.ended = Some(Arc::clone(&fault));
        let is_closed = state.is_closed;
        drop(state);
        if !is_closed {
            self.shared.note(ConnectionState::Ended(fault));
        }
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
    use crate::{Peer, Procedure, Program, net::shared::QUEUE_MIN, transaction::CallKind};
    use bytes::Bytes;
    use std::time::Duration;

    #[test]
    fn messages_of_calls_that_are_given_up_do_not_pile_up() {
        let shared = Shared::new(Peer::Memory, usize::MAX, Transactions::reliable());
        let deadline = Instant::now() + Duration::from_secs(1000);
        let start = || {
            let xid = shared.open(deadline, CallKind::AtMostOnce).unwrap();
            let procedure = Procedure::new(Program::new("Calc", 7), 1, 1, "add");
            let observed = shared.observe(&procedure);
            shared.submit(xid, Message::new(Peer::Memory, Bytes::new()), &observed);
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
