use std::{thread, time::Instant};

use crate::{
    Fault, Load, Mode, Operation, Samples, Window, idle, idle_blocking, processor_time, report,
};

/// Somebody who calls: one call at a time.
pub trait Caller: Send + 'static {
    /// Calls once, and looks at the result.
    fn call(&mut self, operation: Operation) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The same, where it cannot leave its thread.
pub trait LocalCaller: 'static {
    /// Calls once, and looks at the result.
    fn call(&mut self, operation: Operation) -> impl Future<Output = Result<(), Fault>>;
}

/// The same, where a call blocks its thread.
pub trait BlockingCaller: Send + 'static {
    /// Calls once, and looks at the result.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn call(&mut self, operation: Operation) -> Result<(), Fault>;
}

/// The body of the two functions below, which differ in how a task begins: whether a future can leave
/// its thread is nothing that a function can be generic over.
macro_rules! drive {
    ($load:ident, $callers:ident, $spawn:path) => {{
        for caller in &mut $callers {
            caller.call(Operation::Null).await?;
        }
        if $load.mode == Mode::Idle {
            return idle().await;
        }
        let used_before = processor_time();
        let window = Window::open($load);
        let operation = $load.operation;
        let mut tasks = Vec::new();
        for mut caller in $callers {
            tasks.push($spawn(async move {
                let mut samples = Samples::default();
                loop {
                    let began = Instant::now();
                    caller.call(operation).await?;
                    if !samples.record(&window, began, Instant::now()) {
                        return Ok::<Samples, Fault>(samples);
                    }
                }
            }));
        }
        let mut samples = Samples::default();
        for task in tasks {
            samples.append(task.await??);
        }
        report($load, &window, used_before, samples)
    }};
}

/// Runs callers, a task each, as the load says, and prints the result.
///
/// # Errors
///
/// A call failed.
pub async fn drive(load: &Load, mut callers: Vec<impl Caller>) -> Result<(), Fault> {
    drive!(load, callers, tokio::spawn)
}

/// The same for callers that cannot leave their thread; it needs a `LocalSet`.
///
/// # Errors
///
/// A call failed.
pub async fn drive_local(load: &Load, mut callers: Vec<impl LocalCaller>) -> Result<(), Fault> {
    drive!(load, callers, tokio::task::spawn_local)
}

/// The same for callers that block, a thread each.
///
/// # Errors
///
/// A call failed.
pub fn drive_blocking(load: &Load, mut callers: Vec<impl BlockingCaller>) -> Result<(), Fault> {
    for caller in &mut callers {
        caller.call(Operation::Null)?;
    }
    if load.mode == Mode::Idle {
        return idle_blocking();
    }
    let used_before = processor_time();
    let window = Window::open(load);
    let operation = load.operation;
    let mut threads = Vec::new();
    for mut caller in callers {
        threads.push(thread::spawn(move || {
            let mut samples = Samples::default();
            loop {
                let began = Instant::now();
                caller.call(operation)?;
                if !samples.record(&window, began, Instant::now()) {
                    return Ok::<Samples, Fault>(samples);
                }
            }
        }));
    }
    let mut samples = Samples::default();
    for thread in threads {
        let ended = thread.join().map_err(|_| "a caller panicked")?;
        samples.append(ended?);
    }
    report(load, &window, used_before, samples)
}
