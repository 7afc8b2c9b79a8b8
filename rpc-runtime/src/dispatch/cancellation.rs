//! How services learn that nobody waits for their results any more.

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    task::{Context as TaskContext, Poll, Waker},
};

use crate::{
    datagram::CallToken,
    sync::{Arc, AtomicBool, Mutex, MutexGuard, Ordering, PoisonError},
};

/// The calls of one connection or socket, as they can be cancelled: all together when it ends, and
/// those by reliable datagrams one by one.
///
/// All calls of a connection share one. So a call costs one more count of references, and nothing is
/// allocated or locked for it unless it comes by reliable datagrams and is not answered at once, or
/// its service asks.
#[derive(Debug, Default)]
pub struct Cancellation {
    /// Whether all calls are cancelled.
    all: AtomicBool,
    /// Whether no reply can be sent any more.
    is_closed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Calls by reliable datagrams that were not answered at once, and whether they were cancelled.
    calls: BTreeMap<CallToken, bool>,
    /// Who waits for the end of a call, by number.
    waiting: BTreeMap<u64, Waiting>,
    last: u64,
}

#[derive(Debug)]
struct Waiting {
    token: Option<CallToken>,
    waker: Waker,
}

impl Cancellation {
    /// Cancels all calls, and says that there will be no reply to any of them.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.cancel_all();
    }

    /// Cancels all calls, those to come too.
    pub fn cancel_all(&self) {
        let mut state = self.lock();
        self.all.store(true, Ordering::Release);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for one in waiting.into_values() {
            one.waker.wake();
        }
    }

    /// Takes note of a call that was not answered at once, so that it can be cancelled alone.
    pub fn enter(&self, token: CallToken) {
        self.lock().calls.insert(token, false);
    }

    /// Forgets a call that has ended.
    pub fn leave(&self, token: CallToken) {
        self.lock().calls.remove(&token);
    }

    /// Cancels a call, unless it has ended.
    pub fn cancel(&self, token: CallToken) {
        let mut state = self.lock();
        let Some(is_cancelled) = state.calls.get_mut(&token) else {
            return;
        };
        *is_cancelled = true;
        let mut wakers = Vec::new();
        state.waiting.retain(|_, one| {
            let goes_on = one.token != Some(token);
            wakers.extend((!goes_on).then(|| one.waker.clone()));
            goes_on
        });
        drop(state);
        for waker in wakers {
            waker.wake();
        }
    }

    /// Whether a call was cancelled.
    pub(super) fn is_cancelled(&self, token: Option<CallToken>) -> bool {
        self.all.load(Ordering::Acquire) || token.is_some_and(|token| self.lock().has(token))
    }

    /// Whether nobody can have the result of a call, or wants it. A peer that sends no more may.
    pub(super) fn is_in_vain(&self, token: Option<CallToken>) -> bool {
        self.is_closed.load(Ordering::Acquire) || token.is_some_and(|token| self.lock().has(token))
    }

    /// The state; a panic while it was locked has left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether this call was cancelled.
    fn has(&self, token: CallToken) -> bool {
        self.calls.get(&token) == Some(&true)
    }
}

/// The future that ends when a call is cancelled: [`Context::cancelled`](super::Context::cancelled).
#[must_use = "a future does nothing unless it is awaited"]
pub struct Cancelled {
    /// Nothing where the call cannot be cancelled.
    cancellation: Option<Arc<Cancellation>>,
    token: Option<CallToken>,
    /// Under which number this future waits.
    number: Option<u64>,
}

impl Cancelled {
    pub(super) fn new(cancellation: Option<Arc<Cancellation>>, token: Option<CallToken>) -> Self {
        Self {
            cancellation,
            token,
            number: None,
        }
    }
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let Self {
            cancellation,
            token,
            number,
        } = &mut *self;
        let Some(cancellation) = cancellation else {
            return Poll::Pending;
        };
        let mut state = cancellation.lock();
        // Under the lock: what is cancelled from here on finds the waker.
        if cancellation.all.load(Ordering::Acquire) || token.is_some_and(|token| state.has(token)) {
            return Poll::Ready(());
        }
        let number = *number.get_or_insert_with(|| {
            state.last += 1;
            state.last
        });
        let (token, waker) = (*token, cx.waker().clone());
        let before = state.waiting.insert(number, Waiting { token, waker });
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let (Some(cancellation), Some(number)) = (&self.cancellation, self.number) {
            let before = cancellation.lock().waiting.remove(&number);
            drop(before);
        }
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").finish_non_exhaustive()
    }
}
