//! What stands for counts where the feature `metrics` is off: nothing.

use std::time::Instant;

use super::method::{End, Method};
use crate::Peer;

#[derive(Debug, Clone, Default)]
pub(super) struct Meters;

impl Meters {
    #[inline]
    pub(super) fn client(_: fn() -> Instant) -> Self {
        Self
    }

    #[inline]
    pub(super) fn server(_: fn() -> Instant) -> Self {
        Self
    }

    #[inline]
    pub(super) fn begin(&self, _: Method) -> CallMeter {
        CallMeter
    }

    #[inline]
    pub(super) fn refused(&self, _: &'static str, _: Peer) {}

    #[inline]
    pub(super) fn dropped(&self, _: Peer) {}

    #[inline]
    pub(super) fn duplicate(&self, _: &'static str) {}
}

#[derive(Debug)]
pub(super) struct CallMeter;

impl CallMeter {
    #[inline]
    pub(super) fn end(&self, _: End) {}
}

#[derive(Debug)]
pub(super) struct ConnectionMeter;

impl ConnectionMeter {
    #[inline]
    pub(super) fn client(_: Peer) -> Self {
        Self
    }

    #[inline]
    pub(super) fn server(_: Peer) -> Self {
        Self
    }

    #[inline]
    pub(super) fn sent(&mut self, _: Peer, _: usize) {}

    #[inline]
    pub(super) fn received(&mut self, _: Peer, _: usize) {}

    #[inline]
    pub(super) fn sent_again(&self) {}

    #[inline]
    pub(super) fn lost(&self) {}
}

#[inline]
pub(super) fn connection_refused(_: Peer) {}

#[derive(Debug)]
pub(crate) struct Waiting;

impl Waiting {
    #[inline]
    pub(crate) fn new() -> Self {
        Self
    }

    #[inline]
    pub(crate) fn begin(&self) {}

    #[inline]
    pub(crate) fn end(&self) {}
}
