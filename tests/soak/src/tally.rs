//! What callers were told, compared with what was executed.

use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use rpc_runtime::{CallError, CallResult, Outcome};
use tokio::time::Instant;

use crate::stubs::{TOKENS_MAX, soak::v1};

/// How long after its end a call is looked up: nothing of it is on the way any more.
pub(crate) const QUARANTINE: Duration = Duration::from_secs(15);

/// Violations that are shown.
const SHOWN_MAX: usize = 20;

/// How a call ended for its caller.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    what: What,
    /// What is shown if it turns out to be wrong.
    told: String,
    may_repeat: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Answered,
    WrongResult,
    NotExecuted,
    ResultLost,
    Unknown,
    /// Of a call to which there is no reply.
    Sent,
    Cancelled,
}

impl Ended {
    /// What a caller was told of a call with these bytes.
    pub(crate) fn of(result: &CallResult<Bytes>, sent: &Bytes, may_repeat: bool) -> Self {
        let what = match result {
            Ok(bytes) if bytes == sent => What::Answered,
            Ok(_) => What::WrongResult,
            Err(error) => What::from(error),
        };
        let told = result.as_ref().err().map(CallError::to_string);
        Self {
            what,
            told: told.unwrap_or_default(),
            may_repeat,
        }
    }

    /// What a caller was told of a call to which there is no reply.
    pub(crate) fn of_maybe(result: &CallResult<()>) -> Self {
        Self {
            what: result.as_ref().map_or_else(What::from, |()| What::Sent),
            told: result
                .as_ref()
                .map_or_else(CallError::to_string, |()| "sent".to_owned()),
            may_repeat: false,
        }
    }

    /// What a caller knows who did not wait.
    pub(crate) fn cancelled(may_repeat: bool) -> Self {
        Self {
            what: What::Cancelled,
            told: "cancelled".to_owned(),
            may_repeat,
        }
    }

    /// Whether so many executions are what the caller was told.
    fn is_true(&self, executions: u32) -> bool {
        match self.what {
            What::WrongResult => false,
            What::NotExecuted => executions == 0,
            What::Answered | What::ResultLost if self.may_repeat => executions >= 1,
            What::Answered | What::ResultLost => executions == 1,
            What::Unknown | What::Sent | What::Cancelled => self.may_repeat || executions <= 1,
        }
    }
}

impl From<&CallError> for What {
    fn from(error: &CallError) -> Self {
        match error.outcome() {
            Outcome::NotExecuted => Self::NotExecuted,
            Outcome::ResultLost => Self::ResultLost,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

/// The calls of one route.
#[derive(Debug, Default)]
struct Route {
    name: &'static str,
    counts: Counts,
    /// Calls to look up, in the order in which they ended.
    waiting: VecDeque<Waiting>,
}

/// Calls by what their callers were told.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    answered: u64,
    not_executed: u64,
    result_lost: u64,
    unknown: u64,
    sent: u64,
    cancelled: u64,
    connects_refused: u64,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    token: u64,
    ended: Ended,
}

#[derive(Debug, Default)]
struct State {
    routes: Vec<Route>,
    settled: u64,
    violations: Vec<String>,
}

/// All calls, and whether what was said of them is true.
#[derive(Debug)]
pub(crate) struct Tally(Mutex<State>);

impl Tally {
    pub(crate) fn new(routes: impl Iterator<Item = &'static str>) -> Self {
        let routes = routes.map(|name| Route {
            name,
            ..Route::default()
        });
        Self(Mutex::new(State {
            routes: routes.collect(),
            ..State::default()
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that no connection could be made.
    pub(crate) fn refused(&self, route: usize) {
        if let Some(route) = self.lock().routes.get_mut(route) {
            route.counts.connects_refused += 1;
        }
    }

    /// Takes note of the end of a call, which is looked up later.
    pub(crate) fn ended(&self, route: usize, token: u64, ended: Ended) {
        let mut state = self.lock();
        let Some(route) = state.routes.get_mut(route) else {
            return;
        };
        let counts = &mut route.counts;
        match ended.what {
            What::Answered | What::WrongResult => counts.answered += 1,
            What::NotExecuted => counts.not_executed += 1,
            What::ResultLost => counts.result_lost += 1,
            What::Unknown => counts.unknown += 1,
            What::Sent => counts.sent += 1,
            What::Cancelled => counts.cancelled += 1,
        }
        route.waiting.push_back(Waiting {
            since: Instant::now(),
            token,
            ended,
        });
    }

    /// Looks up the calls of a route that ended long enough ago, by this way to its server.
    pub(crate) async fn settle(&self, route: usize, control: &v1::Client) -> CallResult<()> {
        loop {
            let due = self.due(route);
            if due.is_empty() {
                return Ok(());
            }
            let tokens: Vec<u64> = due.iter().map(|waiting| waiting.token).collect();
            let counts = control.settle(&tokens).await?;
            let mut state = self.lock();
            state.settled += due.len() as u64;
            for (waiting, executions) in due.iter().zip(counts) {
                if !waiting.ended.is_true(executions) {
                    let Ended { what, told, .. } = &waiting.ended;
                    let name = state.routes.get(route).map_or("", |route| route.name);
                    let fault =
                        format!("{name}: {what:?}, but executed {executions} times: {told}");
                    state.violations.push(fault);
                }
            }
        }
    }

    /// Takes out calls that ended long enough ago, as many as can be asked for at once.
    fn due(&self, route: usize) -> Vec<Waiting> {
        let mut state = self.lock();
        let mut due = Vec::new();
        let Some(route) = state.routes.get_mut(route) else {
            return due;
        };
        while due.len() < TOKENS_MAX as usize
            && let Some(waiting) = route.waiting.front()
            && waiting.since.elapsed() >= QUARANTINE
        {
            due.extend(route.waiting.pop_front());
        }
        due
    }

    /// Whether everything was true, and the server has executed nothing else.
    pub(crate) fn verdict(&self, forgotten: u32) -> Result<(), String> {
        let mut violations = mem::take(&mut self.lock().violations);
        if forgotten > 0 {
            violations.push(format!(
                "{forgotten} calls were executed after they were looked up"
            ));
        }
        if violations.is_empty() {
            return Ok(());
        }
        let count = violations.len();
        violations.truncate(SHOWN_MAX);
        Err(format!("{count} violations:\n{}", violations.join("\n")))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        writeln!(
            f,
            "{:<16} {:>9} {:>13} {:>12} {:>9} {:>10} {:>10} {:>9}",
            "route",
            "answered",
            "not executed",
            "result lost",
            "unknown",
            "cancelled",
            "no reply",
            "refused"
        )?;
        for Route { name, counts, .. } in &state.routes {
            writeln!(
                f,
                "{name:<16} {:>9} {:>13} {:>12} {:>9} {:>10} {:>10} {:>9}",
                counts.answered,
                counts.not_executed,
                counts.result_lost,
                counts.unknown,
                counts.cancelled,
                counts.sent,
                counts.connects_refused
            )?;
        }
        write!(f, "{} calls were looked up", state.settled)
    }
}
