use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use xdr::Encoder;

use super::{Client, in_flight::InFlight, shared::Shared};
use crate::{CallResult, Caller, Procedure, ResultDecoder, Xid, transaction::Completion};

/// How long the calls of one client are waited for before it is the turn of another's, where calls of
/// several are waited for together.
const SLICE: Duration = Duration::from_millis(1);

/// A blocking client whose calls are started only: each gives a [`Started`] to wait on.
///
/// A generated client wraps one as it does a [`Client`]: `calc::v1::Client::new(client.starting())`.
#[derive(Debug, Clone)]
pub struct Starting(pub(super) Client);

impl Caller for Starting {
    type Call<R: Send + 'static> = Started<R>;

    /// Sends the call. This waits where the server takes no more at present, or for a connection.
    fn call_with<R: Send + 'static>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: ResultDecoder<R>,
    ) -> Started<R> {
        let now = Instant::now();
        let shared = Arc::clone(&self.0.shared);
        let call = InFlight::open(shared, &self.0.settings, procedure, now, encode);
        Started(call.map(|(call, message)| {
            call.shared.send(&call, message, now);
            Waiting { call, decode }
        }))
    }
}

/// A call that was sent, and can be waited for: alone, with all others ([`wait_all`]), or until one
/// of several has ended ([`wait_first`]). Dropping it gives the call up.
///
/// Its deadline counts from its start. There is no thread that looks after it: a reply is read when
/// somebody waits for any call of the client, and over UDP the call is sent again only then.
#[must_use = "a call that is dropped is given up"]
pub struct Started<R>(CallResult<Waiting<R>>);

struct Waiting<R> {
    call: InFlight<Arc<Shared>>,
    decode: ResultDecoder<R>,
}

impl<R> Waiting<R> {
    /// The result of this call, once it has ended.
    fn result(self, completion: Completion) -> CallResult<R> {
        self.call.result(completion, &self.decode)
    }
}

impl<R> Started<R> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// See [`CallErrorKind`](crate::CallErrorKind); [`outcome`](crate::CallError::outcome) says whether the call may
    /// have been executed.
    pub fn wait(self) -> CallResult<R> {
        let waiting = self.0?;
        let call = &waiting.call;
        let completion = call.shared.end_of(call.xid, call.deadline);
        waiting.result(completion)
    }
}

impl<R> fmt::Debug for Started<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Started");
        if let Ok(waiting) = &self.0 {
            debug.field("procedure", &waiting.call.procedure.to_string());
            debug.field("xid", &waiting.call.xid);
        }
        debug.finish_non_exhaustive()
    }
}

/// Waits for the results of all these calls, and gives them in the order of the calls.
pub fn wait_all<R>(calls: impl IntoIterator<Item = Started<R>>) -> Vec<CallResult<R>> {
    calls.into_iter().map(Started::wait).collect()
}

/// Waits until the first of these calls has ended, takes it out, and gives the place that it had and
/// its result; nothing where there is no call.
///
/// Calls of several clients may be among them. Then each client is looked at in turn, for a
/// millisecond at a time.
pub fn wait_first<R>(calls: &mut Vec<Started<R>>) -> Option<(usize, CallResult<R>)> {
    if let Some(place) = calls.iter().position(|call| call.0.is_err()) {
        return Some((place, calls.remove(place).wait()));
    }
    let groups = groups(calls);
    let until = |now: Instant| (groups.len() > 1).then_some(now + SLICE);
    loop {
        for group in &groups {
            let until = until(Instant::now());
            if let Some((place, completion)) = group.wait(until) {
                let place = group.places.get(place).copied()?;
                let Started(call) = calls.remove(place);
                return Some((place, call.and_then(|waiting| waiting.result(completion))));
            }
        }
        if groups.is_empty() {
            return None;
        }
    }
}

/// Calls of one client.
struct Group {
    shared: Arc<Shared>,
    xids: Vec<Xid>,
    /// Where each of them stands among all calls.
    places: Vec<usize>,
    /// The latest of their deadlines.
    deadline: Instant,
}

impl Group {
    fn wait(&self, until: Option<Instant>) -> Option<(usize, Completion)> {
        self.shared.wait(&self.xids, self.deadline, until)
    }
}

/// The calls by their clients.
fn groups<R>(calls: &[Started<R>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<*const Shared, usize> = HashMap::new();
    let running = calls.iter().enumerate();
    for (place, call) in running.filter_map(|(place, call)| Some((place, call.0.as_ref().ok()?))) {
        let call = &call.call;
        let number = *known.entry(Arc::as_ptr(&call.shared)).or_insert_with(|| {
            groups.push(Group {
                shared: Arc::clone(&call.shared),
                xids: Vec::new(),
                places: Vec::new(),
                deadline: call.deadline,
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(number) {
            group.xids.push(call.xid);
            group.places.push(place);
            group.deadline = group.deadline.max(call.deadline);
        }
    }
    groups
}
