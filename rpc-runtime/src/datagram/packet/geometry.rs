//! How messages are cut into fragments.

use std::ops::Range;

use crate::checksum::{Checksum, Crc32c};

/// How many bytes of a message the fragments have, but for the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum FragmentSize {
    /// 1136 bytes, in a datagram of 1200 that every path carries.
    #[default]
    Any = 0,
    /// 1384 bytes, in a datagram of 1448 for Ethernet.
    Ethernet = 1,
    /// 8888 bytes, in a datagram of 8952 for jumbo frames.
    Jumbo = 2,
}

impl FragmentSize {
    /// Bytes of the message in a full fragment.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Any => 1136,
            Self::Ethernet => 1384,
            Self::Jumbo => 8888,
        }
    }

    /// The next larger size.
    #[must_use]
    pub const fn larger(self) -> Option<Self> {
        match self {
            Self::Any => Some(Self::Ethernet),
            Self::Ethernet => Some(Self::Jumbo),
            Self::Jumbo => None,
        }
    }

    pub(super) const fn from_wire(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::Any),
            1 => Some(Self::Ethernet),
            2 => Some(Self::Jumbo),
            _ => None,
        }
    }
}

/// How a message is cut into fragments, and its checksum: all of its fragments say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// The bytes of a full fragment.
    pub size: FragmentSize,
    /// Fragments of the message.
    pub nfrag: u16,
    /// Bytes of the message.
    pub msg_len: u32,
    /// CRC-32C of the message.
    pub msg_crc: u32,
}

impl Geometry {
    /// What a packet without a fragment says.
    pub const NONE: Self = Self {
        size: FragmentSize::Any,
        nfrag: 1,
        msg_len: 0,
        msg_crc: 0,
    };

    /// Cuts a message; none that is empty or has too many fragments.
    #[must_use]
    pub fn of(message: &[u8], size: FragmentSize) -> Option<Self> {
        let geometry = Self {
            size,
            nfrag: u16::try_from(message.len().div_ceil(size.bytes())).ok()?,
            msg_len: u32::try_from(message.len()).ok()?,
            msg_crc: Crc32c::of(message),
        };
        (geometry.nfrag > 0).then_some(geometry)
    }

    /// The place of a fragment in the message.
    #[must_use]
    pub fn range(&self, frag: u16) -> Range<usize> {
        let start = usize::from(frag) * self.size.bytes();
        let end = start + self.size.bytes();
        start..end.min(self.bytes())
    }

    /// Bytes of the message.
    #[must_use]
    pub fn bytes(&self) -> usize {
        usize::try_from(self.msg_len).unwrap_or(usize::MAX)
    }

    /// Whether the number of fragments fits the length.
    pub(super) fn is_consistent(&self) -> bool {
        self.nfrag > 0 && usize::from(self.nfrag) == self.bytes().div_ceil(self.size.bytes())
    }
}
