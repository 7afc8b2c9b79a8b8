//! What stands for spans where the feature `tracing` is off: nothing.

use std::io;

use super::method::{End, Method};
use crate::{CallError, CallHeaderError, Peer, Xid};

#[derive(Debug, Clone)]
pub(super) struct CallSpan;

impl CallSpan {
    #[inline]
    pub(super) fn client(_: Method, _: Peer) -> Self {
        Self
    }

    #[inline]
    pub(super) fn server(_: Method, _: Peer, _: Xid) -> Self {
        Self
    }

    #[inline]
    pub(super) fn end(&self, _: End, _: Option<&CallError>) {}

    #[inline]
    pub(super) fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

#[derive(Debug, Default)]
pub(super) struct Spans;

impl Spans {
    #[inline]
    pub(super) fn enter(&mut self, _: Xid, _: &CallSpan) {}

    #[inline]
    pub(super) fn leave(&mut self, _: Xid) {}

    #[inline]
    pub(super) fn sent_again(&self, _: Xid) {}
    #[inline]
    pub(super) fn lost(&self, _: Peer, _: &io::Error) {}
}

#[inline]
pub(super) fn refused(_: &'static str, _: Peer) {}

#[cfg(all(feature = "net", feature = "tower"))]
#[inline]
pub(crate) fn layer_refused(_: &(dyn std::error::Error + Send + Sync)) {}

#[inline]
pub(super) fn connection_refused(_: Peer) {}

#[inline]
pub(super) fn cannot_accept(_: &io::Error) {}

#[inline]
pub(super) fn connection_failed(_: Peer, _: &io::Error) {}

#[derive(Debug, Clone, Default)]
pub(super) struct Drops;

impl Drops {
    #[inline]
    pub(super) fn dropped(&self, _: &CallHeaderError, _: Peer) {}
}
