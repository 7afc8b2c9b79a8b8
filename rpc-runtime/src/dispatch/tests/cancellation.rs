//! What services learn of the end of their calls.

use super::*;
use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::Wake,
};

const ONE: CallToken = CallToken {
    client_id: 1,
    activity: 2,
    seq: 3,
};
const OTHER: CallToken = CallToken { seq: 4, ..ONE };

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn cancelled(cancellation: &Arc<Cancellation>, token: CallToken) -> Cancelled {
    Cancelled::new(Some(Arc::clone(cancellation)), Some(token))
}

#[test]
fn a_call_is_cancelled_alone_and_all_with_their_connection() {
    let cancellation = Arc::new(Cancellation::default());
    cancellation.enter(ONE);
    cancellation.enter(OTHER);
    let counter = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&counter));
    let mut cx = TaskContext::from_waker(&waker);
    let mut one = pin!(cancelled(&cancellation, ONE));
    let mut other = pin!(cancelled(&cancellation, OTHER));
    for _ in 0..2 {
        assert!(one.as_mut().poll(&mut cx).is_pending());
        assert!(other.as_mut().poll(&mut cx).is_pending());
    }
    cancellation.cancel(ONE);
    assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    assert!(one.as_mut().poll(&mut cx).is_ready());
    assert!(other.as_mut().poll(&mut cx).is_pending());
    assert!(!cancellation.is_cancelled(Some(OTHER)));
    cancellation.cancel_all();
    assert_eq!(counter.0.load(Ordering::Relaxed), 2);
    assert!(other.as_mut().poll(&mut cx).is_ready());
    assert!(cancellation.is_cancelled(None));
}

#[test]
fn nothing_is_left_of_calls_that_have_ended_nor_of_those_who_waited() {
    let cancellation = Arc::new(Cancellation::default());
    cancellation.cancel(ONE);
    assert!(!cancellation.is_cancelled(Some(ONE)), "it has not begun");
    cancellation.enter(ONE);
    let mut cx = TaskContext::from_waker(Waker::noop());
    let mut waiting = Box::pin(cancelled(&cancellation, ONE));
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    cancellation.leave(ONE);
    cancellation.cancel(ONE);
    drop(waiting);
    let left = format!("{cancellation:?}");
    assert!(left.contains("calls: {}, waiting: {}"), "{left}");
}
