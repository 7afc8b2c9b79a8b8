//! What is seen of clients and servers from outside: spans, events and metrics.
//!
//! With the feature `tracing` each call is a span, with the names that OpenTelemetry has for ONC RPC;
//! with the feature `metrics` calls, their errors and times, and what connections carry are counted.
//! Both go to whatever the program has installed, and cost next to nothing where it has not.
//! Without the features nothing is compiled in.
//!
//! # Spans
//!
//! A call of a client is a span from its start to its end, below the span that the caller was in. A
//! call that a server dispatches is a span in which the service runs, so that its own events and spans
//! are inside. Both are called `call`; `otel.name` and `otel.kind` are what
//! `tracing-opentelemetry` makes the name and kind of. Their targets are `rpc_runtime::client` and
//! `rpc_runtime::server`, their level is `INFO`.
//!
//! | field | what it is |
//! |---|---|
//! | `otel.name`, `rpc.method` | `Calc.v1/add`; `_OTHER` for a procedure that is not served |
//! | `otel.kind` | `client`, `server` |
//! | `otel.status_code`, `otel.status_description` | `ERROR` and the error, where there is no result |
//! | `rpc.system.name` | `onc_rpc` |
//! | `rpc.response.status_code` | the status of the reply by its name in RFC 5531: `SUCCESS`, `GARBAGE_ARGS` |
//! | `error.type` | the same, or `deadline_exceeded`, `connection_lost`, `cancelled`, `not_begun` (its deadline had passed) …, where there is no result |
//! | `onc_rpc.program.name`, `onc_rpc.version` | `Calc`, `1` |
//! | `onc_rpc.procedure.name`, `onc_rpc.procedure.number` | `add`, `2` |
//! | `network.transport` | `tcp`, `udp`, `unix`, `reliable`, `memory` |
//! | `server.address`, `server.port` | who was called (client) |
//! | `client.address`, `client.port` | who calls (server) |
//! | `rpc_runtime.xid` | the transaction |
//! | `rpc_runtime.outcome` | `executed`, `not_executed`, `result_lost`, `unknown` (client) |
//!
//! # Events
//!
//! In the span of a call: `the call is sent again` (`DEBUG`), `the connection is lost` (`DEBUG`, with
//! the error), `a layer refuses the call` (`DEBUG`, with its error). Beside calls, with the peer and the reason: connections that end with an error
//! and calls that reach no service (`DEBUG`), connections beyond the limits (`DEBUG`), a listener that
//! cannot accept (`WARN`, ten times a second at the most), messages that are no calls (`WARN`; on a UDP socket the
//! first, the second, the fourth and so on, with their number).
//!
//! # Metrics
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `rpc.client.call.started`, `rpc.server.call.started` | counter | those of the procedure |
//! | `rpc.client.call.ended`, `rpc.server.call.ended` | counter | those of the procedure, `rpc_runtime.outcome`, `error.type` |
//! | `rpc.client.call.duration`, `rpc.server.call.duration` | histogram, seconds | those of the procedure, `error.type` |
//! | `rpc.client.retransmissions` | counter | `network.transport` |
//! | `rpc.client.connections`, `rpc.server.connections` | gauge | `network.transport` |
//! | `rpc.client.connections.lost`, `rpc.server.connections.lost` | counter | `network.transport` |
//! | `rpc.client.io`, `rpc.server.io` | counter, bytes of messages | `network.transport`, `network.io.direction`: `transmit`, `receive` |
//! | `rpc.server.connections.refused` | counter: connections beyond the limits | `network.transport` |
//! | `rpc.server.calls.waiting` | gauge: calls that wait for their service, or in its queue | |
//! | `rpc.server.refusals` | counter: calls that reached no service | `rpc.response.status_code`, `network.transport` |
//! | `rpc.server.dropped` | counter: messages that are no calls | `network.transport` |
//! | `rpc.server.duplicates` | counter: calls that came before | `rpc_runtime.state`: `answered`, `in_progress` |
//!
//! The labels of a procedure are `rpc.system.name`, `rpc.method`, `onc_rpc.program.name`,
//! `onc_rpc.version` and `onc_rpc.procedure.name`. `error.type` is absent where there is a result. No
//! label has what a peer sent: a procedure that is not served is `unknown`.
//!
//! The recorder has to be installed before the clients and servers that it is to hear of are made.

#![cfg_attr(
    not(all(feature = "net", feature = "metrics", feature = "tracing")),
    allow(
        dead_code,
        clippy::default_constructed_unit_structs,
        clippy::unused_self,
        reason = "what takes the place of spans and counts that are off does nothing"
    )
)]

#[cfg(any(feature = "net", feature = "blocking"))]
mod client;
mod method;
mod server;

#[cfg(feature = "metrics")]
mod meter;
#[cfg(not(feature = "metrics"))]
#[path = "observe/meter_off.rs"]
mod meter;
#[cfg(feature = "metrics")]
mod names;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "observe/trace_off.rs"]
mod trace;

#[cfg(any(feature = "net", feature = "blocking"))]
pub(crate) use client::{Client, ClientCall, ClientConnection};
#[cfg(feature = "net")]
pub(crate) use meter::Waiting;
pub(crate) use method::Method;
pub(crate) use server::{Server, ServerCall};
#[cfg(feature = "net")]
pub(crate) use server::{ServerConnection, cannot_accept, connection_refused};
#[cfg(all(feature = "net", feature = "tower"))]
pub(crate) use trace::layer_refused;
