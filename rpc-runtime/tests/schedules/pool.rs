//! The workers: each job is run once, given back, or dropped when they are closed; none waits behind
//! another while a thread could take it; all threads end.

use shuttle::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};
use shuttle::thread;

use crate::{
    check, check_notices,
    sync::Fault,
    workers::{Job, Workers},
};

/// What became of the jobs of a test.
#[derive(Debug, Default)]
struct Counts {
    run: AtomicUsize,
    dropped: AtomicUsize,
}

/// A job, which does something when it is run.
struct Counted<F> {
    counts: Arc<Counts>,
    action: Option<F>,
}

type Action = Box<dyn FnOnce() + Send>;

impl Job for Counted<Action> {
    fn run(mut self) {
        self.counts.run.fetch_add(1, Ordering::SeqCst);
        if let Some(action) = self.action.take() {
            action();
        }
    }
}

impl<F> Drop for Counted<F> {
    fn drop(&mut self) {
        // One that was run has no action any more.
        if self.action.is_some() {
            self.counts.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

struct Pool {
    workers: Arc<Workers<Counted<Action>>>,
    counts: Arc<Counts>,
    /// Threads that run.
    threads: Arc<AtomicUsize>,
}

impl Pool {
    fn new(threads_max: usize, queue_max: usize) -> Self {
        let threads = Arc::new(AtomicUsize::new(0));
        let thread = {
            let threads = Arc::clone(&threads);
            move |work: &dyn Fn()| {
                threads.fetch_add(1, Ordering::SeqCst);
                work();
                threads.fetch_sub(1, Ordering::SeqCst);
            }
        };
        Self {
            workers: Arc::new(Workers::new(threads_max, queue_max, thread)),
            counts: Arc::default(),
            threads,
        }
    }

    /// Submits a job; says whether it was taken.
    fn submit(&self, action: impl FnOnce() + Send + 'static) -> bool {
        let action: Action = Box::new(action);
        let job = Counted {
            counts: Arc::clone(&self.counts),
            action: Some(action),
        };
        self.workers.submit(job).is_ok()
    }

    fn clone(&self) -> Self {
        Self {
            workers: Arc::clone(&self.workers),
            counts: Arc::clone(&self.counts),
            threads: Arc::clone(&self.threads),
        }
    }

    /// Closes the workers: of so many jobs each was run or dropped, and no thread is left.
    fn end(&self, jobs: usize) {
        self.workers.close();
        self.workers.join();
        assert!(!self.submit(|| {}), "they are closed");
        let run = self.counts.run.load(Ordering::SeqCst);
        let dropped = self.counts.dropped.load(Ordering::SeqCst);
        assert_eq!(run + dropped, jobs + 1);
        assert_eq!(self.threads.load(Ordering::SeqCst), 0);
        let status = self.workers.status();
        assert_eq!((status.threads, status.running, status.queued), (0, 0, 0));
    }
}

/// Two callers submit to two workers, and each job is run.
fn every_job_is_run() {
    let pool = Pool::new(2, usize::MAX);
    let (sender, done) = mpsc::channel();
    let submit = |pool: Pool, sender: mpsc::Sender<()>| {
        for _ in 0..2 {
            let sender = sender.clone();
            assert!(pool.submit(move || sender.send(()).unwrap()));
        }
    };
    let other = {
        let (pool, sender) = (pool.clone(), sender.clone());
        thread::spawn(move || submit(pool, sender))
    };
    submit(pool.clone(), sender);
    for _ in 0..4 {
        done.recv().unwrap();
    }
    other.join().unwrap();
    pool.end(4);
}

/// A job that waits for another, which was submitted behind it, holds it up with no worker idle or
/// still to be started.
fn no_job_waits_behind_another_while_a_worker_could_take_it() {
    let pool = Pool::new(2, usize::MAX);
    for _ in 0..2 {
        let (first, second) = mpsc::channel();
        let (sender, done) = mpsc::channel();
        assert!(pool.submit(move || {
            second.recv().unwrap();
            sender.send(()).unwrap();
        }));
        assert!(pool.submit(move || first.send(()).unwrap()));
        done.recv().unwrap();
    }
    pool.end(4);
}

/// Jobs that panic take no worker with them.
fn workers_survive_panics() {
    let pool = Pool::new(1, usize::MAX);
    let (sender, done) = mpsc::channel();
    assert!(pool.submit(|| std::panic::resume_unwind(Box::new("a job panics"))));
    assert!(pool.submit(move || sender.send(()).unwrap()));
    done.recv().unwrap();
    pool.end(2);
}

/// Jobs come while the workers are closed, and while there is room for only some of them.
fn closing_loses_no_job() {
    let pool = Pool::new(1, 1);
    let other = {
        let pool = pool.clone();
        thread::spawn(move || {
            for _ in 0..3 {
                pool.submit(|| {});
            }
        })
    };
    pool.submit(|| {});
    pool.workers.close();
    other.join().unwrap();
    pool.end(4);
}

/// Of jobs that hold their worker only so many wait as may; a place that gets free is one again.
fn room_is_what_was_asked_for() {
    let pool = Pool::new(1, 1);
    let (release, released) = mpsc::channel();
    let (sender, done) = mpsc::channel();
    assert!(pool.submit(move || released.recv().unwrap()));
    let again = sender.clone();
    assert!(pool.submit(move || sender.send(()).unwrap()), "it waits");
    assert!(!pool.submit(|| {}), "there is no room for it");
    release.send(()).unwrap();
    done.recv().unwrap();
    assert!(pool.submit(move || again.send(()).unwrap()));
    done.recv().unwrap();
    pool.end(4);
}

#[test]
fn f11_every_job_is_run() {
    check(every_job_is_run);
}

#[test]
fn f11_no_job_waits_behind_another_while_a_worker_could_take_it() {
    check(no_job_waits_behind_another_while_a_worker_could_take_it);
}

#[test]
fn f11_workers_survive_panics() {
    check(workers_survive_panics);
}

#[test]
fn f11_closing_loses_no_job() {
    check(closing_loses_no_job);
}

#[test]
fn f11_room_is_what_was_asked_for() {
    check(room_is_what_was_asked_for);
}

/// They can fail: where a wake-up is lost, a job waits for ever, or a thread does.
#[test]
fn f11_lost_wake_ups_are_noticed() {
    check_notices(Fault::LosesOne, every_job_is_run);
    check_notices(Fault::WakesOneOfAll, every_job_is_run);
}
