//! Transactions on a virtual clock.

use super::*;
use crate::{
    AcceptStat, Peer, ReplyHeader,
    retransmission::{INITIAL_TIMEOUT, TIMEOUT_MAX, TIMEOUT_MIN},
};
use std::{
    sync::atomic::AtomicUsize,
    task::{Poll, Wake},
    time::Duration,
};
use xdr::Encoder;

const DEADLINE: Duration = Duration::from_secs(30);

/// Counts how often it was woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn reply(xid: Xid) -> Bytes {
    let mut encoder = Encoder::new();
    let header = ReplyHeader::accepted(xid, AcceptStat::Success);
    encoder.encode(&header).unwrap();
    encoder.finish()
}

fn call(xid: Xid) -> Message {
    Message::new(Peer::Memory, Bytes::copy_from_slice(&xid.0.to_be_bytes()))
}

/// Transactions with the clock and everything else that they need.
struct World {
    transactions: Transactions,
    xids: XidSequence,
    now: Instant,
}

impl World {
    fn new(transactions: Transactions) -> Self {
        Self {
            transactions,
            xids: XidSequence::new(u32::MAX - 5),
            now: Instant::now(),
        }
    }

    fn open(&mut self) -> Xid {
        let deadline = self.now + DEADLINE;
        self.transactions
            .open(&self.xids, deadline, CallKind::AtMostOnce)
            .unwrap()
    }

    fn send(&mut self) -> Xid {
        let xid = self.open();
        assert!(self.transactions.transmit(xid, &call(xid), self.now));
        xid
    }

    fn poll(&mut self, xid: Xid) -> Poll<Completion> {
        self.transactions.poll(xid, Waker::noop())
    }

    /// Puts the clock forward to the next time-out; gives the xids of the calls sent again.
    fn time_out(&mut self) -> Vec<Xid> {
        self.now = self.transactions.next_timeout().unwrap();
        let mut again = VecDeque::new();
        self.transactions
            .expire(self.now, &mut again, &mut Vec::new());
        again.iter().filter_map(Message::xid).collect()
    }
}

#[test]
fn timeouts_of_calls_that_have_ended_are_forgotten_on_request() {
    let mut world = World::new(Transactions::unreliable(1));
    let answered = world.send();
    world.now += Duration::from_millis(500);
    let running = world.send();
    let stale = world.transactions.next_timeout().unwrap();
    let now = world.now;
    world.transactions.receive(reply(answered), now);
    assert_eq!(world.transactions.next_timeout(), Some(stale));
    let refreshed = world.transactions.refreshed_timeout().unwrap();
    assert!(stale < refreshed && refreshed >= now + INITIAL_TIMEOUT);
    world.transactions.close(running);
    assert_eq!(world.transactions.refreshed_timeout(), None);
}

#[test]
fn reply_ends_its_call_only() {
    let mut world = World::new(Transactions::reliable());
    let (first, second) = (world.send(), world.send());
    assert!(world.poll(first).is_pending());
    assert!(world.poll(second).is_pending());
    let waker = world.transactions.receive(reply(second), world.now);
    assert!(waker.is_some());
    assert!(world.poll(first).is_pending());
    let Poll::Ready(completion) = world.poll(second) else {
        panic!("it was answered");
    };
    assert!(matches!(completion.ended, Ended::Reply(message) if message == reply(second)));
    assert_eq!(completion.transmissions, 1);
    assert_eq!(world.transactions.in_flight(), 1);
}

#[test]
fn caller_is_woken_once() {
    let mut world = World::new(Transactions::reliable());
    let xid = world.send();
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(Arc::clone(&counter));
    assert!(world.transactions.poll(xid, &waker).is_pending());
    assert!(world.transactions.poll(xid, &waker).is_pending());
    for _ in 0..2 {
        if let Some(waker) = world.transactions.receive(reply(xid), world.now) {
            waker.wake();
        }
    }
    assert_eq!(counter.0.load(Ordering::Relaxed), 1);
}

#[test]
fn stale_replies_are_dropped() {
    let mut world = World::new(Transactions::reliable());
    let given_up = world.send();
    world.transactions.close(given_up);
    // Until a call has the slot of the one that was given up.
    let successor = loop {
        let xid = world.send();
        if xid.0 % 8 == given_up.0 % 8 {
            break xid;
        }
        world.transactions.close(xid);
    };
    assert!(
        world
            .transactions
            .receive(reply(given_up), world.now)
            .is_none()
    );
    assert!(world.poll(successor).is_pending());
    world.transactions.close(given_up);
    assert_eq!(world.transactions.in_flight(), 1);
    world.transactions.receive(reply(successor), world.now);
    assert!(world.poll(successor).is_ready());
    assert_eq!(world.transactions.in_flight(), 0);
}

#[test]
fn messages_that_are_no_reply_are_dropped() {
    let mut world = World::new(Transactions::reliable());
    let xid = world.send();
    let mut wrong_type = reply(xid).to_vec();
    wrong_type[7] = 0;
    for message in [wrong_type, reply(xid)[..7].to_vec(), Vec::new()] {
        world.transactions.receive(message.into(), world.now);
        assert!(world.poll(xid).is_pending());
    }
}

#[test]
fn table_grows_and_keeps_every_call() {
    let mut world = World::new(Transactions::reliable());
    let open: Vec<Xid> = (0..1000).map(|_| world.send()).collect();
    for &xid in open.iter().rev() {
        world.transactions.receive(reply(xid), world.now);
        assert!(world.poll(xid).is_ready());
    }
    assert_eq!(world.transactions.in_flight(), 0);
    assert_eq!(world.transactions.slots.len(), 2048);
}

#[test]
fn calls_in_flight_are_limited() {
    let mut world = World::new(Transactions::reliable());
    let first = world.open();
    for _ in 1..CALLS_IN_FLIGHT_MAX {
        world.open();
    }
    let deadline = world.now + DEADLINE;
    let outcome = world
        .transactions
        .open(&world.xids, deadline, CallKind::AtMostOnce);
    assert_eq!(outcome, None);
    world.transactions.close(first);
    world.open();
}

#[test]
fn xids_do_not_repeat_while_others_are_held() {
    let mut world = World::new(Transactions::reliable());
    let held: Vec<Xid> = (0..100).map(|_| world.open()).collect();
    let first = world.open();
    world.transactions.close(first);
    let calls = 1 << 20;
    for _ in 0..calls {
        let xid = world.open();
        world.transactions.close(xid);
    }
    let last = world.open();
    let used = last.0.wrapping_sub(first.0);
    assert!(used < 2 * (calls + 1), "{used} numbers for {calls} calls");
    assert_eq!(world.transactions.in_flight(), held.len() + 1);
}

#[test]
fn deadline_ends_a_call() {
    let mut world = World::new(Transactions::reliable());
    let (sent, queued) = (world.send(), world.open());
    assert_eq!(
        world.transactions.next_timeout(),
        Some(world.now + DEADLINE)
    );
    assert!(world.time_out().is_empty());
    for (xid, expected) in [(sent, 1), (queued, 0)] {
        let Poll::Ready(completion) = world.poll(xid) else {
            panic!("its deadline has come");
        };
        assert!(matches!(completion.ended, Ended::DeadlineExceeded));
        assert_eq!(completion.transmissions, expected);
    }
    assert_eq!(world.transactions.next_timeout(), None);
}

#[test]
fn call_that_ended_before_it_was_sent_is_not_sent() {
    let mut world = World::new(Transactions::reliable());
    let (given_up, expired) = (world.open(), world.open());
    world.transactions.close(given_up);
    world.time_out();
    for xid in [given_up, expired] {
        assert!(!world.transactions.transmit(xid, &call(xid), world.now));
    }
}

#[test]
fn lost_connection_ends_all_calls() {
    let mut world = World::new(Transactions::reliable());
    let (sent, queued, in_transport) = (world.send(), world.open(), world.send());
    world.transactions.not_transmitted(in_transport);
    let fault = Arc::new(io::ErrorKind::ConnectionReset.into());
    world.transactions.end_all(&fault, &mut Vec::new());
    for (xid, expected) in [(sent, 1), (queued, 0), (in_transport, 0)] {
        let Poll::Ready(completion) = world.poll(xid) else {
            panic!("its connection is lost");
        };
        assert!(matches!(completion.ended, Ended::ConnectionLost(_)));
        assert_eq!(completion.transmissions, expected);
    }
}

#[test]
fn retransmission_backs_off_until_the_deadline() {
    let mut world = World::new(Transactions::unreliable(1));
    let start = world.now;
    let xid = world.send();
    let mut timeout = INITIAL_TIMEOUT;
    let mut sent_at = start;
    let mut transmissions = 1;
    loop {
        let again = world.time_out();
        if again.is_empty() {
            break;
        }
        assert_eq!(again, [xid]);
        let waited = world.now - sent_at;
        assert!(timeout <= waited && waited < timeout * 9 / 8, "{waited:?}");
        (timeout, sent_at) = ((timeout * 2).min(TIMEOUT_MAX), world.now);
        transmissions += 1;
    }
    assert_eq!(world.now - start, DEADLINE);
    let Poll::Ready(completion) = world.poll(xid) else {
        panic!("its deadline has come");
    };
    assert!(matches!(completion.ended, Ended::DeadlineExceeded));
    assert_eq!(completion.transmissions, transmissions);
    assert!(transmissions >= 9, "1, 2 and then every 4 seconds");
}

#[test]
fn round_trips_shorten_the_timeout() {
    let mut world = World::new(Transactions::unreliable(1));
    for _ in 0..20 {
        let xid = world.send();
        world.now += Duration::from_millis(1);
        world.transactions.receive(reply(xid), world.now);
        assert!(world.poll(xid).is_ready());
    }
    let (xid, sent_at) = (world.send(), world.now);
    // Time-outs of calls that were answered come to nothing.
    while world.time_out() != [xid] {}
    assert!(world.now - sent_at < TIMEOUT_MIN * 9 / 8);
}

#[test]
fn reply_to_a_retransmission_is_no_sample() {
    let mut world = World::new(Transactions::unreliable(1));
    let xid = world.send();
    assert_eq!(world.time_out(), [xid]);
    world.transactions.receive(reply(xid), world.now);
    assert!(matches!(world.poll(xid), Poll::Ready(done) if done.transmissions == 2));
    let (xid, sent_at) = (world.send(), world.now);
    while world.time_out() != [xid] {}
    assert!(
        world.now - sent_at >= 2 * INITIAL_TIMEOUT,
        "still backed off"
    );
}

#[test]
fn copies_that_the_transport_did_not_take() {
    let mut world = World::new(Transactions::unreliable(1));
    let first = world.send();
    assert!(world.transactions.not_transmitted(first), "not sent yet");
    let timeout = world.transactions.next_timeout();
    assert!(timeout.is_some(), "that of its first transmission");
    assert!(
        world.time_out().is_empty(),
        "nothing was sent, so not again"
    );
    assert!(world.transactions.transmit(first, &call(first), world.now));
    assert_eq!(world.time_out(), [first]);
    assert!(!world.transactions.not_transmitted(first), "sent before");
    world.transactions.receive(reply(first), world.now);
    assert!(!world.transactions.not_transmitted(first), "it has ended");
    assert!(matches!(world.poll(first), Poll::Ready(done) if done.transmissions == 1));
}

#[test]
fn call_without_a_reply_ends_when_it_was_sent() {
    let mut world = World::new(Transactions::unreliable(1));
    let deadline = world.now + DEADLINE;
    let opened = world
        .transactions
        .open(&world.xids, deadline, CallKind::Maybe);
    let xid = opened.unwrap();
    assert!(world.transactions.ends_when_sent(xid));
    assert!(world.poll(xid).is_pending());
    assert!(world.transactions.transmit(xid, &call(xid), world.now));
    assert_eq!(
        world.transactions.next_timeout(),
        Some(deadline),
        "no copy follows"
    );
    assert!(world.transactions.receive(reply(xid), world.now).is_none());
    assert!(
        world.poll(xid).is_pending(),
        "a reply is no sign of anything"
    );
    world.transactions.sent(xid);
    let Poll::Ready(completion) = world.poll(xid) else {
        panic!("it was sent");
    };
    assert!(matches!(completion.ended, Ended::Sent));
    assert_eq!(completion.transmissions, 1);
    assert_eq!(world.transactions.in_flight(), 0);
    assert!(
        world.transactions.receive(reply(xid), world.now).is_none(),
        "a late reply"
    );
}

#[test]
fn call_without_a_reply_that_the_transport_does_not_take() {
    let mut world = World::new(Transactions::reliable());
    let deadline = world.now + DEADLINE;
    let opened = world
        .transactions
        .open(&world.xids, deadline, CallKind::Maybe);
    let xid = opened.unwrap();
    assert!(world.transactions.transmit(xid, &call(xid), world.now));
    assert!(world.transactions.not_transmitted(xid));
    assert_eq!(world.time_out(), []);
    let Poll::Ready(completion) = world.poll(xid) else {
        panic!("its deadline has come");
    };
    assert!(matches!(completion.ended, Ended::DeadlineExceeded));
    assert_eq!(completion.transmissions, 0);
}

/// Calls over a transport that connects again, one of each kind, all of them sent.
fn interrupted(mut transactions: Transactions, keeps_address: bool) -> (Vec<Xid>, Vec<Ended>) {
    let xids = XidSequence::new(0);
    let now = Instant::now();
    for kind in [CallKind::AtMostOnce, CallKind::Idempotent, CallKind::Maybe] {
        let xid = transactions.open(&xids, now + DEADLINE, kind).unwrap();
        assert!(transactions.transmit(xid, &call(xid), now));
    }
    let unsent = transactions.open(&xids, now + DEADLINE, CallKind::AtMostOnce);
    let fault = Arc::new(io::Error::from(io::ErrorKind::ConnectionReset));
    let (mut again, mut wakers) = (Vec::new(), Vec::new());
    transactions.interrupt(&fault, keeps_address, &mut again, &mut wakers);
    // While they wait, another attempt may fail; nothing is queued twice.
    let mut once_more = Vec::new();
    transactions.interrupt(&fault, keeps_address, &mut once_more, &mut wakers);
    assert!(once_more.is_empty());
    assert!(transactions.is_running(unsent.unwrap()), "it waits");
    let ended = (0..3).filter_map(|xid| {
        let ended = transactions.poll(Xid(xid), Waker::noop());
        let Poll::Ready(completion) = ended else {
            return None;
        };
        assert_eq!(completion.transmissions, 1);
        Some(completion.ended)
    });
    let ended = ended.collect();
    for (xid, message) in &again {
        assert_eq!(message.to_bytes(), call(*xid).to_bytes(), "the same bytes");
        assert!(transactions.transmit(*xid, message, now));
        assert!(
            transactions.not_transmitted(*xid),
            "to be handed over again"
        );
        assert!(transactions.transmit(*xid, message, now));
        transactions.receive(reply(*xid), now);
        let Poll::Ready(completion) = transactions.poll(*xid, Waker::noop()) else {
            panic!("it was answered");
        };
        assert_eq!(completion.transmissions, 2);
    }
    (again.into_iter().map(|(xid, _)| xid).collect(), ended)
}

#[test]
fn only_what_may_be_executed_again_is_sent_again() {
    let (again, ended) = interrupted(Transactions::reliable(), true);
    assert_eq!((again, ended.len()), (vec![Xid(1)], 2));
    let (again, ended) = interrupted(Transactions::replaying(), false);
    assert_eq!((again, ended.len()), (vec![Xid(1)], 2), "another address");
    let (again, ended) = interrupted(Transactions::replaying(), true);
    assert_eq!((again, ended.len()), (vec![Xid(0), Xid(1)], 1));
}

#[test]
fn a_replay_that_the_server_would_not_recognize_is_not_made() {
    let xids = XidSequence::new(0);
    let now = Instant::now();
    let mut transactions = Transactions::replaying();
    let kind = CallKind::AtMostOnce;
    let xid = transactions.open(&xids, now + DEADLINE, kind).unwrap();
    transactions.transmit(xid, &call(xid), now);
    let fault = Arc::new(io::Error::from(io::ErrorKind::AddrInUse));
    let (mut again, mut wakers) = (Vec::new(), Vec::new());
    transactions.interrupt(&fault, true, &mut again, &mut wakers);
    assert_eq!(again.len(), 1);
    // The port was refused meanwhile.
    transactions.interrupt(&fault, false, &mut again, &mut wakers);
    assert!(!transactions.transmit(xid, &call(xid), now));
    let Poll::Ready(completion) = transactions.poll(xid, Waker::noop()) else {
        panic!("it has ended");
    };
    assert!(matches!(completion.ended, Ended::ConnectionLost(_)));
    assert_eq!(completion.transmissions, 1);
}

#[test]
fn a_call_that_found_no_connection_says_why() {
    let xids = XidSequence::new(0);
    let now = Instant::now();
    let mut transactions = Transactions::reliable();
    let kind = CallKind::AtMostOnce;
    let xid = transactions.open(&xids, now + DEADLINE, kind).unwrap();
    let fault = Arc::new(io::Error::from(io::ErrorKind::ConnectionRefused));
    let (mut again, mut wakers) = (Vec::new(), Vec::new());
    transactions.interrupt(&fault, false, &mut again, &mut wakers);
    transactions.expire(now + DEADLINE, &mut VecDeque::new(), &mut wakers);
    let Poll::Ready(completion) = transactions.poll(xid, Waker::noop()) else {
        panic!("its deadline has come");
    };
    assert!(matches!(completion.ended, Ended::ConnectionLost(_)));
    assert_eq!(completion.transmissions, 0);
}
