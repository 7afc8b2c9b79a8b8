//! Types as `rpcgen` generates them, written by hand.
#![allow(dead_code, reason = "each test needs another part of it")]

use std::fmt::Debug;
use xdr::{
    Box, ByteString, Bytes, Decode, Decoder, Encode, Encoder, Error, ErrorKind, Quadruple, String,
    Vec,
};

/// The bytes of a value.
pub(crate) fn encode<T: Encode + ?Sized>(value: &T) -> Result<Bytes, Error> {
    let mut encoder = Encoder::new();
    encoder.encode(value)?;
    Ok(encoder.finish())
}

/// The value of all these bytes. Whether they are shared or copied makes no difference to it.
pub(crate) fn decode<T: Decode + PartialEq + Debug>(wire: &[u8]) -> Result<T, Error> {
    decode_with(wire, T::decode)
}

/// As `decode`, with a function.
pub(crate) fn decode_with<T: PartialEq + Debug>(
    wire: &[u8],
    decode: impl Fn(&mut Decoder<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let whole = |mut decoder: Decoder<'_>| {
        let value = decode(&mut decoder)?;
        decoder.finish()?;
        Ok(value)
    };
    let shared = whole(Decoder::new(&Bytes::copy_from_slice(wire)));
    let copied = whole(Decoder::from_slice(wire));
    assert_eq!(shared, copied);
    shared
}

/// Asserts that a value has these bytes, and these bytes that value.
#[track_caller]
pub(crate) fn assert_wire<T: Encode + Decode + PartialEq + Debug>(value: &T, wire: &[u8]) {
    assert_eq!(encode(value).as_deref(), Ok(wire));
    assert_eq!(decode::<T>(wire).as_ref(), Ok(value));
    assert_eq!(wire.len() % 4, 0);
    assert!(T::MIN_SIZE <= wire.len());
}

/// `enum filekind { TEXT = 0, DATA = 1, EXEC = 2 }` (RFC 4506 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Text = 0,
    Data = 1,
    Exec = 2,
}

impl Encode for FileKind {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.encode(&(*self as i32))
    }
}

impl Decode for FileKind {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        match decoder.decode()? {
            0 => Ok(Self::Text),
            1 => Ok(Self::Data),
            2 => Ok(Self::Exec),
            other => Err(decoder.unknown_enumerator(other)),
        }
    }
}

/// `union filetype switch (filekind kind)` (RFC 4506 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileType {
    Text,
    Data(ByteString),
    Exec(ByteString),
}

impl Encode for FileType {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        match self {
            Self::Text => {
                encoder.encode(&0)?;
                encoder.void()
            }
            Self::Data(creator) => {
                encoder.encode(&1)?;
                encoder.field_with("filetype", "creator", |e| e.string(creator, 255))
            }
            Self::Exec(interpretor) => {
                encoder.encode(&2)?;
                encoder.field_with("filetype", "interpretor", |e| e.string(interpretor, 255))
            }
        }
    }
}

impl Decode for FileType {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        match decoder.decode()? {
            0 => decoder.void().map(|()| Self::Text),
            1 => {
                let creator = decoder.field_with("filetype", "creator", |d| d.string(255))?;
                Ok(Self::Data(creator))
            }
            2 => {
                let interpretor =
                    decoder.field_with("filetype", "interpretor", |d| d.string(255))?;
                Ok(Self::Exec(interpretor))
            }
            other => Err(decoder.unknown_arm(other)),
        }
    }
}

/// `struct file` (RFC 4506 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) filename: ByteString,
    pub(crate) kind: FileType,
    pub(crate) owner: ByteString,
    pub(crate) data: Bytes,
}

impl Encode for File {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.field_with("file", "filename", |e| e.string(&self.filename, 255))?;
        encoder.field("file", "type", &self.kind)?;
        encoder.field_with("file", "owner", |e| e.string(&self.owner, 32))?;
        encoder.field_with("file", "data", |e| e.opaque(&self.data, 65535))
    }
}

impl Decode for File {
    const MIN_SIZE: usize = 4 + FileType::MIN_SIZE + 4 + 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        Ok(Self {
            filename: decoder.field_with("file", "filename", |d| d.string(255))?,
            kind: decoder.field("file", "type")?,
            owner: decoder.field_with("file", "owner", |d| d.string(32))?,
            data: decoder.field_with("file", "data", |d| d.opaque(65535))?,
        })
    }
}

/// The example of RFC 4506 §7: John's Lisp program that quits at once.
pub(crate) fn sillyprog() -> File {
    File {
        filename: "sillyprog".into(),
        kind: FileType::Exec("lisp".into()),
        owner: "john".into(),
        data: Bytes::from_static(b"(quit)"),
    }
}

/// The bytes of `sillyprog`, as the table of RFC 4506 §7 has them.
#[rustfmt::skip]
pub(crate) const SILLYPROG: &[u8] = &[
    0x00, 0x00, 0x00, 0x09, //  0  length of filename = 9
    0x73, 0x69, 0x6c, 0x6c, //  4  sill
    0x79, 0x70, 0x72, 0x6f, //  8  ypro
    0x67, 0x00, 0x00, 0x00, // 12  g, and 3 zero-bytes of fill
    0x00, 0x00, 0x00, 0x02, // 16  filekind is EXEC = 2
    0x00, 0x00, 0x00, 0x04, // 20  length of interpretor = 4
    0x6c, 0x69, 0x73, 0x70, // 24  lisp
    0x00, 0x00, 0x00, 0x04, // 28  length of owner = 4
    0x6a, 0x6f, 0x68, 0x6e, // 32  john
    0x00, 0x00, 0x00, 0x06, // 36  length of file data = 6
    0x28, 0x71, 0x75, 0x69, // 40  (qui
    0x74, 0x29, 0x00, 0x00, // 44  t), and 2 zero-bytes of fill
];

/// `struct tree { int value; tree *left; tree *right; }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) value: i32,
    pub(crate) left: Option<Box<Self>>,
    pub(crate) right: Option<Box<Self>>,
}

impl Tree {
    pub(crate) fn leaf(value: i32) -> Self {
        Self {
            value,
            left: None,
            right: None,
        }
    }

    /// As many trees within each other, each to the left of the one that has it.
    pub(crate) fn of_depth(depth: usize) -> Self {
        (0..depth).fold(Self::leaf(0), |tree, _| Self {
            left: Some(Box::new(tree)),
            ..Self::leaf(0)
        })
    }
}

impl Encode for Tree {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.field("tree", "value", &self.value)?;
        encoder.field("tree", "left", &self.left)?;
        encoder.field("tree", "right", &self.right)
    }
}

impl Decode for Tree {
    const MIN_SIZE: usize = 12;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        Ok(Self {
            value: decoder.field("tree", "value")?,
            left: decoder.field("tree", "left")?,
            right: decoder.field("tree", "right")?,
        })
    }
}

/// A field of each type that there is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Everything {
    pub(crate) int: i32,
    pub(crate) flag: bool,
    pub(crate) hyper: u64,
    pub(crate) float: f32,
    pub(crate) double: f64,
    pub(crate) quadruple: Quadruple,
    pub(crate) fixed_opaque: [u8; 5],
    pub(crate) text: String,
    pub(crate) fixed_array: [i32; 2],
    pub(crate) files: Vec<File>,
    pub(crate) optional: Option<FileKind>,
    pub(crate) list: Vec<ByteString>,
    pub(crate) tree: Tree,
}

impl Everything {
    pub(crate) fn example() -> Self {
        Self {
            int: -1,
            flag: true,
            hyper: u64::MAX,
            float: 1.5,
            double: -0.0,
            quadruple: Quadruple::from_bits(1),
            fixed_opaque: [1, 2, 3, 4, 5],
            text: "h\u{fc}te".into(),
            fixed_array: [7, 8],
            files: vec![sillyprog(), sillyprog()],
            optional: Some(FileKind::Data),
            list: vec!["one".into(), "".into()],
            tree: Tree::of_depth(3),
        }
    }
}

impl Encode for Everything {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.field("everything", "int", &self.int)?;
        encoder.field("everything", "flag", &self.flag)?;
        encoder.field("everything", "hyper", &self.hyper)?;
        encoder.field("everything", "float", &self.float)?;
        encoder.field("everything", "double", &self.double)?;
        encoder.field("everything", "quadruple", &self.quadruple)?;
        encoder.field("everything", "fixed_opaque", &self.fixed_opaque)?;
        encoder.field("everything", "text", &self.text)?;
        encoder.field("everything", "fixed_array", &self.fixed_array)?;
        encoder.field_with("everything", "files", |e| e.array(&self.files, 2))?;
        encoder.field("everything", "optional", &self.optional)?;
        encoder.field_with("everything", "list", |e| e.list(&self.list))?;
        encoder.field("everything", "tree", &self.tree)
    }
}

impl Decode for Everything {
    const MIN_SIZE: usize = 4 + 4 + 8 + 4 + 8 + 16 + 8 + 4 + 8 + 4 + 4 + 4 + Tree::MIN_SIZE;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        Ok(Self {
            int: decoder.field("everything", "int")?,
            flag: decoder.field("everything", "flag")?,
            hyper: decoder.field("everything", "hyper")?,
            float: decoder.field("everything", "float")?,
            double: decoder.field("everything", "double")?,
            quadruple: decoder.field("everything", "quadruple")?,
            fixed_opaque: decoder.field("everything", "fixed_opaque")?,
            text: decoder.field("everything", "text")?,
            fixed_array: decoder.field("everything", "fixed_array")?,
            files: decoder.field_with("everything", "files", |d| d.array(2))?,
            optional: decoder.field("everything", "optional")?,
            list: decoder.field_with("everything", "list", Decoder::list)?,
            tree: decoder.field("everything", "tree")?,
        })
    }
}

/// What was wrong, and at which byte.
#[expect(clippy::unwrap_used, reason = "only tests call this")]
pub(crate) fn fault<T: Debug>(result: Result<T, Error>) -> (ErrorKind, usize) {
    let error = result.unwrap_err();
    (error.kind(), error.offset())
}
