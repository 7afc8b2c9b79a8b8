//! What stands behind the header in packets that carry no fragment.

use std::time::Duration;

use super::take;

/// Bytes of the longest bitmap of an ACK.
pub const BITMAP_MAX: usize = 128;

/// Calls that one DONE names at the most: what fits into a datagram of 1200 bytes.
pub const DONE_PAIRS_MAX: usize = 141;

/// What a server tells who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelloAck {
    /// The proof that the client receives at its address.
    pub cookie: u64,
    /// Bytes of the longest message that the server takes.
    pub max_msg: u32,
    /// Activities that a client may have.
    pub max_act: u16,
    /// Fragments of a message that may be under way.
    pub window: u16,
    /// The versions that the server speaks, bit n for version n.
    pub versions: u32,
}

impl HelloAck {
    /// Bytes of the body.
    pub const LEN: usize = 20;

    /// The body of a packet, unless it is too short.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        Some(Self {
            cookie: take(&mut rest).map(u64::from_be_bytes)?,
            max_msg: take(&mut rest).map(u32::from_be_bytes)?,
            max_act: take(&mut rest).map(u16::from_be_bytes)?,
            window: take(&mut rest).map(u16::from_be_bytes)?,
            versions: take(&mut rest).map(u32::from_be_bytes)?,
        })
    }

    /// The bytes of the body.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut body = Body::default();
        body.put(self.cookie.to_be_bytes());
        body.put(self.max_msg.to_be_bytes());
        body.put(self.max_act.to_be_bytes());
        body.put(self.window.to_be_bytes());
        body.put(self.versions.to_be_bytes());
        body.bytes
    }
}

/// Why a packet is not taken, or that there is no result; the code is in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// The epoch of the packet that is rejected.
    pub offending_epoch: u64,
    /// A cookie for the address that the packet came from.
    pub fresh_cookie: u64,
    /// BUSY and `FUTURE_PIN`: milliseconds after which to try again.
    pub arg: u32,
}

impl Reject {
    /// Bytes of the body.
    pub const LEN: usize = 20;

    /// The body of a packet, unless it is too short.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        Some(Self {
            offending_epoch: take(&mut rest).map(u64::from_be_bytes)?,
            fresh_cookie: take(&mut rest).map(u64::from_be_bytes)?,
            arg: take(&mut rest).map(u32::from_be_bytes)?,
        })
    }

    /// The bytes of the body.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut body = Body::default();
        body.put(self.offending_epoch.to_be_bytes());
        body.put(self.fresh_cookie.to_be_bytes());
        body.put(self.arg.to_be_bytes());
        body.bytes
    }
}

/// Bytes of the longest body of an ACK: 16 in front of the bitmap.
pub const ACK_MAX: usize = 16 + BITMAP_MAX;

/// Which fragments of a message have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack<'a> {
    /// The first fragment that is missing.
    pub cum: u16,
    /// Bits of the bitmap.
    pub nbits: u16,
    /// Fragments behind `cum` that the receiver takes.
    pub window: u16,
    /// The packet that caused this one.
    pub echo_pn: u32,
    /// For how many microseconds the answer was held back.
    pub hold_us: u32,
    /// Bit i, counted from the least of the first byte, says whether fragment `cum` + i has come.
    pub bitmap: &'a [u8],
}

impl<'a> Ack<'a> {
    /// The body of a packet, unless it is too short for its bitmap.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let mut rest = body;
        let cum = take(&mut rest).map(u16::from_be_bytes)?;
        let nbits = take(&mut rest).map(u16::from_be_bytes)?;
        let window = take(&mut rest).map(u16::from_be_bytes)?;
        let [_, _] = take(&mut rest)?;
        let echo_pn = take(&mut rest).map(u32::from_be_bytes)?;
        let hold_us = take(&mut rest).map(u32::from_be_bytes)?;
        let len = usize::from(nbits).div_ceil(8);
        let bitmap = rest
            .get(..len)
            .filter(|bitmap| bitmap.len() <= BITMAP_MAX)?;
        Some(Self {
            cum,
            nbits,
            window,
            echo_pn,
            hold_us,
            bitmap,
        })
    }

    /// The bytes of the body, and how many they are.
    #[must_use]
    pub fn to_bytes(self) -> ([u8; ACK_MAX], usize) {
        let mut body = Body::default();
        body.put(self.cum.to_be_bytes());
        body.put(self.nbits.to_be_bytes());
        body.put(self.window.to_be_bytes());
        body.put([0, 0]);
        body.put(self.echo_pn.to_be_bytes());
        body.put(self.hold_us.to_be_bytes());
        body.put_slice(self.bitmap);
        (body.bytes, body.len)
    }

    /// Says that nothing has come.
    #[must_use]
    pub fn nothing(window: u16) -> Ack<'static> {
        Ack {
            cum: 0,
            nbits: 0,
            window,
            echo_pn: 0,
            hold_us: 0,
            bitmap: &[],
        }
    }

    /// For how long the answer was held back.
    #[must_use]
    pub fn hold(&self) -> Duration {
        Duration::from_micros(self.hold_us.into())
    }

    /// Whether a fragment behind `cum` has come.
    #[must_use]
    pub fn has(&self, behind_cum: u16) -> bool {
        let byte = self.bitmap.get(usize::from(behind_cum / 8));
        behind_cum < self.nbits && byte.is_some_and(|byte| byte & (1 << (behind_cum % 8)) != 0)
    }
}

/// Bytes that stand for one call in a DONE.
const PAIR_LEN: usize = 8;

/// The calls whose replies the client has, as activity and seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done<'a> {
    pairs: &'a [u8],
}

impl<'a> Done<'a> {
    /// The body of a packet, unless it is too short for its count. Padding is not read.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let mut rest = body;
        let count = take(&mut rest).map(u16::from_be_bytes)?;
        let [_, _] = take(&mut rest)?;
        let pairs = rest.get(..usize::from(count) * PAIR_LEN)?;
        Some(Self { pairs })
    }

    /// The calls, as activity and seq.
    pub fn calls(self) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let (pairs, _) = self.pairs.as_chunks::<{ PAIR_LEN }>();
        pairs.iter().map(|&[a, b, c, d, e, f, g, h]| {
            let activity = u32::from_be_bytes([a, b, c, d]);
            (activity, u32::from_be_bytes([e, f, g, h]))
        })
    }

    /// The bytes of a body that names these calls, of which no more than [`DONE_PAIRS_MAX`] fit.
    #[must_use]
    pub fn to_bytes(calls: &[(u32, u32)]) -> Vec<u8> {
        let calls = calls.get(..DONE_PAIRS_MAX).unwrap_or(calls);
        let count = u16::try_from(calls.len()).unwrap_or_default();
        let mut body = Vec::with_capacity(4 + calls.len() * PAIR_LEN);
        body.extend(count.to_be_bytes());
        body.extend([0, 0]);
        for (activity, seq) in calls {
            body.extend(activity.to_be_bytes());
            body.extend(seq.to_be_bytes());
        }
        body
    }
}

/// The body of a WORKING: for how many milliseconds the server has had the call.
#[must_use]
pub fn elapsed_ms(body: &[u8]) -> Option<u32> {
    let mut rest = body;
    take(&mut rest).map(u32::from_be_bytes)
}

/// A body as it is written; it begins as zeros, so that no memory of anything else gets out.
struct Body<const LEN: usize> {
    bytes: [u8; LEN],
    len: usize,
}

impl<const LEN: usize> Default for Body<LEN> {
    fn default() -> Self {
        Self {
            bytes: [0; LEN],
            len: 0,
        }
    }
}

impl<const LEN: usize> Body<LEN> {
    fn put<const N: usize>(&mut self, field: [u8; N]) {
        self.put_slice(&field);
    }

    /// Writes what has room.
    fn put_slice(&mut self, field: &[u8]) {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let len = field.len().min(room.len());
        for (to, from) in room.iter_mut().zip(field) {
            *to = *from;
        }
        self.len += len;
    }
}
