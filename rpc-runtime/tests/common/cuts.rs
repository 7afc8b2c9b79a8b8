//! Connections that are cut at every byte of three calls and their replies (F14).

use rpc_runtime::fault::{TcpEnding, TcpFaults};

/// What client and server agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing: each connection comes from another port.
    Plain,
    /// The procedure may be executed more than once.
    Idempotent,
    /// The same port again, and a server that keeps a cache.
    Replay,
}

/// Bytes that three calls, and three replies, take.
const TO_SERVER: u64 = 3 * (4 + 40 + 8);
const TO_CLIENT: u64 = 3 * (4 + 24 + 8);

/// The fault of the cut with this number: every byte of both directions, every ending.
pub(crate) fn fault(number: u64, mode: Mode) -> TcpFaults {
    let ending = match number % 3 {
        0 => TcpEnding::Close,
        1 => TcpEnding::Reset,
        _ => TcpEnding::HalfClose,
    };
    let place = number / 3 * 37 % (TO_SERVER + TO_CLIENT);
    let faults = match place.checked_sub(TO_SERVER) {
        None => TcpFaults::none().cut_to_server(place, ending),
        Some(place) => TcpFaults::none().cut_to_client(place, ending),
    };
    if mode == Mode::Replay {
        faults.mirror_port()
    } else {
        faults
    }
}
