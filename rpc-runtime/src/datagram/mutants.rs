//! Rules that tests break, to see that the tests would notice.
//!
//! Each is asked about by one `if` at the rule that it removes. Without the feature `mutants`
//! nothing can be set, and the compiler removes the questions.

/// A rule that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mutant {
    /// The server takes packets of every epoch, and the client too.
    NoEpochCheck,
    /// The client sends a call again to the next epoch although it was fully sent to the last.
    BlindRetry,
    /// The server takes calls with lower numbers than the last for new ones.
    NoSequenceCheck,
    /// The server takes calls however old they are.
    NoPinWindow,
    /// The client gives a call a new pin although it was fully sent.
    RepinAfterFullSend,
    /// The client takes a BUSY for the proof that its call is not executed.
    BusyIsProof,
    /// No checksum is looked at.
    NoChecksum,
    /// The client keeps its first cookie.
    StaleCookies,
    /// The client reacts to each refusal, and not once to each flight.
    NoFlightRule,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NoEpochCheck,
        Self::BlindRetry,
        Self::NoSequenceCheck,
        Self::NoPinWindow,
        Self::RepinAfterFullSend,
        Self::BusyIsProof,
        Self::NoChecksum,
        Self::StaleCookies,
        Self::NoFlightRule,
    ];

    const fn bit(self) -> u16 {
        1 << (self as u8)
    }
}

/// The rules that an endpoint breaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mutants(u16);

impl Mutants {
    /// These, and another.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub const fn with(self, mutant: Mutant) -> Self {
        Self(self.0 | mutant.bit())
    }

    /// Whether a rule is removed.
    pub(super) const fn has(self, mutant: Mutant) -> bool {
        cfg!(feature = "mutants") && self.0 & mutant.bit() != 0
    }
}
