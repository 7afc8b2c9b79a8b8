//! The hand-off between the callers of a client and its task: each call that is submitted is taken
//! once, its caller is woken, and a call that is given up leaves nothing behind.

use std::{
    future::poll_fn,
    io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use shuttle::thread;

use crate::{
    Peer, check, check_fails, now,
    observe::ClientCall,
    parker::block_on,
    shared::Shared,
    transaction::{CallKind, Ended, Transactions},
};

type Calls = Shared<u32>;

fn shared() -> Arc<Calls> {
    Arc::new(Shared::new(Peer::Memory, 1 << 20, Transactions::reliable()))
}

/// What the task does when it is woken: ends each call that waits; is ready once nobody can call.
fn turn(shared: &Calls, cx: &Context<'_>, misses_wake_ups: bool) -> Poll<()> {
    let mut state = shared.lock();
    let queue = std::mem::take(&mut state.queue);
    let mut wakers = Vec::new();
    for (xid, _) in &queue {
        state.transactions.transmitted(*xid);
        wakers.extend(state.transactions.end(*xid, Ended::Sent));
    }
    state.given_up.clear();
    let is_closed = state.is_closed;
    if misses_wake_ups {
        // What comes now finds no waker, and is not seen before there is one.
        drop(state);
        thread::yield_now();
        state = shared.lock();
    }
    state.wakes(cx);
    drop(state);
    for waker in wakers {
        waker.wake();
    }
    if is_closed {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

fn start_task(shared: &Arc<Calls>, misses_wake_ups: bool) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        block_on(poll_fn(|cx| turn(&shared, cx, misses_wake_ups)));
    })
}

/// Makes a call, and waits for its end.
fn call(shared: &Calls) {
    let deadline = now() + Duration::from_secs(60);
    let xid = shared.open(deadline, CallKind::AtMostOnce).unwrap();
    shared.submit(xid, 1, &ClientCall);
    let completion = block_on(poll_fn(|cx| shared.poll(xid, cx.waker())));
    assert!(matches!(completion.ended, Ended::Sent));
    assert_eq!(completion.transmissions, 1, "it was taken once");
}

/// One caller makes one call.
fn caller_is_woken(misses_wake_ups: bool) {
    let shared = shared();
    let task = start_task(&shared, misses_wake_ups);
    call(&shared);
    shared.close();
    task.join().unwrap();
}

/// Two callers make two calls each.
fn callers_are_woken() {
    let shared = shared();
    let task = start_task(&shared, false);
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || (0..2).for_each(|_| call(&shared)))
    };
    (0..2).for_each(|_| call(&shared));
    other.join().unwrap();
    shared.close();
    task.join().unwrap();
    assert_eq!(shared.lock().transactions.in_flight(), 0);
}

/// A call is given up while the task may be at it; another one ends.
fn cancelled_call_leaves_nothing_behind() {
    let shared = shared();
    let task = start_task(&shared, false);
    let deadline = now() + Duration::from_secs(60);
    let xid = shared.open(deadline, CallKind::AtMostOnce).unwrap();
    shared.submit(xid, 1, &ClientCall);
    shared.cancel(xid);
    call(&shared);
    shared.close();
    task.join().unwrap();
    assert_eq!(shared.lock().transactions.in_flight(), 0);
}

/// The task ends while calls come: each of them ends, or is not begun.
fn calls_end_with_their_task() {
    let shared = shared();
    let caller = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let deadline = now() + Duration::from_secs(60);
            let Ok(xid) = shared.open(deadline, CallKind::AtMostOnce) else {
                return;
            };
            shared.submit(xid, 1, &ClientCall);
            let completion = block_on(poll_fn(|cx| shared.poll(xid, cx.waker())));
            assert!(matches!(completion.ended, Ended::ConnectionLost(_)));
        })
    };
    let fault = Arc::new(io::Error::from(io::ErrorKind::BrokenPipe));
    let mut wakers = Vec::new();
    let mut state = shared.lock();
    state.ended = Some(Arc::clone(&fault));
    state.transactions.end_all(&fault, &mut wakers);
    drop(state);
    for waker in wakers {
        waker.wake();
    }
    caller.join().unwrap();
}

#[test]
fn f11_callers_are_woken() {
    check(callers_are_woken);
    check(|| caller_is_woken(false));
}

#[test]
fn f11_cancelled_call_leaves_nothing_behind() {
    check(cancelled_call_leaves_nothing_behind);
}

#[test]
fn f11_calls_end_with_their_task() {
    check(calls_end_with_their_task);
}

/// They can fail: a task that looks first and says later how to wake it sleeps through a call.
#[test]
fn f11_task_that_misses_a_wake_up_is_noticed() {
    check_fails(|| caller_is_woken(true));
}
