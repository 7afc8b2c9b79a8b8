//! Checksums, from the simplest to the one that the reliable datagram protocol uses.
//!
//! All of them see every flip of a single bit. What they do not see differs by orders of
//! magnitude; `cargo run -p examples --bin checksums` counts it, and the tests show it.
//!
//! | checksum | bytes | defined in | does not see |
//! |---|---|---|---|
//! | [`InternetChecksum`] | 2 | RFC 1071 | words that change places |
//! | [`Fletcher16`] | 2 | RFC 1146 | a byte 0 that becomes 255; bytes that change places at a distance of 255 |
//! | [`Fletcher32`] | 4 | RFC 1146, in little-endian words | a word 0 that becomes 65,535 |
//! | [`Crc32c`] | 4 | RFC 3720 | multiples of its polynomial: one in 2^32 of all longer bursts |
//!
//! ```
//! use rpc_runtime::checksum::{Checksum, Crc32c};
//!
//! let mut crc = Crc32c::default();
//! crc.update(b"12345");
//! crc.update(b"6789");
//! assert_eq!(crc.sum(), Crc32c::of(b"123456789"));
//! assert_eq!(crc.sum(), 0xe306_9283);
//! ```

use bytes::{Bytes, BytesMut};

/// A checksum over bytes that come in any number of pieces.
pub trait Checksum: Clone + Default + Send + 'static {
    /// What tables and errors call it.
    const NAME: &'static str;

    /// Bytes of the sum, at most 4: the low ones of what [`sum`](Self::sum) gives.
    const LEN: usize;

    /// Takes in more bytes.
    fn update(&mut self, bytes: &[u8]);

    /// The sum of all bytes that were taken in.
    fn sum(&self) -> u32;

    /// The sum of these bytes.
    #[must_use]
    fn of(bytes: &[u8]) -> u32 {
        let mut checksum = Self::default();
        checksum.update(bytes);
        checksum.sum()
    }
}

/// The datagram that carries this data behind its checksum.
#[must_use]
pub fn seal<C: Checksum>(data: &[u8]) -> Bytes {
    let mut sealed = BytesMut::with_capacity(C::LEN + data.len());
    let sum = C::of(data).to_be_bytes();
    sealed.extend_from_slice(
        sum.get(sum.len().saturating_sub(C::LEN)..)
            .unwrap_or_default(),
    );
    sealed.extend_from_slice(data);
    sealed.freeze()
}

/// The data in a datagram that [`seal`] made, unless it has changed on the way.
#[must_use]
pub fn unseal<C: Checksum>(datagram: &Bytes) -> Option<Bytes> {
    let (sum, data) = datagram.split_at_checked(C::LEN)?;
    let sum = sum
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u32::from(*byte));
    (sum == C::of(data)).then(|| datagram.slice_ref(data))
}

/// Words between two divisions: the sums of so many fit into 64 bits by far.
const WORDS_PER_DIVISION: usize = 1 << 16;

/// The additive checksum of IP, TCP and UDP (RFC 1071): the ones' complement of the ones'
/// complement sum of big-endian 16-bit words, an odd byte at the end followed by a zero.
#[derive(Debug, Clone, Default)]
pub struct InternetChecksum {
    /// The sum of all whole words, whose carries are added at the end: 2^48 words fit.
    total: u64,
    odd: Option<u8>,
}

impl Checksum for InternetChecksum {
    const NAME: &'static str = "additive";
    const LEN: usize = 2;

    fn update(&mut self, bytes: &[u8]) {
        let total = &mut self.total;
        for_pairs(&mut self.odd, bytes, |pairs| {
            let words = pairs
                .iter()
                .map(|pair| u64::from(u16::from_be_bytes(*pair)));
            *total += words.sum::<u64>();
        });
    }

    fn sum(&self) -> u32 {
        let odd = self
            .odd
            .map(|byte| u64::from(u16::from_be_bytes([byte, 0])));
        let mut sum = self.total + odd.unwrap_or_default();
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        low_bits(!sum & 0xffff)
    }
}

/// Fletcher's checksum over bytes: two sums modulo 255, the second of which weighs each byte with
/// its place.
#[derive(Debug, Clone, Default)]
pub struct Fletcher16(Fletcher<255>);

impl Checksum for Fletcher16 {
    const NAME: &'static str = "Fletcher-16";
    const LEN: usize = 2;

    fn update(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(WORDS_PER_DIVISION) {
            self.0.add(block.iter().map(|byte| u64::from(*byte)));
        }
    }

    fn sum(&self) -> u32 {
        low_bits((self.0.second << 8) | self.0.first)
    }
}

/// Fletcher's checksum over little-endian 16-bit words: two sums modulo 65,535. An odd byte at the
/// end is followed by a zero.
#[derive(Debug, Clone, Default)]
pub struct Fletcher32 {
    sums: Fletcher<0xffff>,
    odd: Option<u8>,
}

impl Checksum for Fletcher32 {
    const NAME: &'static str = "Fletcher-32";
    const LEN: usize = 4;

    fn update(&mut self, bytes: &[u8]) {
        let sums = &mut self.sums;
        for_pairs(&mut self.odd, bytes, |pairs| {
            for block in pairs.chunks(WORDS_PER_DIVISION) {
                sums.add(
                    block
                        .iter()
                        .map(|pair| u64::from(u16::from_le_bytes(*pair))),
                );
            }
        });
    }

    fn sum(&self) -> u32 {
        let mut sums = self.sums.clone();
        sums.add(self.odd.iter().map(|byte| u64::from(*byte)));
        low_bits((sums.second << 16) | sums.first)
    }
}

/// CRC-32C, Castagnoli's polynomial, as in iSCSI, ext4 and the reliable datagram protocol: every
/// burst of up to 32 bits is seen.
#[derive(Debug, Clone, Default)]
pub struct Crc32c(u32);

impl Checksum for Crc32c {
    const NAME: &'static str = "CRC-32C";
    const LEN: usize = 4;

    fn update(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    fn sum(&self) -> u32 {
        self.0
    }
}

/// The two sums of Fletcher's checksums.
#[derive(Debug, Clone, Default)]
struct Fletcher<const MODULUS: u64> {
    first: u64,
    second: u64,
}

impl<const MODULUS: u64> Fletcher<MODULUS> {
    /// Takes in at most [`WORDS_PER_DIVISION`] words.
    fn add(&mut self, words: impl Iterator<Item = u64>) {
        for word in words {
            self.first += word;
            self.second += self.first;
        }
        self.first %= MODULUS;
        self.second %= MODULUS;
    }
}

/// Hands over the pairs of bytes of an input that comes in pieces; a byte that is left over waits
/// for the next piece.
fn for_pairs(odd: &mut Option<u8>, bytes: &[u8], mut add: impl FnMut(&[[u8; 2]])) {
    let mut rest = bytes;
    if let (Some(first), Some((second, behind))) = (*odd, bytes.split_first()) {
        add(&[[first, *second]]);
        (*odd, rest) = (None, behind);
    }
    let (pairs, last) = rest.as_chunks();
    add(pairs);
    *odd = odd.or(last.first().copied());
}

/// A number of at most 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "its callers give no more bits"
)]
fn low_bits(sum: u64) -> u32 {
    sum as u32
}

#[cfg(test)]
#[path = "checksum/tests.rs"]
mod tests;
