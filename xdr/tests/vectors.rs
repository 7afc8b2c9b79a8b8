//! Bytes written by hand from RFC 4506 §4, clause by clause, and the values they stand for.
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of `Decoder` by its path takes decoders of one lifetime only"
)]

mod types;

use bytes::BytesMut;
use types::{
    Everything, FileKind, FileType, SILLYPROG, Tree, assert_wire, decode, decode_with, encode,
    fault, sillyprog,
};
use xdr::{ByteString, Bytes, Decoder, Encoder, ErrorKind, PathElement, Quadruple};

#[test]
fn integer() {
    assert_wire(&0_i32, &[0, 0, 0, 0]);
    assert_wire(&1_i32, &[0, 0, 0, 1]);
    assert_wire(&-1_i32, &[0xff, 0xff, 0xff, 0xff]);
    assert_wire(&0x0102_0304_i32, &[1, 2, 3, 4]);
    assert_wire(&i32::MAX, &[0x7f, 0xff, 0xff, 0xff]);
    assert_wire(&i32::MIN, &[0x80, 0, 0, 0]);
}

#[test]
fn unsigned_integer() {
    assert_wire(&0_u32, &[0, 0, 0, 0]);
    assert_wire(&0xfffe_fdfc_u32, &[0xff, 0xfe, 0xfd, 0xfc]);
    assert_wire(&u32::MAX, &[0xff, 0xff, 0xff, 0xff]);
}

#[test]
fn enumeration() {
    assert_wire(&FileKind::Text, &[0, 0, 0, 0]);
    assert_wire(&FileKind::Exec, &[0, 0, 0, 2]);
}

#[test]
fn boolean() {
    assert_wire(&false, &[0, 0, 0, 0]);
    assert_wire(&true, &[0, 0, 0, 1]);
}

#[test]
fn hyper_integer() {
    assert_wire(&0x0102_0304_0506_0708_i64, &[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_wire(&-2_i64, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]);
    assert_wire(&i64::MIN, &[0x80, 0, 0, 0, 0, 0, 0, 0]);
    assert_wire(&i64::MAX, &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_wire(&u64::MAX, &[0xff; 8]);
    assert_wire(&0x8000_0000_0000_0001_u64, &[0x80, 0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn floating_point() {
    assert_wire(&1.0_f32, &[0x3f, 0x80, 0, 0]);
    assert_wire(&-118.625_f32, &[0xc2, 0xed, 0x40, 0]);
    assert_wire(&f32::INFINITY, &[0x7f, 0x80, 0, 0]);
    assert_wire(&f32::NEG_INFINITY, &[0xff, 0x80, 0, 0]);
    assert_wire(&f32::MAX, &[0x7f, 0x7f, 0xff, 0xff]);
    assert_wire(&f32::MIN_POSITIVE, &[0, 0x80, 0, 0]);
    assert_wire(&f32::from_bits(1), &[0, 0, 0, 1]); // the smallest subnormal
    for bits in [0x8000_0000, 0x7fc0_0000, 0xffc0_1234, 0x007f_ffff_u32] {
        let wire = bits.to_be_bytes();
        assert_eq!(encode(&f32::from_bits(bits)).unwrap(), wire[..]);
        assert_eq!(
            Decoder::from_slice(&wire)
                .decode::<f32>()
                .unwrap()
                .to_bits(),
            bits
        );
    }
}

#[test]
fn double_precision_floating_point() {
    assert_wire(&1.0_f64, &[0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
    assert_wire(&-2.5_f64, &[0xc0, 4, 0, 0, 0, 0, 0, 0]);
    assert_wire(&f64::INFINITY, &[0x7f, 0xf0, 0, 0, 0, 0, 0, 0]);
    assert_wire(&f64::NEG_INFINITY, &[0xff, 0xf0, 0, 0, 0, 0, 0, 0]);
    assert_wire(&f64::from_bits(1), &[0, 0, 0, 0, 0, 0, 0, 1]);
    for bits in [
        1 << 63,
        0x7ff8_0000_0000_0000,
        0xfff8_0000_dead_beef,
        0x000f_ffff_ffff_ffff_u64,
    ] {
        let wire = bits.to_be_bytes();
        assert_eq!(encode(&f64::from_bits(bits)).unwrap(), wire[..]);
        assert_eq!(
            Decoder::from_slice(&wire)
                .decode::<f64>()
                .unwrap()
                .to_bits(),
            bits
        );
    }
}

#[test]
fn quadruple_precision_floating_point() {
    let one = Quadruple::from_bits(0x3fff << 112);
    assert_wire(
        &one,
        &[0x3f, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    let pi = Quadruple::from_bits(0x4000_921f_b544_42d1_8469_898c_c517_01b8);
    let wire = [
        0x40, 0x00, 0x92, 0x1f, 0xb5, 0x44, 0x42, 0xd1, 0x84, 0x69, 0x89, 0x8c, 0xc5, 0x17, 0x01,
        0xb8,
    ];
    assert_wire(&pi, &wire);
    assert_eq!(pi.to_bits().to_be_bytes(), wire);
    assert_wire(
        &Quadruple::from_bits(1 << 127),
        b"\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
}

#[test]
fn fixed_length_opaque_data() {
    assert_wire::<[u8; 0]>(&[], &[]);
    assert_wire(&[1_u8], &[1, 0, 0, 0]);
    assert_wire(&[1_u8, 2], &[1, 2, 0, 0]);
    assert_wire(&[1_u8, 2, 3], &[1, 2, 3, 0]);
    assert_wire(&[1_u8, 2, 3, 4], &[1, 2, 3, 4]);
    assert_wire(&[1_u8, 2, 3, 4, 0xff], &[1, 2, 3, 4, 0xff, 0, 0, 0]);
    let boxed = decode_with(&[1, 2, 3, 0], |decoder| decoder.boxed_opaque::<3>()).unwrap();
    assert_eq!(*boxed, [1, 2, 3]);
}

#[test]
fn variable_length_opaque_data() {
    assert_wire(&Bytes::new(), &[0, 0, 0, 0]);
    assert_wire(&Bytes::from_static(&[9]), &[0, 0, 0, 1, 9, 0, 0, 0]);
    assert_wire(&Bytes::from_static(&[9, 8]), &[0, 0, 0, 2, 9, 8, 0, 0]);
    assert_wire(&Bytes::from_static(&[9, 8, 7]), &[0, 0, 0, 3, 9, 8, 7, 0]);
    assert_wire(
        &Bytes::from_static(&[9, 8, 7, 6]),
        &[0, 0, 0, 4, 9, 8, 7, 6],
    );
    let all: Vec<u8> = (0..=255).collect();
    let wire = [&[0, 0, 1, 0], &all[..]].concat();
    assert_wire(&Bytes::from(all), &wire);
}

#[test]
fn string() {
    assert_wire(&ByteString::default(), b"\0\0\0\0");
    assert_wire(&ByteString::from("sillyprog"), b"\0\0\0\x09sillyprog\0\0\0");
    assert_wire(&ByteString::from(&b"f\xfcr"[..]), b"\0\0\0\x03f\xfcr\0");
    assert_wire(&String::new(), b"\0\0\0\0");
    assert_wire(&"f\u{fc}r".to_owned(), b"\0\0\0\x04f\xc3\xbcr");
    assert_wire(&"nul \0".to_owned(), b"\0\0\0\x05nul \0\0\0\0");
    assert_eq!(encode("abc").unwrap(), &b"\0\0\0\x03abc\0"[..]);
}

#[test]
fn fixed_length_array() {
    assert_wire::<[i32; 0]>(&[], &[]);
    assert_wire(&[1_i32, -1], &[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
    // Each element has its own padding.
    let names = [ByteString::from("a"), ByteString::from("bcd")];
    assert_wire(&names, b"\0\0\0\x01a\0\0\0\0\0\0\x03bcd\0");
    assert_wire(&[[1_u8], [2]], &[1, 0, 0, 0, 2, 0, 0, 0]);
    let boxed = decode_with(&[0, 0, 0, 1, 0, 0, 0, 2], |decoder| {
        decoder.boxed_array_with::<u32, 2>(Decoder::decode)
    });
    assert_eq!(*boxed.unwrap(), [1, 2]);
}

#[test]
fn variable_length_array() {
    assert_wire(&Vec::<i32>::new(), &[0, 0, 0, 0]);
    assert_wire(&vec![1_i32, 2], &[0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    assert_wire(&vec![1_i64], &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    let names = vec![ByteString::from("ab"), ByteString::default()];
    assert_wire(&names, b"\0\0\0\x02\0\0\0\x02ab\0\0\0\0\0\0");
    assert_wire(
        &vec![vec![true], vec![]],
        b"\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0\0",
    );
}

#[test]
fn structure_and_discriminated_union() {
    assert_wire(&FileType::Text, &[0, 0, 0, 0]);
    assert_wire(&FileType::Data("me".into()), b"\0\0\0\x01\0\0\0\x02me\0\0");
    assert_wire(&sillyprog(), SILLYPROG);
}

#[test]
fn void() {
    assert_wire(&(), &[]);
    assert_wire(&vec![(), (), ()], &[0, 0, 0, 3]);
}

#[test]
fn optional_data() {
    assert_wire(&None::<i32>, &[0, 0, 0, 0]);
    assert_wire(&Some(5_i32), &[0, 0, 0, 1, 0, 0, 0, 5]);
    assert_wire(&Some(None::<i32>), &[0, 0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn list() {
    let wire_of = |values: &[i32]| {
        let mut encoder = Encoder::new();
        encoder.list(values).unwrap();
        encoder.finish()
    };
    for (values, wire) in [
        (vec![], &b"\0\0\0\0"[..]),
        (vec![7], b"\0\0\0\x01\0\0\0\x07\0\0\0\0"),
        (
            vec![7, 8],
            b"\0\0\0\x01\0\0\0\x07\0\0\0\x01\0\0\0\x08\0\0\0\0",
        ),
    ] {
        assert_eq!(wire_of(&values), wire);
        assert_eq!(
            decode_with(wire, |decoder| decoder.list::<i32>()).unwrap(),
            values
        );
    }
}

#[test]
fn list_whose_first_node_stands_by_value() {
    let wire = b"\0\0\0\x07\0\0\0\x01\0\0\0\x08\0\0\0\0";
    let mut encoder = Encoder::new();
    encoder.nonempty_list(&[7, 8]).unwrap();
    assert_eq!(encoder.finish(), &wire[..]);
    assert_eq!(
        decode_with(wire, |decoder| decoder.nonempty_list::<i32>()).unwrap(),
        [7, 8]
    );
    let empty = Encoder::new().nonempty_list::<i32>(&[]);
    assert_eq!(fault(empty), (ErrorKind::EmptyList, 0));
}

#[test]
fn recursion_through_boxes() {
    assert_wire(&Tree::leaf(1), b"\0\0\0\x01\0\0\0\0\0\0\0\0");
    let tree = Tree {
        value: 1,
        left: Some(Box::new(Tree::leaf(2))),
        right: Some(Box::new(Tree::leaf(3))),
    };
    assert_wire(
        &tree,
        b"\0\0\0\x01\
          \0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\0\
          \0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\0",
    );
}

#[test]
fn everything_together() {
    let value = Everything::example();
    let wire = encode(&value).unwrap();
    assert_eq!(decode::<Everything>(&wire).unwrap(), value);
    let start = b"\xff\xff\xff\xff\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff\xff\x3f\xc0\0\0\x80\0\0\0";
    assert!(wire.starts_with(start));
}

#[test]
fn bounds_are_inclusive() {
    let five = Bytes::from_static(b"12345");
    let mut encoder = Encoder::new();
    encoder.opaque(&five, 5).unwrap();
    encoder.string(&five.clone().into(), 5).unwrap();
    encoder.utf8("12345", 5).unwrap();
    encoder.array(&[1, 2, 3, 4, 5], 5).unwrap();
    let wire = encoder.finish();
    let mut decoder = Decoder::new(&wire);
    assert_eq!(decoder.opaque(5).unwrap(), five);
    assert_eq!(decoder.string(5).unwrap(), "12345");
    assert_eq!(decoder.utf8(5).unwrap(), "12345");
    assert_eq!(decoder.array::<i32>(5).unwrap(), [1, 2, 3, 4, 5]);
    decoder.finish().unwrap();
}

#[test]
fn values_above_their_bound_are_not_encoded() {
    let too_long = |len, max| (ErrorKind::TooLong { len, max }, 4);
    let mut encoder = Encoder::new();
    encoder.encode(&0).unwrap();
    assert_eq!(
        fault(encoder.opaque(&Bytes::from_static(b"123"), 2)),
        too_long(3, 2)
    );
    assert_eq!(fault(encoder.string(&"123".into(), 2)), too_long(3, 2));
    assert_eq!(fault(encoder.utf8("123", 2)), too_long(3, 2));
    assert_eq!(fault(encoder.array(&[(); 3], 2)), too_long(3, 2));
    assert_eq!(encoder.len(), 4);
}

#[test]
fn encoder_goes_on_behind_a_buffer() {
    let mut encoder = Encoder::from(BytesMut::from(&b"head"[..]));
    encoder.encode(&1).unwrap();
    assert_eq!(fault(encoder.utf8("ab", 1)).1, 8);
    assert_eq!(encoder.finish(), &b"head\0\0\0\x01"[..]);
    assert!(Encoder::with_capacity(64).is_empty());
}

#[test]
fn path_of_an_error_can_be_walked() {
    let mut file = sillyprog();
    file.owner = "o".repeat(33).into();
    let mut value = Everything::example();
    value.files = vec![sillyprog(), file];
    let path: Vec<_> = encode(&value).unwrap_err().path().collect();
    let field = |type_name, field| PathElement::Field { type_name, field };
    assert_eq!(
        path,
        [
            field("everything", "files"),
            PathElement::Index(1),
            field("file", "owner")
        ]
    );
}
