//! Record marking: messages on a byte stream (RFC 5531 §11).
//!
//! A record is one message. It travels as fragments, each behind a word of which the highest bit
//! marks the last fragment of the record and the others give the fragment's length in bytes.

mod spare;
#[cfg(any(feature = "net", feature = "blocking"))]
mod unsent;

use std::mem;

use bytes::{Buf, Bytes, BytesMut};

#[cfg(any(feature = "net", feature = "blocking"))]
pub(crate) use unsent::{SLICES_MAX, Unsent};

/// The bit of a record mark that says that the record ends with this fragment.
pub const LAST_FRAGMENT: u32 = 0x8000_0000;

/// Bytes of a record, its RPC header included, that a reader accepts unless told otherwise: a
/// 1 MiB read or write of NFS fits four times over, and a hostile peer costs no more than this.
pub const RECORD_MAX: usize = 4 << 20;

/// Bytes of the longest record that fits one fragment, and so the longest that can be sent.
pub const FRAGMENT_MAX: usize = 0x7fff_ffff;

/// Empty fragments that a record may have: some peers end a record with one, and more cost time
/// but bring nothing.
pub const EMPTY_FRAGMENTS_MAX: u32 = 64;

/// Bytes of a record mark.
const MARK_LEN: usize = 4;

/// Bytes that a reader makes room for when it has none: small calls by the hundred, and little
/// enough for every connection that has just woken.
const READ_MIN: usize = 16 << 10;

/// Bytes that a reader makes room for at the most, after its peer filled all room several times.
const READ_MAX: usize = 256 << 10;

/// Bytes of room below which a reader makes more.
const ROOM_MIN: usize = 4 << 10;

/// The mark of a record that is sent as one fragment, or nothing where it is too long for that.
#[must_use]
pub fn mark(record_len: usize) -> Option<[u8; MARK_LEN]> {
    let len = u32::try_from(record_len).ok()?;
    (len < LAST_FRAGMENT).then(|| (LAST_FRAGMENT | len).to_be_bytes())
}

/// A stream that is no sequence of acceptable records; nothing behind the fault can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A record is longer than the limit.
    #[error("a record of {len} bytes or more is above the limit of {max}")]
    TooLong {
        /// Bytes that the marks claim so far.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A record has too many fragments without a byte in them.
    #[error("a record has more than {EMPTY_FRAGMENTS_MAX} empty fragments")]
    TooManyEmptyFragments,
}

/// Cuts a byte stream into records.
///
/// What is received goes into [`input`](Self::input); [`next_record`](Self::next_record) hands
/// out what is whole. A record that came as one fragment is a slice of the input; the bytes of
/// others are copied once. Memory grows with the bytes received, never with a length claimed.
#[derive(Debug)]
pub struct RecordReader {
    input: BytesMut,
    /// Room to make when there is too little.
    read_len: usize,
    record_max: usize,
    /// What the earlier fragments of the record held.
    record: BytesMut,
    empty_fragments: u32,
    fragment: Option<Fragment>,
    fault: Option<RecordError>,
}

/// The fragment whose mark was read last.
#[derive(Debug, Clone, Copy)]
struct Fragment {
    /// Bytes of it that are still in the input, or to come.
    left: usize,
    last: bool,
}

impl Default for RecordReader {
    fn default() -> Self {
        Self::new(RECORD_MAX)
    }
}

impl RecordReader {
    /// A reader of records of at most `record_max` bytes, marks not counted.
    #[must_use]
    pub fn new(record_max: usize) -> Self {
        Self {
            input: BytesMut::new(),
            read_len: READ_MIN,
            record_max,
            record: BytesMut::new(),
            empty_fragments: 0,
            fragment: None,
            fault: None,
        }
    }

    /// The buffer to receive into, with room for a reasonable number of bytes: more, each time
    /// that the room was filled.
    pub fn input(&mut self) -> &mut BytesMut {
        let room = self.input.capacity() - self.input.len();
        if room == 0 && self.input.capacity() > 0 {
            self.read_len = (2 * self.read_len).min(READ_MAX);
        }
        if self.input.capacity() == 0 {
            self.input = spare::take(self.read_len);
        } else if room < ROOM_MIN {
            self.input.reserve(self.read_len);
        }
        &mut self.input
    }

    /// Gives the memory of the buffer back, if nothing is in it: for a stream that may be idle.
    ///
    /// The next reader of this thread that needs one gets it.
    pub fn release(&mut self) {
        if self.input.is_empty() && self.input.capacity() > 0 {
            spare::give(mem::take(&mut self.input));
            self.read_len = READ_MIN;
        }
    }

    /// Bytes that the fragment under way still lacks.
    #[must_use]
    pub fn missing(&self) -> usize {
        let left = self.fragment.map_or(0, |fragment| fragment.left);
        left.saturating_sub(self.input.len())
    }

    /// Takes out what was received and not handed out, for a caller that receives into a vector;
    /// [`put_back`](Self::put_back) has to follow. What is long is not copied, either way.
    #[must_use]
    pub fn take_out(&mut self) -> Vec<u8> {
        mem::take(&mut self.input).into()
    }

    /// Puts back what was taken out, with what has come behind it.
    pub fn put_back(&mut self, input: Vec<u8>) {
        self.input = Bytes::from(input).into();
    }

    /// Whether the stream may end here: no record is under way.
    #[must_use]
    pub fn is_between_records(&self) -> bool {
        self.input.is_empty()
            && self.record.is_empty()
            && self.fragment.is_none()
            && self.empty_fragments == 0
    }

    /// Takes the next record that is all there.
    ///
    /// # Errors
    ///
    /// The stream cannot be read any further, now or later, see [`RecordError`].
    pub fn next_record(&mut self) -> Result<Option<Bytes>, RecordError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let outcome = self.read_record();
        self.fault = outcome.as_ref().err().copied();
        outcome
    }

    fn read_record(&mut self) -> Result<Option<Bytes>, RecordError> {
        loop {
            let fragment = match self.fragment {
                Some(fragment) => fragment,
                None => match self.next_mark()? {
                    Some(fragment) => fragment,
                    None => return Ok(None),
                },
            };
            if fragment.last && self.record.is_empty() {
                return Ok(self.take_whole(fragment));
            }
            if !self.append(fragment) {
                return Ok(None);
            }
            if fragment.last {
                self.empty_fragments = 0;
                return Ok(Some(self.record.split().freeze()));
            }
        }
    }

    /// Reads the mark of the next fragment.
    fn next_mark(&mut self) -> Result<Option<Fragment>, RecordError> {
        let Some(mark) = self.input.first_chunk::<MARK_LEN>() else {
            return Ok(None);
        };
        let mark = u32::from_be_bytes(*mark);
        self.input.advance(MARK_LEN);
        // Where the length exceeds the address space, so does it exceed the limit.
        let left = usize::try_from(mark & !LAST_FRAGMENT).unwrap_or(usize::MAX);
        let fragment = Fragment {
            left,
            last: mark & LAST_FRAGMENT != 0,
        };
        self.check(fragment)?;
        self.fragment = Some(fragment);
        Ok(Some(fragment))
    }

    fn check(&mut self, fragment: Fragment) -> Result<(), RecordError> {
        let len = self.record.len().saturating_add(fragment.left);
        if len > self.record_max {
            let max = self.record_max;
            return Err(RecordError::TooLong { len, max });
        }
        if fragment.left == 0 && !fragment.last {
            self.empty_fragments += 1;
            if self.empty_fragments > EMPTY_FRAGMENTS_MAX {
                return Err(RecordError::TooManyEmptyFragments);
            }
        }
        Ok(())
    }

    /// Takes a record that is this one fragment, as a slice of the input.
    fn take_whole(&mut self, fragment: Fragment) -> Option<Bytes> {
        if self.input.len() < fragment.left {
            return None;
        }
        self.fragment = None;
        self.empty_fragments = 0;
        Some(self.input.split_to(fragment.left).freeze())
    }

    /// Moves what is there of this fragment to the record; says whether that was all of it.
    fn append(&mut self, fragment: Fragment) -> bool {
        let part = self.input.split_to(fragment.left.min(self.input.len()));
        self.record.extend_from_slice(&part);
        let left = fragment.left - part.len();
        self.fragment = (left > 0).then_some(Fragment { left, ..fragment });
        left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(last: bool, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len()).unwrap();
        let mark = if last { LAST_FRAGMENT | len } else { len };
        [&mark.to_be_bytes(), body].concat()
    }

    fn records(reader: &mut RecordReader, input: &[u8]) -> Vec<Bytes> {
        reader.input().extend_from_slice(input);
        std::iter::from_fn(|| reader.next_record().unwrap()).collect()
    }

    /// Three records: of one fragment, of several with empty ones between, and of no length.
    fn stream() -> (Vec<u8>, [&'static [u8]; 3]) {
        let stream = [
            fragment(true, b"first record"),
            fragment(false, b""),
            fragment(false, b"sec"),
            fragment(false, b""),
            fragment(false, b"ond rec"),
            fragment(true, b"ord"),
            fragment(true, b""),
        ];
        (stream.concat(), [b"first record", b"second record", b""])
    }

    #[test]
    fn cut_anywhere_in_two() {
        let (stream, expected) = stream();
        for cut in 0..=stream.len() {
            let mut reader = RecordReader::default();
            let mut found = records(&mut reader, &stream[..cut]);
            found.extend(records(&mut reader, &stream[cut..]));
            assert_eq!(found, expected);
            assert!(reader.is_between_records());
        }
    }

    #[test]
    fn byte_by_byte() {
        let (stream, expected) = stream();
        let mut reader = RecordReader::default();
        let found: Vec<Bytes> = stream
            .iter()
            .flat_map(|byte| records(&mut reader, &[*byte]))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn last_fragment_may_be_empty() {
        let stream = [fragment(false, b"record"), fragment(true, b"")].concat();
        let mut reader = RecordReader::default();
        assert_eq!(records(&mut reader, &stream), [&b"record"[..]]);
        assert!(reader.is_between_records());
    }

    #[test]
    fn the_limit_holds_and_no_more() {
        let mut reader = RecordReader::new(8);
        assert_eq!(records(&mut reader, &fragment(true, b"12345678")).len(), 1);
        let halves = [fragment(false, b"1234"), fragment(true, b"5678")].concat();
        assert_eq!(records(&mut reader, &halves).len(), 1);
        reader
            .input()
            .extend_from_slice(&fragment(true, b"123456789"));
        let too_long = RecordError::TooLong { len: 9, max: 8 };
        assert_eq!(reader.next_record(), Err(too_long));

        let mut reader = RecordReader::new(8);
        let halves = [fragment(false, b"1234"), fragment(true, b"56789")].concat();
        reader.input().extend_from_slice(&halves);
        assert_eq!(reader.next_record(), Err(too_long));
    }

    #[test]
    fn a_fault_is_final() {
        let mut reader = RecordReader::new(8);
        let stream = [fragment(true, b"123456789"), fragment(true, b"1")].concat();
        reader.input().extend_from_slice(&stream);
        let fault = reader.next_record().unwrap_err();
        assert_eq!(reader.next_record(), Err(fault));
    }

    #[test]
    fn idle_reader_has_no_buffer() {
        let mut reader = RecordReader::default();
        assert_eq!(records(&mut reader, &fragment(true, b"one")).len(), 1);
        reader.release();
        assert_eq!(reader.input.capacity(), 0);
        assert!(records(&mut reader, &fragment(true, b"two")[..5]).is_empty());
        reader.release();
        assert_eq!(records(&mut reader, b"wo"), [&b"two"[..]]);
    }

    #[test]
    fn what_is_long_is_received_into_a_vector_and_not_copied() {
        let stream = [fragment(true, &vec![7; 100_000]), fragment(true, b"next")].concat();
        let mut reader = RecordReader::default();
        assert_eq!(reader.missing(), 0);
        assert!(records(&mut reader, &stream[..1000]).is_empty());
        assert_eq!(reader.missing(), 100_004 - 1000);
        let mut input = reader.take_out();
        input.reserve(200_000);
        let place = input.as_ptr();
        input.extend_from_slice(&stream[1000..90_000]);
        reader.put_back(input);
        assert_eq!(reader.next_record(), Ok(None));
        let mut input = reader.take_out();
        input.extend_from_slice(&stream[90_000..]);
        reader.put_back(input);
        let record = reader.next_record().unwrap().unwrap();
        assert_eq!((record.len(), record.as_ptr()), (100_000, place));
        assert_eq!(records(&mut reader, b""), [&b"next"[..]]);
        assert!(reader.is_between_records());
    }

    #[test]
    fn a_record_of_4_mib_fits() {
        let body = vec![7; RECORD_MAX];
        let mut reader = RecordReader::default();
        for piece in fragment(true, &body).chunks(60_000) {
            if let Some(record) = records(&mut reader, piece).pop() {
                assert_eq!(record, body);
            }
        }
        assert!(reader.is_between_records());
    }

    #[test]
    fn claimed_length_reserves_nothing() {
        let mut reader = RecordReader::new(FRAGMENT_MAX);
        assert!(records(&mut reader, &[0xff, 0xff, 0xff, 0xff, 1]).is_empty());
        assert!(reader.input().capacity() <= 2 * READ_MIN);
        let mut reader = RecordReader::default();
        reader.input().extend_from_slice(&[0xff; 4]);
        assert!(reader.next_record().is_err());
    }

    #[test]
    fn empty_fragments_are_counted_per_record() {
        let empty = fragment(false, b"").repeat(64);
        let record = [empty, fragment(true, b"end")].concat();
        let mut reader = RecordReader::default();
        for _ in 0..3 {
            assert_eq!(records(&mut reader, &record), [&b"end"[..]]);
        }
        reader
            .input()
            .extend_from_slice(&fragment(false, b"").repeat(65));
        let outcome = reader.next_record();
        assert_eq!(outcome, Err(RecordError::TooManyEmptyFragments));
    }

    #[test]
    fn marks() {
        assert_eq!(mark(0), Some([0x80, 0, 0, 0]));
        assert_eq!(mark(0x0102_0304), Some([0x81, 2, 3, 4]));
        assert_eq!(mark(FRAGMENT_MAX), Some([0xff; 4]));
        assert_eq!(mark(FRAGMENT_MAX + 1), None);
    }

    #[test]
    fn a_million_small_fragments_are_read_in_linear_time() {
        let stream = fragment(false, b"x").repeat(1_000_000);
        let mut reader = RecordReader::default();
        for piece in stream.chunks(65_536) {
            assert!(records(&mut reader, piece).is_empty());
        }
        assert_eq!(
            records(&mut reader, &fragment(true, b""))[0].len(),
            1_000_000
        );
    }
}
