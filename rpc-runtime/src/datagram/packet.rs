//! Packets of ORD/1: bytes on the wire, and what they say.
//!
//! A header of 64 bytes, all numbers big-endian, is followed by a fragment of a message or by a
//! small body.
//!
//! ```text
//!  0               4               8   9   10  11  12              16
//! ┌───────────────┬───────────────┬───┬───┬───┬───┬───────────────┐
//! │ crc32c        │ "ORD" 1       │typ│flg│len│cod│ activity      │  0
//! ├───────────────┴───────────────┼───┴───┴───┴───┴───────────────┤
//! │ client_id                     │ epoch                         │ 16
//! ├───────────────────────────────┼───────────────┬───────────────┤
//! │ tok: cookie, or echo_pn+hold  │ seq           │ pn            │ 32
//! ├───────┬───────┬───────────────┼───────────────┼───────────────┤
//! │ frag  │ nfrag │ msg_len       │ msg_crc       │ stamp         │ 48
//! └───────┴───────┴───────────────┴───────────────┴───────────────┘
//! ```

mod body;
mod geometry;

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

pub use body::{ACK_MAX, Ack, BITMAP_MAX, DONE_PAIRS_MAX, Done, HelloAck, Reject, elapsed_ms};

pub use geometry::{FragmentSize, Geometry};

use crate::checksum::{Checksum, Crc32c};

/// Bytes of a header without extensions.
pub const HEADER_LEN: usize = 64;

/// Bytes of the shortest datagram from a client: no answer of the server to a stranger is longer.
pub const CLIENT_DATAGRAM_MIN: usize = 96;

/// Bytes of the shortest HELLO.
pub const HELLO_MIN: usize = 128;

/// The version of the protocol that is spoken here.
pub const VERSION: u8 = 1;

/// The versions that are spoken here, as a bitmap: bit n stands for version n.
pub const VERSIONS: u32 = 1 << VERSION;

/// The flag of a packet that wants an answer at once.
pub const ACK_REQ: u8 = 0x01;

/// The flag of a call that may be executed more than once.
pub const IDEMPOTENT: u8 = 0x02;

/// The flag of a packet whose content was sent before; nothing depends on it.
pub const RETRANSMIT: u8 = 0x04;

/// The first bytes of the magic number; the version is the fourth.
const MAGIC: [u8; 3] = *b"ORD";

/// Where the checksum ends and the magic number begins.
const CRC_LEN: usize = 4;

/// Units of the header's length.
const HLEN_UNIT: usize = 4;

/// Whether a datagram is of this protocol, whichever version, and not plain ONC RPC, which has a
/// message type of 0 or 1 in this place.
#[must_use]
pub fn is_ord(datagram: &[u8]) -> bool {
    datagram.get(CRC_LEN..CRC_LEN + MAGIC.len()) == Some(&MAGIC[..])
}

/// What a packet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// Asks for the epoch and a cookie.
    Hello = 1,
    /// Gives them.
    HelloAck = 2,
    /// A fragment of a call.
    Req = 3,
    /// A fragment of a reply.
    Resp = 4,
    /// Says which fragments have come.
    Ack = 5,
    /// Asks what has become of a call.
    Ping = 6,
    /// The call waits for its execution, or is being executed.
    Working = 7,
    /// The server has no such call.
    NoCall = 8,
    /// The server does not take the packet, or has no result.
    Reject = 9,
    /// The client has the replies.
    Done = 10,
    /// The client wants no result any more.
    Cancel = 11,
    /// Says whether the call had begun.
    CancelAck = 12,
    /// Tries whether a datagram of this length arrives.
    Probe = 13,
    /// It did.
    ProbeAck = 14,
}

impl PacketType {
    fn from_wire(value: u8) -> Option<Self> {
        Some(match value {
            1 => Self::Hello,
            2 => Self::HelloAck,
            3 => Self::Req,
            4 => Self::Resp,
            5 => Self::Ack,
            6 => Self::Ping,
            7 => Self::Working,
            8 => Self::NoCall,
            9 => Self::Reject,
            10 => Self::Done,
            11 => Self::Cancel,
            12 => Self::CancelAck,
            13 => Self::Probe,
            14 => Self::ProbeAck,
            _ => return None,
        })
    }

    /// Whether it carries a fragment of a message.
    #[must_use]
    pub fn has_fragment(self) -> bool {
        matches!(self, Self::Req | Self::Resp)
    }
}

/// The header of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the packet is for.
    pub packet_type: PacketType,
    /// [`ACK_REQ`], [`IDEMPOTENT`], [`RETRANSMIT`].
    pub flags: u8,
    /// The code of a REJECT, WORKING or `CANCEL_ACK`.
    pub code: u8,
    /// The channel within the client; it has one call at a time.
    pub activity: u32,
    /// The incarnation of the client.
    pub client_id: u64,
    /// The incarnation of the server; 0 in HELLO.
    pub epoch: u64,
    /// From a client its cookie, from a server [`echo`].
    pub tok: u64,
    /// The number of the call within its activity, from 1.
    pub seq: u32,
    /// The number of the packet; 0 where a server keeps no state.
    pub pn: u32,
    /// Which fragment of the message this is.
    pub frag: u16,
    /// How the message is cut.
    pub geometry: Geometry,
    /// From a client the pin of the call, from a server its clock, in seconds of the epoch.
    pub stamp: u32,
}

/// A packet as it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its header.
    pub header: Header,
    /// The fragment of the message, without padding; or the body, with it.
    pub body: &'a [u8],
}

/// Why a datagram is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not of this protocol.
    Foreign,
    /// It was damaged on its way.
    Damaged,
    /// It is of another version, which only a HELLO may be; this is its client and its number.
    OtherVersion {
        /// Who sent it, if it is a HELLO.
        hello: Option<(u64, u32)>,
    },
    /// It breaks a rule of the header.
    Malformed,
}

impl<'a> Packet<'a> {
    /// The packet in a datagram.
    ///
    /// # Errors
    ///
    /// The datagram is damaged or foreign, or its header contradicts itself or its length.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Fault> {
        Self::parse_with(datagram, true)
    }

    /// The packet in a datagram, whose checksum only counts if this is said.
    pub(super) fn parse_with(datagram: &'a [u8], is_checked: bool) -> Result<Self, Fault> {
        if !is_ord(datagram) {
            return Err(Fault::Foreign);
        }
        let (crc, summed) = datagram.split_first_chunk().ok_or(Fault::Foreign)?;
        if is_checked && datagram_crc(summed) != u32::from_be_bytes(*crc) {
            return Err(Fault::Damaged);
        }
        let Some(mut rest) = summed.get(MAGIC.len()..) else {
            return Err(Fault::Malformed);
        };
        let [version, packet_type] = take(&mut rest).ok_or(Fault::Malformed)?;
        if version != VERSION {
            let is_hello = packet_type == PacketType::Hello as u8;
            let hello = is_hello.then(|| hello_of(datagram)).flatten();
            return Err(Fault::OtherVersion { hello });
        }
        let packet_type = PacketType::from_wire(packet_type).ok_or(Fault::Malformed)?;
        let (header, header_len) = Header::read(packet_type, rest).ok_or(Fault::Malformed)?;
        let body = datagram.get(header_len..).ok_or(Fault::Malformed)?;
        let body = header.body(body, datagram.len()).ok_or(Fault::Malformed)?;
        Ok(Self { header, body })
    }
}

impl Header {
    /// The header of a packet about which nothing is said but its type.
    pub(super) const fn empty(packet_type: PacketType) -> Self {
        Self {
            packet_type,
            flags: 0,
            code: 0,
            activity: 0,
            client_id: 0,
            epoch: 0,
            tok: 0,
            seq: 0,
            pn: 0,
            frag: 0,
            geometry: Geometry::NONE,
            stamp: 0,
        }
    }

    /// The fields behind the type, and where the body begins.
    fn read(packet_type: PacketType, rest: &[u8]) -> Option<(Self, usize)> {
        let mut rest = rest;
        let [flags, hlen, code] = take(&mut rest)?;
        let header_len = usize::from(hlen) * HLEN_UNIT;
        let activity = take(&mut rest).map(u32::from_be_bytes)?;
        let client_id = take(&mut rest).map(u64::from_be_bytes)?;
        let epoch = take(&mut rest).map(u64::from_be_bytes)?;
        let tok = take(&mut rest).map(u64::from_be_bytes)?;
        let seq = take(&mut rest).map(u32::from_be_bytes)?;
        let pn = take(&mut rest).map(u32::from_be_bytes)?;
        let frag = take(&mut rest).map(u16::from_be_bytes)?;
        let has_fragment = packet_type.has_fragment();
        let size = if has_fragment { code } else { 0 };
        let geometry = Geometry {
            size: FragmentSize::from_wire(size)?,
            nfrag: take(&mut rest).map(u16::from_be_bytes)?,
            msg_len: take(&mut rest).map(u32::from_be_bytes)?,
            msg_crc: take(&mut rest).map(u32::from_be_bytes)?,
        };
        let stamp = take(&mut rest).map(u32::from_be_bytes)?;
        let header = Self {
            packet_type,
            flags,
            code: if has_fragment { 0 } else { code },
            activity,
            client_id,
            epoch,
            tok,
            seq,
            pn,
            frag,
            geometry,
            stamp,
        };
        (header_len >= HEADER_LEN && header.is_consistent()).then_some((header, header_len))
    }

    /// Whether the fields that say how the message is cut, and the epoch, suit the type.
    fn is_consistent(&self) -> bool {
        let is_cut = if self.packet_type.has_fragment() {
            self.geometry.is_consistent() && self.frag < self.geometry.nfrag
        } else {
            self.geometry == Geometry::NONE && self.frag == 0
        };
        is_cut && (self.epoch == 0) == (self.packet_type == PacketType::Hello)
    }

    /// What follows the header, without the padding of a fragment. A fragment has its whole
    /// length; a client pads what is shorter than the shortest datagram, and nothing else.
    fn body<'a>(&self, behind: &'a [u8], datagram_len: usize) -> Option<&'a [u8]> {
        if !self.packet_type.has_fragment() {
            return Some(behind);
        }
        let fragment = behind.get(..self.geometry.range(self.frag).len())?;
        let is_padded = fragment.len() < behind.len();
        (!is_padded || datagram_len == CLIENT_DATAGRAM_MIN).then_some(fragment)
    }

    /// The datagram with this header and body, zero-padded to a length.
    ///
    /// The memory is taken from an arena, so that most datagrams need no allocation.
    #[must_use]
    pub fn encode(&self, body: &[u8], len_min: usize, arena: &mut BytesMut) -> Bytes {
        let len = (HEADER_LEN + body.len()).max(len_min);
        if arena.capacity() < len {
            arena.reserve(len.max(ARENA_LEN));
        }
        arena.put_slice(&self.to_bytes());
        arena.put_slice(body);
        arena.put_bytes(0, len - arena.len());
        seal(arena);
        arena.split().freeze()
    }

    /// The header, with 0 in the place of the checksum.
    fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut header = [0; HEADER_LEN];
        let mut rest = &mut header[CRC_LEN..];
        rest.put_slice(&MAGIC);
        rest.put_slice(&[VERSION, self.packet_type as u8]);
        rest.put_slice(&[self.flags, HLEN, self.wire_code()]);
        rest.put_u32(self.activity);
        rest.put_u64(self.client_id);
        rest.put_u64(self.epoch);
        rest.put_u64(self.tok);
        rest.put_u32(self.seq);
        rest.put_u32(self.pn);
        rest.put_u16(self.frag);
        rest.put_u16(self.geometry.nfrag);
        rest.put_u32(self.geometry.msg_len);
        rest.put_u32(self.geometry.msg_crc);
        rest.put_u32(self.stamp);
        header
    }

    fn wire_code(&self) -> u8 {
        if self.packet_type.has_fragment() {
            self.geometry.size as u8
        } else {
            self.code
        }
    }

    /// Whether the packet wants an answer at once.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.flags & ACK_REQ != 0
    }
}

/// Bytes that are allocated at once for datagrams: a window of small ones.
const ARENA_LEN: usize = 16 * 1024;

/// The length of a header without extensions, as it stands on the wire: 64 / 4.
const HLEN: u8 = 16;

/// The token of a packet from a server: the number of the packet that it answers, and for how many
/// microseconds it was held back; 0 where it answers none.
#[must_use]
pub fn echo(pn: u32, hold: Duration) -> u64 {
    let hold = u32::try_from(hold.as_micros()).unwrap_or(u32::MAX);
    (u64::from(pn) << 32) | u64::from(hold)
}

/// The packet that a server's token answers, and how long it was held back.
#[must_use]
pub fn echoed(tok: u64) -> (u32, Duration) {
    let [a, b, c, d, hold @ ..] = tok.to_be_bytes();
    let hold = Duration::from_micros(u32::from_be_bytes(hold).into());
    (u32::from_be_bytes([a, b, c, d]), hold)
}

/// Writes the checksum of a datagram into its first bytes, which are 0.
fn seal(datagram: &mut [u8]) {
    if let Some((crc, summed)) = datagram.split_first_chunk_mut() {
        *crc = datagram_crc(summed).to_be_bytes();
    }
}

/// The checksum of a datagram: of four zero bytes and what follows them.
fn datagram_crc(summed: &[u8]) -> u32 {
    let mut crc = Crc32c::default();
    crc.update(&[0; CRC_LEN]);
    crc.update(summed);
    crc.sum()
}

/// The client and the packet number in a HELLO, which has them in the same place in all versions.
fn hello_of(datagram: &[u8]) -> Option<(u64, u32)> {
    let mut client_id = datagram.get(16..)?;
    let mut pn = datagram.get(44..)?;
    Some((
        take(&mut client_id).map(u64::from_be_bytes)?,
        take(&mut pn).map(u32::from_be_bytes)?,
    ))
}

/// The next bytes.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
#[path = "packet/tests.rs"]
mod tests;
