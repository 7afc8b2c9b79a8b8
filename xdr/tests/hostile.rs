//! Bytes that a peer should not send, and values that no interface allows.
//!
//! The names with a number are the hostile inputs H1 to H7 of the project's list of what has hurt
//! other implementations; H1 and H4, which are about memory, are in `allocation.rs`. The package `tests` has
//! the same for generated types in a server.
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of `Decoder` by its path takes decoders of one lifetime only"
)]

mod types;

use std::{ops::Range, thread};
use types::{
    Everything, File, FileKind, FileType, SILLYPROG, Tree, assert_wire, decode, decode_with,
    encode, fault, sillyprog,
};
use xdr::{ByteString, Bytes, Decode, Decoder, Encoder, ErrorKind, Limits, SHARE_MIN};

const CLAIM: &[u8] = &[0xff, 0xff, 0xff, 0xff];

fn end(needed: usize, remaining: usize) -> ErrorKind {
    ErrorKind::UnexpectedEnd { needed, remaining }
}

#[test]
fn every_truncation_is_an_error() {
    let wire = encode(&Everything::example()).unwrap();
    for len in 0..wire.len() {
        let (kind, offset) = fault(decode::<Everything>(&wire[..len]));
        assert!(
            matches!(kind, ErrorKind::UnexpectedEnd { .. }),
            "{len}: {kind:?}"
        );
        assert!(offset <= len);
    }
    for len in 0..SILLYPROG.len() {
        assert!(decode::<File>(&SILLYPROG[..len]).is_err());
    }
}

/// No panic, and what is decoded is encoded to the same bytes: XDR has one form for each value.
#[test]
fn every_changed_byte_is_an_error_or_another_value() {
    let wire = encode(&Everything::example()).unwrap();
    for index in 0..wire.len() {
        for byte in [0, 1, 2, 0x7f, 0x80, 0xff] {
            let mut changed = wire.to_vec();
            changed[index] = byte;
            let mut decoder = Decoder::from_slice(&changed);
            if let Ok(value) = decoder.decode::<Everything>() {
                assert_eq!(encode(&value).unwrap(), changed[..decoder.offset()]);
            }
        }
    }
}

#[test]
fn lengths_that_are_not_there() {
    let all = 0xffff_ffff;
    assert_eq!(fault(decode::<Bytes>(CLAIM)), (end(all, 0), 4));
    assert_eq!(fault(decode::<ByteString>(CLAIM)), (end(all, 0), 4));
    assert_eq!(fault(decode::<String>(CLAIM)), (end(all, 0), 4));
    assert_eq!(fault(decode::<Vec<i32>>(CLAIM)), (end(4 * all, 0), 4));
    assert_eq!(fault(decode::<Vec<[i64; 3]>>(CLAIM)), (end(24 * all, 0), 4));
    assert_eq!(
        fault(decode::<Vec<Everything>>(CLAIM)),
        (end(Everything::MIN_SIZE * all, 0), 4)
    );
    assert_eq!(fault(decode::<Bytes>(b"\0\0\0\x02a")), (end(2, 1), 4));
    assert_eq!(fault(decode::<Bytes>(b"\0\0\0\x02ab\0")), (end(2, 1), 6));
    // The padding belongs to data of fixed length.
    assert_eq!(fault(decode::<[u8; 2]>(b"ab\0")), (end(4, 3), 0));
    // One element is missing, and nothing was reserved for the first.
    assert_eq!(
        fault(decode::<Vec<i32>>(b"\0\0\0\x02\0\0\0\0")),
        (end(8, 4), 4)
    );
}

#[test]
fn h2_size_of_an_array_may_exceed_every_memory() {
    let huge = decode_with::<Vec<()>>(b"\0\0\0\x02", |decoder| {
        decoder.array_with(u32::MAX, usize::MAX, Decoder::void)
    });
    assert_eq!(fault(huge), (end(usize::MAX, 0), 4));
}

/// A position and a length near 2^32, rounded up to a word, must not wrap around.
#[test]
fn h3_lengths_that_wrap_when_they_are_padded() {
    for wire_len in [0xffff_fffd, 0xffff_fffe, 0xffff_ffff_u32] {
        let len = wire_len as usize;
        let mut wire = wire_len.to_be_bytes().to_vec();
        wire.extend_from_slice(&[0; 8]);
        assert_eq!(fault(decode::<Bytes>(&wire)), (end(len, 8), 4));
        assert_eq!(fault(decode::<ByteString>(&wire)), (end(len, 8), 4));
        assert_eq!(fault(decode::<String>(&wire)), (end(len, 8), 4));
    }
    // Data is there up to the last byte of the message, and its padding is not.
    for len in 1..4_u8 {
        let wire = [&[0, 0, 0, len][..], &vec![7; len.into()]].concat();
        let padding = 4 - usize::from(len);
        let expected = (end(padding, 0), 4 + usize::from(len));
        assert_eq!(fault(decode::<Bytes>(&wire)), expected);
    }
}

#[test]
fn lengths_above_their_bound() {
    let wire = b"\0\0\0\x04abcd";
    let too_long = (ErrorKind::TooLong { len: 4, max: 3 }, 0);
    assert_eq!(fault(decode_with(wire, |d| d.opaque(3))), too_long);
    assert_eq!(fault(decode_with(wire, |d| d.string(3))), too_long);
    assert_eq!(fault(decode_with(wire, |d| d.utf8(3))), too_long);
    assert_eq!(fault(decode_with(wire, |d| d.array::<i32>(3))), too_long);
    // The bound is looked at first: the data need not be there.
    let claim = (
        ErrorKind::TooLong {
            len: 0xffff_ffff,
            max: 3,
        },
        0,
    );
    assert_eq!(fault(decode_with(CLAIM, |d| d.opaque(3))), claim);
    assert_eq!(fault(decode_with(CLAIM, |d| d.array::<i32>(3))), claim);
}

#[test]
fn h7_padding_must_be_zero() {
    let non_zero = |offset| (ErrorKind::NonZeroPadding, offset);
    for len in 1..4 {
        for at in len..4 {
            let mut wire = [0; 8];
            wire[3] = u8::try_from(len).unwrap();
            wire[4 + at] = 1;
            assert_eq!(fault(decode::<Bytes>(&wire)), non_zero(4 + at));
            assert_eq!(fault(decode::<ByteString>(&wire)), non_zero(4 + at));
            assert_eq!(fault(decode::<String>(&wire)), non_zero(4 + at));
        }
    }
    assert_eq!(fault(decode::<[u8; 1]>(&[9, 1, 0, 0])), non_zero(1));
    assert_eq!(fault(decode::<[u8; 1]>(&[9, 0, 1, 0])), non_zero(2));
    assert_eq!(fault(decode::<[u8; 1]>(&[9, 0, 0, 1])), non_zero(3));
    assert_eq!(fault(decode::<[u8; 2]>(&[9, 9, 0x80, 1])), non_zero(2));
    assert_eq!(fault(decode::<[u8; 3]>(&[9, 9, 9, 1])), non_zero(3));
    let boxed = decode_with(&[9, 9, 9, 1], |decoder| decoder.boxed_opaque::<3>());
    assert_eq!(fault(boxed), non_zero(3));
}

#[test]
fn h7_numbers_that_have_no_meaning() {
    assert_eq!(
        fault(decode::<bool>(&[0, 0, 0, 2])),
        (ErrorKind::InvalidBool(2), 0)
    );
    assert_eq!(
        fault(decode::<bool>(CLAIM)),
        (ErrorKind::InvalidBool(-1), 0)
    );
    assert_eq!(
        fault(decode::<Option<i32>>(&[1, 0, 0, 0])),
        (ErrorKind::InvalidBool(1 << 24), 0)
    );
    let list = decode_with(b"\0\0\0\x01\0\0\0\x07\0\0\0\x02", |decoder| {
        decoder.list::<i32>()
    });
    assert_eq!(fault(list), (ErrorKind::InvalidBool(2), 8));
    assert_eq!(
        fault(decode::<FileKind>(&[0, 0, 0, 3])),
        (ErrorKind::UnknownEnumerator(3), 0)
    );
    assert_eq!(
        fault(decode::<FileType>(CLAIM)),
        (ErrorKind::UnknownArm(-1), 0)
    );
}

#[test]
fn text_must_be_utf8() {
    let wire = b"\0\0\0\x05ab\xffcd\0\0\0";
    assert_eq!(fault(decode::<String>(wire)), (ErrorKind::InvalidUtf8, 6));
    assert_eq!(decode::<ByteString>(wire).unwrap().as_bytes(), b"ab\xffcd");
}

#[test]
fn h7_nothing_may_be_left() {
    let wire = [SILLYPROG, &[0, 0, 0, 0]].concat();
    assert_eq!(
        fault(decode::<File>(&wire)),
        (ErrorKind::TrailingBytes(4), 48)
    );
    assert_eq!(fault(decode::<()>(&[0])), (ErrorKind::TrailingBytes(1), 0));
}

#[test]
fn h5_depth_is_limited_on_both_ways() {
    let too_deep = ErrorKind::TooDeep { max: 64 };
    let wire_of = |depth| {
        let left = b"\0\0\0\0\0\0\0\x01".repeat(depth);
        [left, vec![0; 12], vec![0; 4 * depth]].concat()
    };
    assert_wire(&Tree::of_depth(64), &wire_of(64));
    assert_eq!(fault(decode::<Tree>(&wire_of(65))), (too_deep, 65 * 8));
    assert_eq!(fault(encode(&Tree::of_depth(65))), (too_deep, 65 * 8));
    assert_eq!(
        fault(decode::<Tree>(&wire_of(1_000_000))),
        (too_deep, 65 * 8)
    );
}

#[test]
fn arrays_and_lists_count_a_level_each() {
    let with_depth = |depth, wire: &'static [u8]| {
        Decoder::from_slice(wire).with_limits(Limits::default().depth(depth))
    };
    let nested = b"\0\0\0\x01\0\0\0\x01\0\0\0\x07";
    assert_eq!(
        with_depth(2, nested)
            .decode::<Vec<[[u32; 1]; 1]>>()
            .unwrap_err()
            .offset(),
        4
    );
    assert_eq!(
        with_depth(2, nested).decode::<Vec<Vec<u32>>>().unwrap(),
        [[7]]
    );
    let too_deep = with_depth(1, nested).decode::<Vec<Vec<u32>>>();
    assert_eq!(fault(too_deep), (ErrorKind::TooDeep { max: 1 }, 8));
    let list = with_depth(0, b"\0\0\0\x01\0\0\0\x07\0\0\0\0").list::<i32>();
    assert_eq!(fault(list), (ErrorKind::TooDeep { max: 0 }, 4));
    // An empty list has no level, nor have values beside each other.
    assert_eq!(with_depth(0, b"\0\0\0\0").list::<i32>().unwrap(), []);
    assert_eq!(
        with_depth(1, &[0; 260]).decode::<[i32; 65]>().unwrap(),
        [0; 65]
    );
}

#[test]
fn h6_elements_without_size_are_bounded() {
    let too_long = ErrorKind::TooLong {
        len: 0xffff_ffff,
        max: 65_536,
    };
    assert_eq!(fault(decode::<Vec<()>>(CLAIM)), (too_long, 0));
    assert_eq!(fault(decode::<Vec<[u64; 0]>>(CLAIM)), (too_long, 0));
    assert_eq!(decode::<Vec<()>>(&[0, 1, 0, 0]).unwrap().len(), 65_536);
    assert!(decode::<Vec<()>>(&[0, 1, 0, 1]).is_err());
    // Arrays beside each other share the bound: a word each would else buy 65,536 elements.
    let arrays = [[0, 0, 0, 2], [0, 0, 0x80, 0], [0, 0, 0x80, 0]].concat();
    assert!(decode::<Vec<Vec<()>>>(&arrays).is_ok());
    let arrays = [[0, 0, 0, 2], [0, 0, 0x80, 0], [0, 0, 0x80, 1]].concat();
    let too_long = ErrorKind::TooLong {
        len: 0x8001,
        max: 0x8000,
    };
    assert_eq!(fault(decode::<Vec<Vec<()>>>(&arrays)), (too_long, 8));
    // A smaller bound of the interface holds as it is.
    let small = decode_with(CLAIM, |decoder| decoder.array::<()>(7));
    assert_eq!(
        fault(small).0,
        ErrorKind::TooLong {
            len: 0xffff_ffff,
            max: 7
        }
    );
}

#[test]
fn h5_long_list_needs_no_stack() {
    let work = || {
        let values: Vec<Option<Box<i32>>> = (0..1_000_000).map(|n| Some(Box::new(n))).collect();
        let mut encoder = Encoder::new();
        encoder.list(&values).unwrap();
        let wire = encoder.finish();
        assert_eq!(wire.len(), 12_000_004);
        let mut decoder = Decoder::new(&wire);
        assert_eq!(decoder.list::<Option<Box<i32>>>().unwrap(), values);
        decoder.finish().unwrap();
    };
    let thread = thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(work)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn h5_deepest_values_fit_on_a_small_stack() {
    let work = || {
        let tree = Tree::of_depth(64);
        let wire = encode(&tree).unwrap();
        assert_eq!(decode::<Tree>(&wire).unwrap(), tree);
        assert!(decode::<Tree>(&b"\0\0\0\0\0\0\0\x01".repeat(1000)).is_err());
    };
    let thread = thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(work)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn errors_say_what_and_where() {
    let mut wrong = SILLYPROG.to_vec();
    wrong[19] = 9;
    let message = |result: Result<File, xdr::Error>| result.unwrap_err().to_string();
    assert_eq!(
        message(decode(&wrong)),
        "file.type: the union has no arm for 9 (at byte 16)"
    );
    assert_eq!(
        message(decode(&SILLYPROG[..26])),
        "file.type.interpretor: the input ends too early: 4 bytes needed, 2 left (at byte 24)"
    );
    wrong = SILLYPROG.to_vec();
    wrong[15] = 1;
    assert_eq!(
        message(decode(&wrong)),
        "file.filename: a padding byte is not zero (at byte 15)"
    );
    let longer = [SILLYPROG, &[0; 8]].concat();
    assert_eq!(
        message(decode(&longer)),
        "8 bytes are left behind the value (at byte 48)"
    );

    let mut value = Everything::example();
    value.files[1].owner = "o".repeat(33).into();
    assert_eq!(
        encode(&value).unwrap_err().to_string(),
        "everything.files[1].owner: a length of 33 is above the bound of 32 (at byte 152)"
    );
    let matrix = decode::<Vec<[bool; 2]>>(b"\0\0\0\x01\0\0\0\0\0\0\0\x05");
    assert_eq!(
        matrix.unwrap_err().to_string(),
        "[0][1]: 5 is not a bool (at byte 8)"
    );
}

#[test]
fn errors_are_small_and_keep_their_path() {
    assert_eq!(size_of::<xdr::Error>(), size_of::<usize>());
    let error = decode::<Tree>(b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02").unwrap_err();
    assert_eq!(
        error.to_string(),
        "tree.left.left: 2 is not a bool (at byte 12)"
    );
    assert_eq!(
        format!("{error:?}"),
        "Error { kind: InvalidBool(2), offset: 12, path: [\
         Field { type_name: \"tree\", field: \"left\" }, \
         Field { type_name: \"tree\", field: \"left\" }] }"
    );
}

/// The addresses of some bytes.
fn addresses(bytes: &[u8]) -> Range<*const u8> {
    bytes.as_ptr_range()
}

fn is_shared(message: &Bytes, part: &[u8]) -> bool {
    let (message, part) = (addresses(message), addresses(part));
    message.start <= part.start && part.end <= message.end
}

#[test]
fn long_opaque_data_shares_the_message() {
    for (len, shared) in [
        (SHARE_MIN - 1, false),
        (SHARE_MIN, true),
        (SHARE_MIN + 1, true),
    ] {
        let data = Bytes::from(vec![7; len]);
        let wire = encode(&data).unwrap();
        let opaque: Bytes = Decoder::new(&wire).decode().unwrap();
        assert_eq!((is_shared(&wire, &opaque), &opaque), (shared, &data));
        let string: ByteString = Decoder::new(&wire).decode().unwrap();
        assert_eq!(is_shared(&wire, &string), shared);
        assert_eq!(is_shared(&wire, &string.into_bytes()), shared);
        let copied: Bytes = Decoder::from_slice(&wire).decode().unwrap();
        assert!(!is_shared(&wire, &copied));
    }
    assert_eq!(SHARE_MIN, 256);
}

#[test]
fn shared_data_outlives_the_message() {
    let mut file = sillyprog();
    file.data = Bytes::from(vec![7; 1000]);
    let wire = encode(&file).unwrap();
    let decoded: File = Decoder::new(&wire).decode().unwrap();
    drop(wire);
    assert_eq!(decoded, file);
}
