//! A client as it is seen from outside.

use std::{io, time::Instant};

use super::{
    meter::{CallMeter, ConnectionMeter, Meters},
    method::{End, Method},
    trace::{CallSpan, Spans},
};
use crate::{CallError, Message, Peer, Procedure, Xid};

/// A client, as its calls are seen from outside.
#[derive(Debug)]
pub(crate) struct Client(Meters);

impl Client {
    pub(crate) fn new(clock: fn() -> Instant) -> Self {
        Self(Meters::client(clock))
    }

    /// A call begins.
    #[inline]
    pub(crate) fn begin(&self, procedure: &Procedure, peer: Peer) -> ClientCall {
        let method = Method::from(procedure);
        ClientCall {
            span: CallSpan::client(method, peer),
            meter: self.0.begin(method),
            has_ended: false,
        }
    }
}

/// A call of a client; one that is dropped before its end was cancelled.
#[derive(Debug)]
pub(crate) struct ClientCall {
    span: CallSpan,
    meter: CallMeter,
    has_ended: bool,
}

impl ClientCall {
    /// The call has ended, with this error or with a result.
    #[inline]
    pub(crate) fn end(&mut self, error: Option<&CallError>) {
        self.end_as(error.map_or(End::SUCCESS, End::of_error), error);
    }

    #[inline]
    fn end_as(&mut self, end: End, error: Option<&CallError>) {
        self.has_ended = true;
        self.span.end(end, error);
        self.meter.end(end);
    }
}

impl Drop for ClientCall {
    #[inline]
    fn drop(&mut self) {
        if !self.has_ended {
            self.end_as(End::GIVEN_UP, None);
        }
    }
}

/// A client's connection, with its calls in flight.
#[derive(Debug)]
pub(crate) struct ClientConnection {
    peer: Peer,
    spans: Spans,
    meter: ConnectionMeter,
}

impl ClientConnection {
    pub(crate) fn new(peer: Peer) -> Self {
        Self {
            peer,
            spans: Spans::default(),
            meter: ConnectionMeter::client(peer),
        }
    }

    /// A call is in flight from now on.
    #[inline]
    pub(crate) fn enter(&mut self, xid: Xid, call: &ClientCall) {
        self.spans.enter(xid, &call.span);
    }

    /// A call is in flight no more.
    #[inline]
    pub(crate) fn leave(&mut self, xid: Xid) {
        self.spans.leave(xid);
    }

    /// Other copies of calls are handed to the transport.
    pub(crate) fn sent_again<'a>(&mut self, calls: impl Iterator<Item = &'a Message>) {
        for call in calls {
            self.sent(call.len());
            call.xid()
                .into_iter()
                .for_each(|xid| self.will_be_sent_again(xid));
        }
    }

    /// Another copy of a call will be handed to the transport.
    pub(crate) fn will_be_sent_again(&self, xid: Xid) {
        self.meter.sent_again();
        self.spans.sent_again(xid);
    }

    /// The connection was lost.
    pub(crate) fn lost(&self, fault: &io::Error) {
        self.meter.lost();
        self.spans.lost(self.peer, fault);
    }

    #[inline]
    pub(crate) fn sent(&mut self, len: usize) {
        self.meter.sent(self.peer, len);
    }

    #[inline]
    pub(crate) fn received(&mut self, len: usize) {
        self.meter.received(self.peer, len);
    }
}
