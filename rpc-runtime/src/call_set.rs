use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Times that calls are asked for their results before other tasks run.
const ASKED_MAX: usize = 256;

/// Waits for all of these calls; gives what came of each, in the order of the calls.
///
/// All of them are under way together, as each is since it was started. Dropping the future gives
/// them all up.
///
/// ```
/// # use std::future::ready;
/// # struct Calc;
/// # impl Calc {
/// #     fn func1(&self, arg1: i32) -> std::future::Ready<rpc_runtime::CallResult<i32>> {
/// #         ready(Ok(2 * arg1))
/// #     }
/// # }
/// # async fn example(calc: Calc) -> Result<(), rpc_runtime::CallError> {
/// let doubled = rpc_runtime::all((1..4).map(|number| calc.func1(number))).await;
/// let doubled: Vec<i32> = doubled.into_iter().collect::<Result<_, _>>()?;
/// assert_eq!(doubled, [2, 4, 6]);
/// # Ok(()) }
/// ```
pub async fn all<F: Future + Unpin>(calls: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut calls = CallSet::from_iter(calls);
    let mut ended = BTreeMap::new();
    while let Some((number, result)) = calls.next().await {
        ended.insert(number, result);
    }
    ended.into_values().collect()
}

/// Waits for the first of these calls that ends, well or not; gives its place among them and what
/// came of it. The others are given up. Of no calls, none is the first.
///
/// Where the others are to go on, or the first that brings a result is wanted, a [`CallSet`] gives
/// one after the other.
pub async fn first<F: Future + Unpin>(
    calls: impl IntoIterator<Item = F>,
) -> Option<(usize, F::Output)> {
    CallSet::from_iter(calls).next().await
}

/// Calls on their way, whose results are taken in the order in which they come.
///
/// It takes the futures that an asynchronous client gives, and any others. Those that are left when
/// it is dropped are given up.
///
/// ```
/// # use std::future::ready;
/// # struct Calc;
/// # impl Calc {
/// #     fn func1(&self, arg1: i32) -> std::future::Ready<rpc_runtime::CallResult<i32>> {
/// #         ready(Ok(2 * arg1))
/// #     }
/// # }
/// # async fn example(nearby: Calc, far: Calc) -> Option<i32> {
/// // The first server that answers will do.
/// let mut calls = rpc_runtime::CallSet::from_iter([nearby.func1(21), far.func1(21)]);
/// while let Some((_, result)) = calls.next().await {
///     if let Ok(result) = result {
///         return Some(result);
///     }
/// }
/// None
/// # }
/// ```
pub struct CallSet<F> {
    /// By number. Numbers are not used again.
    calls: BTreeMap<usize, Member<F>>,
    next: usize,
    woken: Arc<Mutex<Woken>>,
}

struct Member<F> {
    call: F,
    bell: Arc<Bell>,
    /// The bell, as the call takes it.
    waker: Waker,
}

/// What the wakers of all calls of a set have in common.
#[derive(Default)]
struct Woken {
    /// Calls that may have ended; only these are asked.
    numbers: VecDeque<usize>,
    /// The task that waits for the next.
    task: Option<Waker>,
}

/// Wakes a set for one of its calls.
struct Bell {
    number: usize,
    /// Whether the number waits in `woken` already.
    has_rung: AtomicBool,
    woken: Arc<Mutex<Woken>>,
}

impl<F> CallSet<F> {
    /// A set without calls.
    #[must_use]
    pub fn new() -> Self {
        Self {
            calls: BTreeMap::new(),
            next: 0,
            woken: Arc::default(),
        }
    }

    /// Adds a call; gives the number that [`next`](Self::next) will name it by. Numbers count from
    /// 0, in the order of adding.
    pub fn push(&mut self, call: F) -> usize {
        let number = self.next;
        self.next += 1;
        let bell = Arc::new(Bell {
            number,
            has_rung: AtomicBool::new(false),
            woken: Arc::clone(&self.woken),
        });
        // Nobody has asked it yet: it may have ended.
        bell.wake_by_ref();
        let waker = Waker::from(Arc::clone(&bell));
        let member = Member { call, bell, waker };
        self.calls.insert(number, member);
        number
    }

    /// The calls that have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether all calls have ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a call out of the set, if it has not ended. Dropping it gives it up.
    pub fn remove(&mut self, number: usize) -> Option<F> {
        let member = self.calls.remove(&number)?;
        lock(&self.woken).numbers.retain(|woken| *woken != number);
        Some(member.call)
    }
}

impl<F: Future + Unpin> CallSet<F> {
    /// The next call that ends, by its number, and what came of it; `None` once there is none left.
    ///
    /// Dropping the future loses nothing: the calls go on.
    pub async fn next(&mut self) -> Option<(usize, F::Output)> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`next`](Self::next), for code that polls.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        for _ in 0..ASKED_MAX {
            if self.calls.is_empty() {
                return Poll::Ready(None);
            }
            let Some(number) = self.next_woken(cx) else {
                return Poll::Pending;
            };
            // Calls that have ended or were taken out may wake the set once more.
            let Some(member) = self.calls.get_mut(&number) else {
                continue;
            };
            // From here on it rings again: what happens while it is asked is not missed.
            member.bell.has_rung.store(false, Ordering::Release);
            let mut context = Context::from_waker(&member.waker);
            if let Poll::Ready(result) = Pin::new(&mut member.call).poll(&mut context) {
                self.calls.remove(&number);
                return Poll::Ready(Some((number, result)));
            }
        }
        // One that wakes itself each time it is asked would never let anything else run.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// A call that may have ended; without one, has this task woken by the next.
    fn next_woken(&self, cx: &Context<'_>) -> Option<usize> {
        let mut woken = lock(&self.woken);
        let number = woken.numbers.pop_front();
        if number.is_none() {
            woken.task = Some(cx.waker().clone());
        }
        number
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.has_rung.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut woken = lock(&self.woken);
        woken.numbers.push_back(self.number);
        let task = woken.task.take();
        drop(woken);
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// What the wakers share; a panic while it was locked has left nothing half done.
fn lock(woken: &Mutex<Woken>) -> MutexGuard<'_, Woken> {
    woken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<F> Default for CallSet<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F> Extend<F> for CallSet<F> {
    fn extend<I: IntoIterator<Item = F>>(&mut self, calls: I) {
        for call in calls {
            self.push(call);
        }
    }
}

impl<F> FromIterator<F> for CallSet<F> {
    fn from_iter<I: IntoIterator<Item = F>>(calls: I) -> Self {
        let mut set = Self::new();
        set.extend(calls);
        set
    }
}

impl<F> fmt::Debug for CallSet<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
