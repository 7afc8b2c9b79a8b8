//! The latch that ends calls: who waits for it is woken, whenever it is set.

use shuttle::{sync::Arc, thread};

use crate::{
    cancellation::{Cancellation, Cancelled},
    check,
    datagram::CallToken,
    parker::block_on,
};

const ONE: CallToken = CallToken {
    client_id: 1,
    activity: 2,
    seq: 3,
};
const OTHER: CallToken = CallToken { seq: 4, ..ONE };

/// A call waits for its end while it, another and all of its connection are cancelled.
fn who_waits_is_woken() {
    let cancellation = Arc::new(Cancellation::default());
    cancellation.enter(ONE);
    cancellation.enter(OTHER);
    let waiting: Vec<_> = [ONE, OTHER]
        .map(|token| {
            let cancellation = Arc::clone(&cancellation);
            thread::spawn(move || {
                let cancelled = Cancelled::new(Some(Arc::clone(&cancellation)), Some(token));
                block_on(cancelled);
                assert!(cancellation.is_cancelled(Some(token)));
            })
        })
        .into();
    let cancelling = {
        let cancellation = Arc::clone(&cancellation);
        thread::spawn(move || cancellation.cancel(ONE))
    };
    cancellation.close();
    cancelling.join().unwrap();
    for thread in waiting {
        thread.join().unwrap();
    }
    assert!(cancellation.is_in_vain(Some(ONE)));
}

/// A call that is cancelled alone is woken alone.
fn one_call_is_cancelled() {
    let cancellation = Arc::new(Cancellation::default());
    cancellation.enter(ONE);
    let waiting = {
        let cancelled = Cancelled::new(Some(Arc::clone(&cancellation)), Some(ONE));
        thread::spawn(move || block_on(cancelled))
    };
    cancellation.cancel(ONE);
    waiting.join().unwrap();
    assert!(!cancellation.is_cancelled(Some(OTHER)));
}

#[test]
fn f11_who_waits_for_the_end_of_a_call_is_woken() {
    check(who_waits_is_woken);
}

#[test]
fn f11_one_call_is_cancelled() {
    check(one_call_is_cancelled);
}
