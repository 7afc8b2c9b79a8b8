//! Large data that an encoder leaves where it lies.

use alloc::vec::Vec;
use bytes::Bytes;

/// The length, in bytes, from which opaque data and strings become chunks of their own.
///
/// Below it a copy costs less than another piece of a vectored write.
pub const CHUNK_MIN: usize = 4096;

/// Data that stands between the bytes of an encoder's buffer.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// Each behind so many bytes of the buffer.
    data: Vec<(usize, Bytes)>,
    /// Bytes of the data, all together.
    len: usize,
}

impl Chunks {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds data that stands behind so many bytes of the buffer.
    pub(crate) fn push(&mut self, position: usize, bytes: &Bytes) {
        self.len += bytes.len();
        self.data.push((position, bytes.clone()));
    }

    /// The first piece of the buffer, and behind it the data and the other pieces.
    pub(crate) fn between(self, buffer: Vec<u8>) -> (Bytes, Vec<Bytes>) {
        let mut buffer = Bytes::from(buffer);
        let mut rest = Vec::with_capacity(2 * self.data.len() + 1);
        let mut taken = 0;
        for (position, bytes) in self.data {
            rest.push(buffer.split_to(position - taken));
            rest.push(bytes);
            taken = position;
        }
        rest.push(buffer);
        // The length of data stands before it, so that the first piece is never empty.
        let head = rest.remove(0);
        rest.retain(|piece| !piece.is_empty());
        (head, rest)
    }

    /// The buffer and the data in one piece.
    pub(crate) fn joined(self, buffer: &[u8]) -> Vec<u8> {
        let mut whole = Vec::with_capacity(buffer.len() + self.len);
        let mut taken = 0;
        for (position, bytes) in &self.data {
            whole.extend_from_slice(buffer.get(taken..*position).unwrap_or_default());
            whole.extend_from_slice(bytes);
            taken = *position;
        }
        whole.extend_from_slice(buffer.get(taken..).unwrap_or_default());
        whole
    }
}
