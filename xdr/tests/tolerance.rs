//! Which faults of a peer a decoder overlooks where it is told to, and no other.

mod types;

use std::fmt::Debug;
use types::{Everything, encode};
use xdr::{ByteString, Bytes, Decode, Decoder, ErrorKind, Tolerance};

/// A form of tolerance, a message that needs it, and what the message says then.
fn assert_needs<T: Decode + PartialEq + Debug>(
    tolerance: fn(Tolerance) -> Tolerance,
    wire: &[u8],
    value: &T,
) {
    let all = [
        Tolerance::any_bool,
        Tolerance::any_padding,
        Tolerance::missing_padding,
        Tolerance::trailing_bytes,
    ];
    let others = all
        .into_iter()
        .filter(|other| other(Tolerance::default()) != tolerance(Tolerance::default()))
        .fold(Tolerance::default(), |sum, other| other(sum));
    let read = |tolerance| {
        let mut decoder = Decoder::from_slice(wire).with_tolerance(tolerance);
        let value = decoder.decode::<T>()?;
        decoder.finish().map(|()| value)
    };
    assert!(read(Tolerance::default()).is_err());
    assert!(read(others).is_err(), "{value:?}");
    assert_eq!(read(tolerance(Tolerance::default())).as_ref(), Ok(value));
    assert_eq!(read(tolerance(others)).as_ref(), Ok(value));
}

#[test]
fn h7_any_bool() {
    assert_needs(Tolerance::any_bool, &[0, 0, 0, 2], &true);
    assert_needs(Tolerance::any_bool, &[0xff; 4], &true);
    assert_needs(Tolerance::any_bool, &[1, 0, 0, 0, 0, 0, 0, 7], &Some(7));
    assert_needs(
        Tolerance::any_bool,
        &[0, 0, 0, 0, 0, 0, 0, 9],
        &[false, true],
    );
}

#[test]
fn h7_any_padding() {
    let two = b"\0\0\0\x02ab\0\xff";
    assert_needs(Tolerance::any_padding, two, &Bytes::from_static(b"ab"));
    assert_needs(Tolerance::any_padding, two, &ByteString::from("ab"));
    assert_needs(Tolerance::any_padding, two, &"ab".to_string());
    assert_needs(Tolerance::any_padding, b"abc\x80", b"abc");
}

#[test]
fn h7_missing_padding() {
    let name = ByteString::from("ab");
    assert_needs(Tolerance::missing_padding, b"\0\0\0\x02ab", &name);
    assert_needs(Tolerance::missing_padding, b"\0\0\0\x02ab\0", &name);
    // It is for the end of a message, and for padding only.
    let tolerance = Tolerance::default().missing_padding();
    for wire in [&b"\0\0\0\x03ab"[..], b"\0\0\0\x02a", b"\0\0\0"] {
        let mut decoder = Decoder::from_slice(wire).with_tolerance(tolerance);
        let kind = decoder.decode::<Bytes>().unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::UnexpectedEnd { .. }), "{kind:?}");
    }
    let mut decoder = Decoder::from_slice(b"\0\0\0\x02ab\0\0\0\0\0\x01").with_tolerance(tolerance);
    assert_eq!(decoder.decode::<ByteString>().unwrap(), name);
    assert_eq!(decoder.decode::<i32>(), Ok(1));
}

#[test]
fn h7_trailing_bytes() {
    assert_needs(Tolerance::trailing_bytes, &[0, 0, 0, 7, 0], &7);
    assert_needs(Tolerance::trailing_bytes, &[0; 64], &());
}

/// What a strict decoder accepts is encoded to the same bytes again; a tolerant one accepts all of
/// that, and says the same.
#[test]
fn strict_decoding_has_one_form_for_each_value() {
    let all = Tolerance::default()
        .any_bool()
        .any_padding()
        .missing_padding()
        .trailing_bytes();
    let wire = encode(&Everything::example()).unwrap();
    for index in 0..wire.len() {
        for byte in [0, 1, 2, 0x7f, 0x80, 0xff] {
            let mut changed = wire.to_vec();
            changed[index] = byte;
            let decode = |tolerance| {
                let mut decoder = Decoder::from_slice(&changed).with_tolerance(tolerance);
                decoder
                    .decode::<Everything>()
                    .map(|value| (value, decoder.offset()))
            };
            if let Ok((value, len)) = decode(Tolerance::default()) {
                assert_eq!(encode(&value).unwrap(), changed[..len]);
                let (value, tolerated_len) = decode(all).unwrap();
                assert_eq!(encode(&value).unwrap(), changed[..tolerated_len]);
            }
        }
    }
}
