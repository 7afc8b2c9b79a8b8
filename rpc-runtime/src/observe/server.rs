//! A server as it is seen from outside.

#[cfg(feature = "net")]
use std::{io, time::Instant};

use super::{
    meter::{CallMeter, Meters},
    method::{End, Method, status},
    trace::{self, CallSpan, Drops},
};
use crate::{CallHeaderError, Peer, Refusal, ReplyHeader, Xid};

#[cfg(feature = "net")]
use {
    super::meter::{self, ConnectionMeter},
    crate::duplicate_request_cache::Admission,
};

/// A server, as its calls are seen from outside. The default sees nothing but spans.
#[derive(Debug, Clone, Default)]
pub(crate) struct Server {
    meters: Meters,
    drops: Drops,
}

impl Server {
    #[cfg(feature = "net")]
    pub(crate) fn new(clock: fn() -> Instant) -> Self {
        Self {
            meters: Meters::server(clock),
            drops: Drops::default(),
        }
    }

    /// A service begins to work on a call.
    #[inline]
    pub(crate) fn begin(&self, method: Method, peer: Peer, xid: Xid) -> ServerCall {
        ServerCall {
            span: CallSpan::server(method, peer, xid),
            meter: self.meters.begin(method),
            has_ended: false,
        }
    }

    /// Procedure 0 was answered without a service.
    #[inline]
    pub(crate) fn answered_null(&self, method: Method) {
        self.meters.begin(method).end(End::SUCCESS);
    }

    /// A call was refused before it had reached a service.
    pub(crate) fn refused(&self, header: &ReplyHeader, peer: Peer) {
        let status = status(&header.body);
        self.meters.refused(status, peer);
        trace::refused(status, peer);
    }

    /// A message is no call.
    pub(crate) fn dropped(&self, error: &CallHeaderError, peer: Peer) {
        self.meters.dropped(peer);
        self.drops.dropped(error, peer);
    }

    /// The duplicate request cache has looked for a call.
    #[cfg(feature = "net")]
    pub(crate) fn admitted(&self, admission: &Admission) {
        match admission {
            Admission::Execute(_) => {}
            Admission::Answer(_) => self.meters.duplicate("answered"),
            Admission::InProgress(_) => self.meters.duplicate("in_progress"),
        }
    }
}

/// A call that a service works on; one that is dropped before its end was given up.
#[derive(Debug)]
pub(crate) struct ServerCall {
    span: CallSpan,
    meter: CallMeter,
    has_ended: bool,
}

impl ServerCall {
    /// Lets the service work.
    #[inline]
    pub(crate) fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        self.span.in_scope(work)
    }

    /// The service has answered, with this refusal or with a result.
    #[inline]
    pub(crate) fn end(&mut self, refusal: Option<Refusal>) {
        self.end_as(refusal.map_or(End::SUCCESS, End::of_refusal));
    }

    /// There was no point in letting the service begin.
    pub(crate) fn not_begun(mut self) {
        self.end_as(End::NOT_BEGUN);
    }

    #[inline]
    fn end_as(&mut self, end: End) {
        self.has_ended = true;
        self.span.end(end, None);
        self.meter.end(end);
    }
}

impl Drop for ServerCall {
    #[inline]
    fn drop(&mut self) {
        if !self.has_ended {
            self.end_as(End::GIVEN_UP);
        }
    }
}

/// A connection is one too many.
#[cfg(feature = "net")]
pub(crate) fn connection_refused(peer: Peer) {
    meter::connection_refused(peer);
    trace::connection_refused(peer);
}

/// No connection can be accepted for now.
#[cfg(feature = "net")]
pub(crate) fn cannot_accept(error: &io::Error) {
    trace::cannot_accept(error);
}

/// A server's connection, or UDP socket.
#[cfg(feature = "net")]
#[derive(Debug)]
pub(crate) struct ServerConnection {
    peer: Peer,
    meter: ConnectionMeter,
}

#[cfg(feature = "net")]
impl ServerConnection {
    pub(crate) fn new(peer: Peer) -> Self {
        Self {
            peer,
            meter: ConnectionMeter::server(peer),
        }
    }

    /// The connection has ended.
    pub(crate) fn ended(&self, ended: &io::Result<()>) {
        if let Err(fault) = ended {
            self.meter.lost();
            trace::connection_failed(self.peer, fault);
        }
    }

    #[inline]
    pub(crate) fn sent(&mut self, to: Peer, len: usize) {
        self.meter.sent(to, len);
    }

    #[inline]
    pub(crate) fn received(&mut self, from: Peer, len: usize) {
        self.meter.received(from, len);
    }
}
