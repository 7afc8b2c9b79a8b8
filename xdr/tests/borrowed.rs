//! Values that borrow from their message.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod types;

use std::fmt::Debug;
use types::{FileKind, Tree, encode};
use xdr::{
    ByteStr, ByteString, Bytes, Decode, DecodeBorrowed, Decoder, Elements, Encode, Encoder, Error,
    ErrorKind, Tolerance,
};

/// `struct pair { string name<255>; filekind kinds<>; }`, borrowed.
#[derive(Debug, PartialEq, Eq)]
struct Pair<'a> {
    name: ByteStr<'a>,
    kinds: Elements<'a, FileKind>,
}

impl<'a> DecodeBorrowed<'a> for Pair<'a> {
    const MIN_SIZE: usize = 8;

    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self, Error> {
        Ok(Self {
            name: decoder.field_with("pair", "name", |d| d.string_borrowed(255))?,
            kinds: decoder.field_with("pair", "kinds", |d| d.array_borrowed(10))?,
        })
    }
}

/// The same, owned.
struct Owned(ByteString, Vec<FileKind>);

impl Encode for Owned {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.encode(&self.0)?;
        encoder.encode(&self.1)
    }
}

fn pairs() -> [Owned; 3] {
    use FileKind::{Data, Exec, Text};
    [
        Owned("one".into(), vec![Text, Data]),
        Owned("".into(), vec![]),
        Owned("three".into(), vec![Exec]),
    ]
}

fn list() -> Bytes {
    let mut encoder = Encoder::new();
    encoder.list(&pairs()).unwrap();
    encoder.finish()
}

fn read<'a, T: DecodeBorrowed<'a>>(wire: &'a [u8]) -> Result<T, Error> {
    let mut decoder = Decoder::from_slice(wire);
    let value = T::decode_borrowed(&mut decoder)?;
    decoder.finish().map(|()| value)
}

fn assert_same<'a, T, O>(owned: &O, wire: &'a [u8], borrowed: T)
where
    T: DecodeBorrowed<'a> + PartialEq + Debug,
    O: Encode,
{
    assert_eq!(encode(owned).unwrap(), wire);
    assert_eq!(read::<T>(wire), Ok(borrowed));
}

#[test]
fn data_and_text_where_they_lie() {
    let wire = b"\0\0\0\x05hello\0\0\0";
    assert_same::<&[u8], _>(&Bytes::from_static(b"hello"), wire, b"hello");
    assert_same::<&str, _>(&String::from("hello"), wire, "hello");
    assert_same::<ByteStr<'_>, _>(&ByteString::from("hello"), wire, "hello".into());
    assert_eq!(read::<&[u8]>(wire).unwrap().as_ptr(), wire[4..].as_ptr());
    let kind = read::<&str>(b"\0\0\0\x02a\xff\0\0").unwrap_err().kind();
    assert_eq!(kind, ErrorKind::InvalidUtf8);
    let bound = Decoder::from_slice(wire).opaque_borrowed(4).unwrap_err();
    assert_eq!(bound.kind(), ErrorKind::TooLong { len: 5, max: 4 });
}

#[test]
fn byte_str_is_a_string() {
    let string = read::<ByteStr<'_>>(b"\0\0\0\x03a\xffb\0").unwrap();
    assert_eq!(string.to_string(), "a\u{fffd}b");
    assert_eq!(format!("{string:?}"), r#""a\xffb""#);
    assert!(string.to_str().is_err());
    assert_eq!(string.len(), 3);
    assert_eq!(ByteString::from(string).as_bytes(), string.as_bytes());
    assert_eq!(ByteStr::from("ab"), "ab");
}

#[test]
fn elements_are_read_when_they_are_asked_for() {
    let array = encode(&pairs().into_iter().collect::<Vec<_>>()).unwrap();
    let array: Elements<'_, Pair<'_>> = read(&array).unwrap();
    let list = list();
    let mut decoder = Decoder::new(&list);
    let list = decoder.list_borrowed::<Pair<'_>>().unwrap();
    decoder.finish().unwrap();
    assert_eq!(array, list);
    assert_eq!((list.len(), list.iter().len()), (3, 3));
    let names: Vec<_> = list.iter().map(|pair| pair.name.to_string()).collect();
    assert_eq!(names, ["one", "", "three"]);
    let kinds: Vec<_> = array.into_iter().flat_map(|pair| pair.kinds).collect();
    assert_eq!(kinds, [FileKind::Text, FileKind::Data, FileKind::Exec]);
    assert!(Elements::<'_, u32>::default().is_empty());
    assert_eq!(
        format!("{:?}", read::<Elements<'_, u32>>(&[0; 4]).unwrap()),
        "[]"
    );
}

/// What is read later was checked before: a fault shows where the value is decoded.
#[test]
fn elements_are_checked_when_they_are_decoded() {
    let wire = list();
    for len in 0..wire.len() {
        let mut decoder = Decoder::from_slice(&wire[..len]);
        assert!(decoder.list_borrowed::<Pair<'_>>().is_err(), "{len}");
    }
    let mut wrong = wire.to_vec();
    wrong[19] = 9;
    let error = Decoder::from_slice(&wrong).list_borrowed::<Pair<'_>>();
    assert_eq!(
        error.unwrap_err().to_string(),
        "[0].kinds[0]: no enumerator has the number 9 (at byte 16)"
    );
    let claim = read::<Elements<'_, u64>>(&[0xff; 64]).unwrap_err();
    assert!(matches!(claim.kind(), ErrorKind::UnexpectedEnd { .. }));
    let claim = read::<Elements<'_, ()>>(&[0xff; 64]).unwrap_err();
    assert!(matches!(claim.kind(), ErrorKind::TooLong { .. }));
}

/// Elements are as deep as they may be, and as tolerated, when they are read as well.
#[test]
fn elements_are_read_as_they_were_checked() {
    let trees = vec![Tree::of_depth(60), Tree::of_depth(1)];
    let wire = encode(&trees).unwrap();
    let borrowed: Elements<'_, Tree> = read(&wire).unwrap();
    assert!(borrowed.iter().eq(trees));
    let mut decoder = Decoder::from_slice(b"\0\0\0\x02\0\0\0\x07\0\0\0\0")
        .with_tolerance(Tolerance::default().any_bool());
    let flags = decoder.array_borrowed::<bool>(2).unwrap();
    assert!(flags.iter().eq([true, false]));
}

/// What owns its values can be read in place of what borrows them.
#[test]
fn owned_types_are_borrowed_ones_too() {
    let wire = encode(&vec![ByteString::from("one")]).unwrap();
    let owned: Vec<ByteString> = read(&wire).unwrap();
    let borrowed: Elements<'_, ByteString> = read(&wire).unwrap();
    assert!(borrowed.iter().eq(owned));
    assert_eq!(
        <u32 as DecodeBorrowed<'_>>::MIN_SIZE,
        <u32 as Decode>::MIN_SIZE
    );
}
