//! Spans and events, for the subscriber that the program has installed.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{Span, debug, field::Empty, info_span, warn};

use super::method::{End, Method, transport};
use crate::{CallError, CallHeaderError, Peer, Xid};

/// The span of a call; none where no subscriber wants it.
#[derive(Debug, Clone)]
pub(super) struct CallSpan(Span);

impl CallSpan {
    /// The span of a call that a client makes: a child of the span that the caller is in.
    #[inline]
    pub(super) fn client(method: Method, peer: Peer) -> Self {
        let span = info_span!(
            target: "rpc_runtime::client",
            "call",
            otel.name = %method,
            otel.kind = "client",
            otel.status_code = Empty,
            otel.status_description = Empty,
            rpc.system.name = "onc_rpc",
            rpc.method = %method,
            rpc.response.status_code = Empty,
            onc_rpc.program.name = method.program.name(),
            onc_rpc.version = method.version,
            onc_rpc.procedure.name = method.name,
            onc_rpc.procedure.number = method.number,
            network.transport = transport(peer),
            server.address = Empty,
            server.port = Empty,
            error.type = Empty,
            rpc_runtime.xid = Empty,
            rpc_runtime.outcome = Empty,
        );
        if !span.is_disabled()
            && let Some(address) = peer.address()
        {
            span.record("server.address", tracing::field::display(address.ip()));
            span.record("server.port", address.port());
        }
        Self(span)
    }

    /// The span of a call that a server executes: the first of a trace, for no context comes with
    /// a call of ONC RPC.
    #[inline]
    pub(super) fn server(method: Method, peer: Peer, xid: Xid) -> Self {
        let span = info_span!(
            target: "rpc_runtime::server",
            parent: None,
            "call",
            otel.name = %method,
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system.name = "onc_rpc",
            rpc.method = %method,
            rpc.response.status_code = Empty,
            onc_rpc.program.name = method.program.name(),
            onc_rpc.version = method.version,
            onc_rpc.procedure.name = method.name,
            onc_rpc.procedure.number = method.number,
            network.transport = transport(peer),
            client.address = Empty,
            client.port = Empty,
            error.type = Empty,
            rpc_runtime.xid = %xid,
        );
        if !span.is_disabled()
            && let Some(address) = peer.address()
        {
            span.record("client.address", tracing::field::display(address.ip()));
            span.record("client.port", address.port());
        }
        Self(span)
    }

    /// Adds how the call ended.
    #[inline]
    pub(super) fn end(&self, end: End, error: Option<&CallError>) {
        if self.0.is_disabled() {
            return;
        }
        self.0.record("rpc.response.status_code", end.status);
        self.0.record("rpc_runtime.outcome", end.outcome);
        if let Some(kind) = end.error {
            self.0.record("error.type", kind);
            self.0.record("otel.status_code", "ERROR");
        }
        if let Some(error) = error {
            self.0
                .record("otel.status_description", tracing::field::display(error));
        }
    }

    /// Does something within the span.
    #[inline]
    pub(super) fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        self.0.in_scope(work)
    }
}

/// The spans of the calls in flight on a connection.
#[derive(Debug, Default)]
pub(super) struct Spans(HashMap<Xid, Span>);

impl Spans {
    #[inline]
    pub(super) fn enter(&mut self, xid: Xid, span: &CallSpan) {
        if !span.0.is_disabled() {
            span.0
                .record("rpc_runtime.xid", tracing::field::display(xid));
            self.0.insert(xid, span.0.clone());
        }
    }

    #[inline]
    pub(super) fn leave(&mut self, xid: Xid) {
        if !self.0.is_empty() {
            self.0.remove(&xid);
        }
    }

    /// Another copy of a call is sent.
    pub(super) fn sent_again(&self, xid: Xid) {
        if let Some(span) = self.0.get(&xid) {
            debug!(target: "rpc_runtime::client", parent: span, "the call is sent again");
        }
    }
    /// The connection of all of them was lost.
    pub(super) fn lost(&self, peer: Peer, error: &io::Error) {
        warn!(target: "rpc_runtime::client", %peer, %error, "the connection is lost");
        for span in self.0.values() {
            debug!(target: "rpc_runtime::client", parent: span, %error, "the connection is lost");
        }
    }
}

/// A call was refused before it had reached a service.
pub(super) fn refused(status: &'static str, peer: Peer) {
    debug!(target: "rpc_runtime::server", %peer, status, "a call reaches no service");
}

/// A layer around a service has refused the call of the span that this runs in.
#[cfg(all(feature = "net", feature = "tower"))]
pub(crate) fn layer_refused(error: &(dyn std::error::Error + Send + Sync)) {
    debug!(target: "rpc_runtime::server", %error, "a layer refuses the call");
}

/// A connection is one too many.
pub(super) fn connection_refused(peer: Peer) {
    debug!(target: "rpc_runtime::server", %peer, "there are too many connections");
}

/// A listener cannot accept connections for now.
pub(super) fn cannot_accept(error: &io::Error) {
    warn!(target: "rpc_runtime::server", %error, "no connection can be accepted");
}

/// A connection of a server has ended with an error.
pub(super) fn connection_failed(peer: Peer, error: &io::Error) {
    debug!(target: "rpc_runtime::server", %peer, %error, "a connection has failed");
}

/// Messages that are no calls. Whoever sends them must not fill a disk: of so many one is told whose
/// number is a power of two.
#[derive(Debug, Clone, Default)]
pub(super) struct Drops(Arc<AtomicU64>);

impl Drops {
    pub(super) fn dropped(&self, error: &CallHeaderError, peer: Peer) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if count.is_power_of_two() {
            warn!(target: "rpc_runtime::server", %peer, %error, count, "a message is no call");
        }
    }
}
