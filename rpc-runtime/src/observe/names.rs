//! The names of what is counted, as the table in [`observe`](super) has them.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Calls, on one of the two sides.
#[derive(Debug)]
pub(super) struct CallNames {
    pub(super) started: &'static str,
    pub(super) ended: &'static str,
    pub(super) duration: &'static str,
}

/// Connections, on one of the two sides.
#[derive(Debug)]
pub(super) struct ConnectionNames {
    pub(super) open: &'static str,
    pub(super) lost: &'static str,
    pub(super) io: &'static str,
}

pub(super) const CLIENT_CALLS: CallNames = CallNames {
    started: "rpc.client.call.started",
    ended: "rpc.client.call.ended",
    duration: "rpc.client.call.duration",
};

pub(super) const SERVER_CALLS: CallNames = CallNames {
    started: "rpc.server.call.started",
    ended: "rpc.server.call.ended",
    duration: "rpc.server.call.duration",
};

pub(super) const CLIENT_CONNECTIONS: ConnectionNames = ConnectionNames {
    open: "rpc.client.connections",
    lost: "rpc.client.connections.lost",
    io: "rpc.client.io",
};

pub(super) const SERVER_CONNECTIONS: ConnectionNames = ConnectionNames {
    open: "rpc.server.connections",
    lost: "rpc.server.connections.lost",
    io: "rpc.server.io",
};

pub(super) const RETRANSMISSIONS: &str = "rpc.client.retransmissions";
pub(super) const REFUSALS: &str = "rpc.server.refusals";
pub(super) const DUPLICATES: &str = "rpc.server.duplicates";
pub(super) const CONNECTIONS_REFUSED: &str = "rpc.server.connections.refused";
pub(super) const WAITING: &str = "rpc.server.calls.waiting";
pub(super) const DROPPED: &str = "rpc.server.dropped";

/// Tells the recorder what is counted of calls.
pub(super) fn describe_calls(names: &CallNames) {
    describe_counter!(names.started, "calls that were begun");
    describe_counter!(names.ended, "calls that have ended");
    describe_histogram!(
        names.duration,
        Unit::Seconds,
        "from the begin of a call to its end"
    );
    if names.started == SERVER_CALLS.started {
        describe_counter!(CONNECTIONS_REFUSED, "connections beyond the limits");
        describe_gauge!(WAITING, "calls that wait for their service");
        describe_counter!(REFUSALS, "calls that reached no service");
        describe_counter!(DUPLICATES, "calls that came more than once");
        describe_counter!(DROPPED, "messages that are no calls");
    }
}

/// Tells the recorder what is counted of connections.
pub(super) fn describe_connections(names: &ConnectionNames) {
    describe_gauge!(names.open, "connections that are open, and UDP sockets");
    describe_counter!(names.lost, "connections that ended with an error");
    describe_counter!(names.io, Unit::Bytes, "bytes of messages");
    if names.open == CLIENT_CONNECTIONS.open {
        describe_counter!(RETRANSMISSIONS, "calls that were sent again");
    }
}
