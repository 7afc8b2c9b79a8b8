//! The codes in packets.

/// Why a server does not take a packet, or has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RejectCode {
    /// The packet is for another incarnation of the server, which will never see it.
    WrongEpoch = 1,
    /// The client or its address is not known: try again with the new cookie.
    Cookie = 2,
    /// The call is older than calls may be that come for the first time.
    StalePin = 3,
    /// The call was executed, and its reply is gone.
    ResultLost = 4,
    /// No room now: try again later.
    Busy = 5,
    /// No room; the call will not be executed.
    Refused = 6,
    /// The message is longer than the server takes.
    TooLarge = 7,
    /// The server takes no new calls.
    Draining = 8,
    /// The number stands for another call, or no call can have it any more.
    SeqReused = 9,
    /// The call was cancelled before it was executed, and will not be.
    CancelledBeforeStart = 10,
    /// The pin lies in the future: try again later.
    FuturePin = 11,
}

impl RejectCode {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::WrongEpoch,
        Self::Cookie,
        Self::StalePin,
        Self::ResultLost,
        Self::Busy,
        Self::Refused,
        Self::TooLarge,
        Self::Draining,
        Self::SeqReused,
        Self::CancelledBeforeStart,
        Self::FuturePin,
    ];

    pub(super) fn from_wire(code: u8) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|known| *known as u8 == code)
    }
}

/// How far a call is that has no result: the code of WORKING and `CANCEL_ACK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CallState {
    /// It waits.
    Queued = 0,
    /// It is being executed.
    Running = 1,
}
