//! The threads for services that block.

use std::{
    collections::VecDeque,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, thread};

/// Something to be run by a worker.
pub(super) trait Job: Send + 'static {
    fn run(self);
}

/// A fixed number of threads at the most, and the jobs that wait for one of them.
///
/// A thread is started when a job finds none that is idle, and ends when the pool is closed.
pub(super) struct Workers<J> {
    shared: Arc<Shared<J>>,
}

struct Shared<J> {
    threads_max: usize,
    /// Jobs that may wait while all threads are busy.
    queue_max: usize,
    state: Mutex<State<J>>,
    /// Wakes a thread that waits for a job.
    submitted: Condvar,
    thread: Thread,
}

/// What a thread does: it calls the function that it gets, which returns when the thread is to end.
type Thread = Box<dyn Fn(&dyn Fn()) + Send + Sync>;

struct State<J> {
    queue: VecDeque<J>,
    threads: usize,
    /// Threads that run a job. Each of the others takes one out of the queue if there is one.
    running: usize,
    is_closed: bool,
    started: Vec<thread::JoinHandle<()>>,
}

/// What the workers of a server do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Threads that there are.
    pub threads: usize,
    /// Calls that are being executed.
    pub running: usize,
    /// Calls that wait for a thread.
    pub queued: usize,
}

impl<J: Job> Workers<J> {
    /// At most so many workers, for which so many jobs may wait. Each is a call of `thread`, which
    /// calls the function that it gets; that returns when the thread is to end.
    pub(super) fn new(
        threads_max: usize,
        queue_max: usize,
        thread: impl Fn(&dyn Fn()) + Send + Sync + 'static,
    ) -> Self {
        let state = State {
            queue: VecDeque::new(),
            threads: 0,
            running: 0,
            is_closed: false,
            started: Vec::new(),
        };
        let shared = Shared {
            threads_max: threads_max.max(1),
            queue_max,
            state: Mutex::new(state),
            submitted: Condvar::new(),
            thread: Box::new(thread),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Has a job run as soon as a thread is free, after those that were submitted before. It is given
    /// back where too many wait already, no thread can be started, or the workers are closed.
    pub(super) fn submit(&self, job: J) -> Result<(), J> {
        let mut state = self.shared.lock();
        if state.is_closed {
            return Err(job);
        }
        let free = state.threads - state.running;
        let waiting = (state.queue.len() + 1).saturating_sub(free);
        let started = (waiting > 0 && state.threads < self.shared.threads_max)
            .then(|| self.shared.start())
            .and_then(io::Result::ok);
        match started {
            Some(thread) => {
                state.threads += 1;
                state.started.push(thread);
            }
            None if state.threads == 0 || waiting > self.shared.queue_max => return Err(job),
            None => {}
        }
        state.queue.push_back(job);
        drop(state);
        self.shared.submitted.notify_one();
        Ok(())
    }

    pub(super) fn status(&self) -> WorkerStatus {
        let state = self.shared.lock();
        WorkerStatus {
            threads: state.threads,
            running: state.running,
            queued: state.queue.len(),
        }
    }

    /// Ends the threads, each after the job that it is at. Jobs that wait are dropped.
    pub(super) fn close(&self) {
        self.shared.close();
    }

    /// Waits for the threads; blocks unless they have all said that they end.
    pub(super) fn join(&self) {
        let started = std::mem::take(&mut self.shared.lock().started);
        for thread in started {
            // It catches the panics of its jobs.
            let _ = thread.join();
        }
    }
}

impl<J> Drop for Workers<J> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl<J> Shared<J> {
    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        self.submitted.notify_all();
        for job in queue {
            contained(|| drop(job));
        }
    }

    /// The state; a panic while it was locked has left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job for a thread; nothing where it is to end.
    fn next(&self, has_run: bool) -> Option<J> {
        let mut state = self.lock();
        state.running -= usize::from(has_run);
        loop {
            if let Some(job) = state.queue.pop_front() {
                state.running += 1;
                return Some(job);
            }
            if state.is_closed {
                state.threads -= 1;
                return None;
            }
            let waited = self.submitted.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<J: Job> Shared<J> {
    fn start(self: &Arc<Self>) -> io::Result<thread::JoinHandle<()>> {
        let shared = Arc::clone(self);
        let builder = thread::Builder::new().name("rpc-worker".to_owned());
        builder.spawn(move || (shared.thread)(&|| shared.run()))
    }

    /// Runs jobs until there are no more.
    fn run(&self) {
        let mut job = self.next(false);
        while let Some(this) = job {
            contained(|| this.run());
            job = self.next(true);
        }
    }
}

/// Runs something that may panic, and takes nobody with it; nor does what it throws, which may panic
/// again when it is dropped.
fn contained(run: impl FnOnce()) {
    if let Err(thrown) = catch_unwind(AssertUnwindSafe(run)) {
        std::mem::forget(thrown);
    }
}

impl<J> fmt::Debug for Workers<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("threads_max", &self.shared.threads_max)
            .field("queue_max", &self.shared.queue_max)
            .finish_non_exhaustive()
    }
}
