use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of a packet before its message.
pub const HEADER_LEN: usize = 6;

/// The first byte of a packet with a message.
const DATA: u8 = 1;

/// The first byte of an acknowledgement.
const ACKNOWLEDGEMENT: u8 = 2;

/// What the ends of a channel send each other; all numbers are big-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    /// The message with this number; the first copy is 0.
    Data {
        sequence: u32,
        copy: u8,
        message: Bytes,
    },
    /// This copy of this message has come; and so have all messages before the next.
    Acknowledgement { received: u32, copy: u8, next: u32 },
}

impl Packet {
    /// The packet in these bytes, if there is one.
    pub(super) fn decode(bytes: &Bytes) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (copy, rest) = rest.split_first()?;
        let (first, rest) = rest.split_first_chunk()?;
        let first = u32::from_be_bytes(*first);
        match *kind {
            DATA => Some(Self::Data {
                sequence: first,
                copy: *copy,
                message: bytes.slice_ref(rest),
            }),
            ACKNOWLEDGEMENT => {
                let next = u32::from_be_bytes(rest.try_into().ok()?);
                Some(Self::Acknowledgement {
                    received: first,
                    copy: *copy,
                    next,
                })
            }
            _ => None,
        }
    }

    pub(super) fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        match self {
            Self::Data {
                sequence,
                copy,
                message,
            } => {
                bytes.reserve(HEADER_LEN + message.len());
                bytes.put_u8(DATA);
                bytes.put_u8(*copy);
                bytes.put_u32(*sequence);
                bytes.extend_from_slice(message);
            }
            Self::Acknowledgement {
                received,
                copy,
                next,
            } => {
                bytes.put_u8(ACKNOWLEDGEMENT);
                bytes.put_u8(*copy);
                bytes.put_u32(*received);
                bytes.put_u32(*next);
            }
        }
        bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let data = Packet::Data {
            sequence: 0x0102_0304,
            copy: 9,
            message: Bytes::from_static(b"hello"),
        };
        assert_eq!(data.encode(), &b"\x01\x09\x01\x02\x03\x04hello"[..]);
        assert_eq!(Packet::decode(&data.encode()), Some(data));
        let acknowledgement = Packet::Acknowledgement {
            received: 5,
            copy: 1,
            next: 3,
        };
        let bytes = acknowledgement.encode();
        assert_eq!(bytes, &[2, 1, 0, 0, 0, 5, 0, 0, 0, 3][..]);
        assert_eq!(Packet::decode(&bytes), Some(acknowledgement));
    }

    #[test]
    fn no_packets() {
        for bytes in [
            &b""[..],
            b"\x01",
            b"\x01\0\0\0\0",
            b"\x02\0\0\0\0\0",
            b"\x03\0\0\0\0\0",
        ] {
            assert_eq!(Packet::decode(&Bytes::from_static(bytes)), None);
        }
        let too_long = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Packet::decode(&Bytes::copy_from_slice(&too_long)), None);
    }
}
