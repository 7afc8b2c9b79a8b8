//! The duplicate request cache of a listener, as its connections share it.

use std::{
    collections::hash_map::RandomState,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::now;
use crate::{
    CacheLimits, DuplicateRequestCache, Message,
    dispatch::AcceptedCall,
    duplicate_request_cache::{Admission, CallKey},
};

/// The cache of a listener.
#[derive(Debug)]
pub(super) struct RequestCache {
    cache: Mutex<DuplicateRequestCache<RandomState>>,
    /// Wakes those that wait for a call to be answered.
    completed: Notify,
}

/// A call that was entered in a cache, which is to be told of its reply.
#[derive(Debug)]
pub(super) struct Entered {
    cache: Arc<RequestCache>,
    key: CallKey,
}

impl RequestCache {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self {
            cache: Mutex::new(DuplicateRequestCache::new(limits, RandomState::new())),
            completed: Notify::new(),
        }
    }

    /// Looks a call up, and enters it where it is new.
    pub(super) fn admit(&self, call: &AcceptedCall<'_>) -> Admission {
        self.lock().admit(now(), call)
    }

    /// What a copy of a call is answered by, as soon as the first is.
    pub(super) async fn answer(&self, key: CallKey) -> Option<Message> {
        loop {
            let completed = self.completed.notified();
            let answer = self.lock().answer(&key);
            if let Some(reply) = answer {
                return reply;
            }
            completed.await;
        }
    }

    /// A panic leaves the cache as it was before or after the call that it happened at.
    fn lock(&self) -> MutexGuard<'_, DuplicateRequestCache<RandomState>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entered {
    pub(super) fn new(cache: &Arc<RequestCache>, key: CallKey) -> Self {
        let cache = Arc::clone(cache);
        Self { cache, key }
    }

    /// Notes the reply to the call, or that there is none.
    pub(super) fn complete(self, reply: Option<&Message>) {
        self.cache.lock().complete(now(), self.key, reply);
        self.cache.completed.notify_waiters();
    }
}
