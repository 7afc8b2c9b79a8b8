//! Generated types against bytes written by hand from RFC 4506, both ways.

#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::fmt::Debug;

use tests::vector_stubs::{
    Answer, Arrays, Bytes, Chain, Code, Found, Item, Maybe, Mode, Outer, Pair, Scalars, Tree,
};
use xdr::{ByteString, Decode, Decoder, Encode, Encoder, ErrorKind};

/// Bytes from hexadecimal digits; spaces and line ends are there for the reader.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16)?.try_into().ok())
        .collect();
    assert!(digits.len().is_multiple_of(2), "half a byte: {text}");
    digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}

fn decoded<T: Decode>(bytes: &[u8]) -> Result<T, xdr::Error> {
    let bytes = xdr::Bytes::copy_from_slice(bytes);
    let mut decoder = Decoder::new(&bytes);
    let value = decoder.decode()?;
    decoder.finish()?;
    Ok(value)
}

fn encoded<T: Encode>(value: &T) -> Result<Vec<u8>, xdr::Error> {
    let mut encoder = Encoder::new();
    encoder.encode(value)?;
    Ok(encoder.finish().to_vec())
}

/// The value and the bytes are each other's; bytes that end early are an error wherever they end.
fn assert_vector<T: Encode + Decode + PartialEq + Debug>(value: &T, text: &str) {
    let bytes = hex(text);
    assert_eq!(encoded(value).unwrap(), bytes, "{value:?}");
    assert_eq!(decoded::<T>(&bytes).as_ref(), Ok(value), "{text}");
    for end in 0..bytes.len() {
        let error = decoded::<T>(&bytes[..end]).unwrap_err();
        let is_end = matches!(error.kind(), ErrorKind::UnexpectedEnd { .. });
        assert!(is_end, "{end} bytes of {text}: {error}");
    }
}

/// The bytes are no value; the error says why, where in the bytes, and where in the type.
fn assert_undecodable<T: Decode + Debug>(text: &str, expected: ErrorKind, shown: &str) {
    let error = decoded::<T>(&hex(text)).unwrap_err();
    assert_eq!(error.kind(), expected, "{text}");
    assert!(error.to_string().contains(shown), "{error}");
}

fn assert_unencodable<T: Encode + Debug>(value: &T, expected: ErrorKind, shown: &str) {
    let error = encoded(value).unwrap_err();
    assert_eq!(error.kind(), expected, "{value:?}");
    assert!(error.to_string().contains(shown), "{error}");
}

fn scalars() -> Scalars {
    Scalars {
        small: -2,
        natural: u32::MAX,
        big: i64::MIN,
        large: 0x0102_0304_0506_0708,
        flag: true,
        part: -0.5,
        ratio: 1.0,
        state: Mode::Auto,
    }
}

const SCALARS: &str = "fffffffe ffffffff 8000000000000000 0102030405060708
    00000001 bf000000 3ff0000000000000 fffffffd";

#[test]
fn scalar_types() {
    assert_vector(&scalars(), SCALARS);
}

#[test]
fn bool_is_0_or_1() {
    let bytes = SCALARS.replace("00000001 bf", "00000002 bf");
    let expected = ErrorKind::InvalidBool(2);
    assert_undecodable::<Scalars>(&bytes, expected, "scalars.flag");
}

#[test]
fn enum_has_only_its_numbers() {
    let bytes = SCALARS.replace("fffffffd", "00000002");
    let expected = ErrorKind::UnknownEnumerator(2);
    assert_undecodable::<Scalars>(&bytes, expected, "scalars.state");
    assert_eq!(Mode::from_i32(-3), Some(Mode::Auto));
    assert_eq!(Mode::from_i32(3), None);
}

fn bytes() -> Bytes {
    Bytes {
        fixed: *b"abcde",
        bounded: xdr::Bytes::from_static(&[1, 2, 3]),
        text: ByteString::from("sillyp"),
    }
}

const BYTES: &str = "6162636465 000000  00000003 010203 00  00000006 73696c6c7970 0000";

#[test]
fn opaque_and_string() {
    assert_vector(&bytes(), BYTES);
    let empty = Bytes::default();
    assert_vector(&empty, "0000000000 000000 00000000 00000000");
}

#[test]
fn padding_is_zero() {
    let kind = ErrorKind::NonZeroPadding;
    let bytes = BYTES.replace("6162636465 000000", "6162636465 000001");
    assert_undecodable::<Bytes>(&bytes, kind, "bytes.fixed");
    let bytes = BYTES.replace("010203 00", "010203 ff");
    assert_undecodable::<Bytes>(&bytes, kind, "bytes.bounded");
    let bytes = BYTES.replace("7970 0000", "7970 8000");
    assert_undecodable::<Bytes>(&bytes, kind, "bytes.text");
}

#[test]
fn bounds_of_opaque_and_string_hold_both_ways() {
    let kind = ErrorKind::TooLong { len: 5, max: 4 };
    let long = Bytes {
        bounded: xdr::Bytes::from_static(&[0; 5]),
        ..bytes()
    };
    assert_unencodable(&long, kind, "bytes.bounded");
    let wire = "6162636465 000000 00000005 0000000000 000000 00000000";
    assert_undecodable::<Bytes>(wire, kind, "bytes.bounded");
    let kind = ErrorKind::TooLong { len: 7, max: 6 };
    let long = Bytes {
        text: ByteString::from("seven b"),
        ..bytes()
    };
    assert_unencodable(&long, kind, "bytes.text");
    let wire = "6162636465 000000 00000000 00000007 00000000 00000000";
    assert_undecodable::<Bytes>(wire, kind, "bytes.text");
}

fn pair(first: i32) -> Pair {
    Pair { first, second: 9 }
}

#[test]
fn arrays() {
    let value = Arrays {
        fixed: [1, -1],
        bounded: vec![pair(2), pair(3)],
    };
    let wire = "00000001 ffffffff 00000002 00000002 00000009 00000003 00000009";
    assert_vector(&value, wire);
    let kind = ErrorKind::TooLong { len: 3, max: 2 };
    let long = Arrays {
        bounded: vec![pair(0); 3],
        ..value
    };
    assert_unencodable(&long, kind, "arrays.bounded");
    let wire = "00000000 00000000 00000003 00000000 00000000";
    assert_undecodable::<Arrays>(wire, kind, "arrays.bounded");
}

#[test]
fn optional_data() {
    assert_vector(&Maybe { value: None }, "00000000");
    let some = Maybe {
        value: Some(pair(5)),
    };
    assert_vector(&some, "00000001 00000005 00000009");
    let kind = ErrorKind::InvalidBool(-1);
    assert_undecodable::<Maybe>("ffffffff 00000005 00000009", kind, "maybe.value");
}

#[test]
fn linked_list() {
    let items = |range: std::ops::Range<i32>| Chain {
        items: range.map(|value| Item { value }).collect(),
    };
    assert_vector(&items(0..0), "00000000");
    assert_vector(&items(7..8), "00000001 00000007 00000000");
    assert_vector(
        &items(1..4),
        "00000001 00000001 00000001 00000002 00000001 00000003 00000000",
    );
}

/// No stack grows with the length of a list.
#[test]
fn long_linked_list() {
    let items: Vec<Item> = (0..200_000).map(|value| Item { value }).collect();
    let chain = Chain { items };
    let bytes = encoded(&chain).unwrap();
    assert_eq!(bytes.len(), 200_000 * 8 + 4);
    assert_eq!(decoded::<Chain>(&bytes).unwrap(), chain);
}

#[test]
fn recursion_that_is_no_list() {
    let leaf = |value| {
        let (left, right) = (None, None);
        Some(Box::new(Tree { left, value, right }))
    };
    let tree = Tree {
        left: leaf(1),
        value: 2,
        right: leaf(3),
    };
    assert_vector(
        &tree,
        "00000001  00000000 00000001 00000000  00000002  00000001  00000000 00000003 00000000",
    );
}

/// A peer could otherwise make the decoder use all of its stack.
#[test]
fn depth_of_recursion_is_limited() {
    let deep = "00000001".repeat(1000);
    let kind = ErrorKind::TooDeep { max: 64 };
    assert_undecodable::<Tree>(&deep, kind, "tree.left");
}

#[test]
fn union_on_an_enum() {
    assert_vector(&Answer::Off, "00000000");
    let on = Answer::On(pair(-1));
    assert_vector(&on, "00000001 ffffffff 00000009");
    let auto = Answer::Default {
        discriminant: Mode::Auto,
        value: xdr::Bytes::from_static(&[0xab]),
    };
    assert_vector(&auto, "fffffffd 00000001 ab 000000");
    let kind = ErrorKind::UnknownEnumerator(5);
    assert_undecodable::<Answer>("00000005 00000000", kind, "answer.state");
}

/// Otherwise it would be read back as the other arm.
#[test]
fn default_arm_takes_no_discriminant_of_another_arm() {
    for (discriminant, number) in [(Mode::Off, 0), (Mode::On, 1)] {
        let value = xdr::Bytes::new();
        let answer = Answer::Default {
            discriminant,
            value,
        };
        assert_unencodable(&answer, ErrorKind::DiscriminantHasArm(number), "");
    }
}

#[test]
fn union_on_an_int() {
    for (number, wire) in [
        (0, "00000000 0000002a"),
        (2, "00000002 0000002a"),
        (-1, "ffffffff"),
    ] {
        let code: Code = decoded(&hex(wire)).unwrap();
        assert_eq!(code.discriminant(), number);
        assert_vector(&code, wire);
    }
    let kind = ErrorKind::UnknownArm(1);
    assert_undecodable::<Code>("00000001 00000000", kind, "code");
}

#[test]
fn union_on_a_bool() {
    let found: Found = Some(-1);
    assert_vector(&found, "00000001 ffffffffffffffff");
    assert_vector(&None::<i64>, "00000000");
}

#[test]
fn errors_show_the_way_through_the_types() {
    let outer = Outer {
        before: 1,
        inner: Some(2),
        last: Answer::On(pair(3)),
    };
    assert_vector(
        &outer,
        "00000001  00000001 0000000000000002  00000001 00000003 00000009",
    );
    let wire = "00000001 00000000 fffffffd 00000005";
    let kind = ErrorKind::TooLong { len: 5, max: 4 };
    assert_undecodable::<Outer>(wire, kind, "outer.last");
    assert_undecodable::<Outer>(wire, kind, "byte 12");
}

#[test]
fn bytes_behind_a_value_are_an_error() {
    let kind = ErrorKind::TrailingBytes(4);
    assert_undecodable::<Maybe>("00000000 00000000", kind, "byte 4");
}
