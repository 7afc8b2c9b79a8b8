//! Repeated calls over plain ONC RPC: executed once, answered again.
//!
//! A client over UDP sends a call again when no reply comes, and one over TCP may do so after it has
//! connected again. The cache tells such a copy from a new call: one that is being executed is not
//! begun again, one that was answered is answered again. So a call is executed at most once *while
//! the server stays up and the entry is kept*; the reliable datagram protocol promises more.
//!
//! - An entry is found by peer (transport, address and port), xid, program, version, procedure,
//!   caller, and length and hash of the arguments. Bytes of credentials and verifiers do not count:
//!   those of a copy may differ. What another caller sends under the same xid is another call.
//! - Looking up and entering is one step, so that two copies cannot both be new.
//! - What is kept of a reply is its result; the header is made anew for each copy.
//! - Entries in progress are never evicted. While there are as many as the cache can hold, a new
//!   call is answered by `SYSTEM_ERR`, before it is executed.
//! - When results take too many bytes, the oldest make room and leave entries without a result, as a
//!   result that is too large does from the start: a copy of such a call is answered by `SYSTEM_ERR`.
//!   Only age and the number of entries make the cache forget.
//! - Procedures that are `idempotent` are left out, and calls by the reliable datagram protocol: that
//!   takes each call once, and its calls would make the cache forget those that need it.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::BuildHasher,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use xdr::Decoder;

use crate::{
    AcceptStat, Credential, Message, Peer, RejectStat, ReplyBody, ReplyHeader, Xid,
    dispatch::{AcceptedCall, encoded, system_err},
    message::SUCCESS_HEADER_LEN,
};

/// Bytes of the largest result that is kept: no datagram carries more, and what is read in larger
/// pieces is seldom changed by reading it twice.
pub const RESULT_MAX: usize = 64 << 10;

/// What a cache may hold, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Calls, those in progress among them; each takes about 300 bytes.
    pub entries: usize,
    /// Bytes of results.
    pub result_bytes: usize,
    /// How long an entry is kept after its call was answered.
    pub age: Duration,
}

impl CacheLimits {
    /// The default for UDP: two minutes are longer than any client goes on sending one call, and at
    /// 500 calls a second nothing is forgotten earlier.
    pub const UDP: Self = Self {
        entries: 65_536,
        result_bytes: 16 << 20,
        age: Duration::from_secs(120),
    };

    /// What suits TCP: a client that lost its connection may need minutes to come back.
    pub const TCP: Self = Self {
        age: Duration::from_secs(600),
        ..Self::UDP
    };
}

/// The calls that a server executes or has executed, and their results.
///
/// The hasher should be keyed at random, so that nobody can choose arguments that collide.
pub struct DuplicateRequestCache<S> {
    limits: CacheLimits,
    entries: HashMap<CallKey, Entry, S>,
    /// Entries whose calls were answered, in the order in which they were.
    answered: VecDeque<(Instant, CallKey)>,
    /// How many at the front of `answered` have no result left.
    without_result: usize,
    result_bytes: usize,
    counters: CacheCounters,
}

/// What makes two calls the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallKey {
    peer: Peer,
    xid: Xid,
    program: u32,
    version: u32,
    procedure: u32,
    caller: u64,
    arguments_len: usize,
    arguments: u64,
}

/// What is to be done with a call.
#[derive(Debug, Clone)]
pub enum Admission {
    /// It is executed. Where there is a key, [`complete`](DuplicateRequestCache::complete) has to be
    /// called with it in the end, whatever comes of the call.
    Execute(Option<CallKey>),
    /// It is being executed: over UDP this copy is dropped, over TCP it is answered together with the
    /// first.
    InProgress(CallKey),
    /// It is answered by this message, or, where it has no reply, by nothing.
    Answer(Option<Message>),
}

/// What a cache has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheCounters {
    /// Calls that were new.
    pub entered: u64,
    /// Copies of calls in progress.
    pub in_progress: u64,
    /// Copies of calls that were answered before.
    pub answered_again: u64,
    /// Calls refused because all entries were in progress.
    pub refused: u64,
    /// Results that were dropped, or not kept, for their size.
    pub results_dropped: u64,
    /// Entries that were evicted before their time.
    pub evicted: u64,
}

#[derive(Debug)]
enum Entry {
    InProgress,
    Answered(Kept),
}

/// What is kept of a reply.
#[derive(Debug)]
enum Kept {
    Result(Bytes),
    Accepted(AcceptStat),
    Denied(RejectStat),
    /// There was no reply.
    Nothing,
}

/// What is left of a result for which there is no room.
const TOMBSTONE: Kept = Kept::Accepted(AcceptStat::SystemErr);

impl<S: BuildHasher> DuplicateRequestCache<S> {
    /// A cache that holds nothing yet.
    #[must_use]
    pub fn new(limits: CacheLimits, hasher: S) -> Self {
        Self {
            limits,
            entries: HashMap::with_hasher(hasher),
            answered: VecDeque::new(),
            without_result: 0,
            result_bytes: 0,
            counters: CacheCounters::default(),
        }
    }

    /// Looks a call up, and enters it where it is new.
    pub fn admit(&mut self, now: Instant, call: &AcceptedCall<'_>) -> Admission {
        if call.is_idempotent() || call.context().call_token().is_some() {
            return Admission::Execute(None);
        }
        self.forget_old(now);
        let key = self.key(call);
        match self.entries.get(&key) {
            None => self.enter(key, call),
            Some(Entry::InProgress) => {
                self.counters.in_progress += 1;
                Admission::InProgress(key)
            }
            Some(Entry::Answered(kept)) => {
                self.counters.answered_again += 1;
                Admission::Answer(kept.reply(&key))
            }
        }
    }

    /// Notes that a call was answered by this message, or that it has no reply.
    pub fn complete(&mut self, now: Instant, key: CallKey, reply: Option<&Message>) {
        let Some(entry @ Entry::InProgress) = self.entries.get_mut(&key) else {
            return;
        };
        let result_max = RESULT_MAX.min(self.limits.result_bytes);
        let kept = reply.map_or(Some(Kept::Nothing), |reply| Kept::of(reply, result_max));
        self.counters.results_dropped += u64::from(kept.is_none());
        let kept = kept.unwrap_or(TOMBSTONE);
        self.result_bytes += kept.result_len();
        *entry = Entry::Answered(kept);
        self.answered.push_back((now, key));
        while self.result_bytes > self.limits.result_bytes {
            self.drop_oldest_result();
        }
    }

    /// What a copy of this call is answered by, once it is no longer in progress.
    #[must_use]
    pub fn answer(&self, key: &CallKey) -> Option<Option<Message>> {
        match self.entries.get(key) {
            Some(Entry::InProgress) => None,
            Some(Entry::Answered(kept)) => Some(kept.reply(key)),
            // It was answered, and forgotten since.
            None => Some(Some(system_err(key.xid, key.peer))),
        }
    }

    /// Entries, those in progress among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of the results that are kept.
    #[must_use]
    pub fn result_bytes(&self) -> usize {
        self.result_bytes
    }

    /// What the cache has seen.
    #[must_use]
    pub fn counters(&self) -> CacheCounters {
        self.counters
    }

    fn key(&self, call: &AcceptedCall<'_>) -> CallKey {
        let (context, arguments) = (call.context(), call.arguments());
        let hasher = self.entries.hasher();
        CallKey {
            peer: context.peer(),
            xid: context.xid(),
            program: context.program(),
            version: context.version(),
            procedure: context.procedure(),
            caller: caller(hasher, context.credential()),
            arguments_len: arguments.len(),
            arguments: hasher.hash_one(arguments),
        }
    }

    fn enter(&mut self, key: CallKey, call: &AcceptedCall<'_>) -> Admission {
        if self.entries.len() >= self.limits.entries && !self.forget_oldest() {
            self.counters.refused += 1;
            let refusal = call.has_reply().then(|| system_err(key.xid, key.peer));
            return Admission::Answer(refusal);
        }
        self.counters.entered += 1;
        self.entries.insert(key, Entry::InProgress);
        Admission::Execute(Some(key))
    }

    /// Forgets the calls that were answered long ago.
    fn forget_old(&mut self, now: Instant) {
        while let Some((at, _)) = self.answered.front()
            && now.saturating_duration_since(*at) >= self.limits.age
        {
            self.forget_front();
        }
    }

    /// Forgets the call that was answered before all others, before its time; says whether there
    /// was one.
    fn forget_oldest(&mut self) -> bool {
        let is_there = self.forget_front();
        self.counters.evicted += u64::from(is_there);
        is_there
    }

    fn forget_front(&mut self) -> bool {
        let Some((_, key)) = self.answered.pop_front() else {
            return false;
        };
        self.without_result = self.without_result.saturating_sub(1);
        if let Some(Entry::Answered(kept)) = self.entries.remove(&key) {
            self.result_bytes -= kept.result_len();
        }
        true
    }

    /// Turns the oldest entry that may have a result into a tombstone.
    fn drop_oldest_result(&mut self) {
        if let Some((_, key)) = self.answered.get(self.without_result)
            && let Some(Entry::Answered(kept)) = self.entries.get_mut(key)
            && kept.result_len() > 0
        {
            self.result_bytes -= kept.result_len();
            self.counters.results_dropped += 1;
            *kept = TOMBSTONE;
        }
        self.without_result += 1;
    }
}

/// Who calls, hashed: without the stamp of `AUTH_SYS`, which each copy of a call may choose.
fn caller(hasher: &impl BuildHasher, credential: &Credential) -> u64 {
    match credential {
        Credential::None => 0,
        Credential::Sys(claim) => {
            hasher.hash_one((&claim.machine_name, claim.uid, claim.gid, &claim.gids))
        }
        Credential::Other(opaque) => hasher.hash_one((opaque.flavor, &opaque.body)),
    }
}

impl Kept {
    /// What is to be kept of a reply; nothing if its result is too large.
    fn of(reply: &Message, result_max: usize) -> Option<Self> {
        let mut parts = reply.parts();
        let head = parts.next()?;
        let mut decoder = Decoder::new(head);
        let header: ReplyHeader = decoder.decode().ok()?;
        match header.body {
            ReplyBody::Accepted {
                stat: AcceptStat::Success,
                ..
            } => {
                let len = reply.len().saturating_sub(decoder.offset());
                if len > result_max {
                    return None;
                }
                // A copy: the result may lie in a larger buffer.
                let mut result = BytesMut::with_capacity(len);
                result.extend_from_slice(head.get(decoder.offset()..).unwrap_or_default());
                parts.for_each(|part| result.extend_from_slice(part));
                Some(Self::Result(result.freeze()))
            }
            ReplyBody::Accepted { stat, .. } => Some(Self::Accepted(stat)),
            ReplyBody::Denied(stat) => Some(Self::Denied(stat)),
        }
    }

    fn result_len(&self) -> usize {
        match self {
            Self::Result(result) => result.len(),
            _ => 0,
        }
    }

    /// The reply to a copy of the call.
    fn reply(&self, CallKey { xid, peer, .. }: &CallKey) -> Option<Message> {
        match self {
            Self::Result(result) => {
                let mut reply = BytesMut::with_capacity(SUCCESS_HEADER_LEN + result.len());
                reply.extend_from_slice(&ReplyHeader::success(*xid));
                reply.extend_from_slice(result);
                Some(Message::new(*peer, reply.freeze()))
            }
            Self::Accepted(stat) => Some(encoded(*peer, &ReplyHeader::accepted(*xid, *stat))),
            Self::Denied(stat) => Some(encoded(*peer, &ReplyHeader::denied(*xid, *stat))),
            Self::Nothing => None,
        }
    }
}

impl<S> fmt::Debug for DuplicateRequestCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplicateRequestCache")
            .field("limits", &self.limits)
            .field("entries", &self.entries.len())
            .field("result_bytes", &self.result_bytes)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
