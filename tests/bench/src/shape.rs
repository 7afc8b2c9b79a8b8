//! What `rpcgen` shall make of `codec.x`, written by hand.

use xdr::{
    Box, ByteStr, ByteString, Bytes, Decode, DecodeBorrowed, Decoder, Elements, Encode, Encoder,
    Fixed, Result, Run, RunMut, Vec,
};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalars {
    pub(crate) id: u32,
    pub(crate) delta: i32,
    pub(crate) offset: u64,
    pub(crate) time: i64,
    pub(crate) flag: bool,
    pub(crate) ratio: f64,
}

impl Fixed for Scalars {
    const SIZE: usize = 36;

    #[inline]
    fn read(run: &mut Run<'_>) -> Result<Self> {
        Ok(Self {
            id: run.field("scalars", "id")?,
            delta: run.field("scalars", "delta")?,
            offset: run.field("scalars", "offset")?,
            time: run.field("scalars", "time")?,
            flag: run.field("scalars", "flag")?,
            ratio: run.field("scalars", "ratio")?,
        })
    }

    #[inline]
    fn write(&self, run: &mut RunMut<'_>) {
        run.put(&self.id);
        run.put(&self.delta);
        run.put(&self.offset);
        run.put(&self.time);
        run.put(&self.flag);
        run.put(&self.ratio);
    }
}

impl Encode for Scalars {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<()> {
        encoder.run::<36>(|run| self.write(run));
        Ok(())
    }
}

impl Decode for Scalars {
    const MIN_SIZE: usize = 36;
    const MAX_SIZE: usize = 36;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self> {
        decoder.fixed()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nfstime {
    pub(crate) seconds: u32,
    pub(crate) nseconds: u32,
}

impl Fixed for Nfstime {
    const SIZE: usize = 8;

    #[inline]
    fn read(run: &mut Run<'_>) -> Result<Self> {
        Ok(Self {
            seconds: run.field("nfstime", "seconds")?,
            nseconds: run.field("nfstime", "nseconds")?,
        })
    }

    #[inline]
    fn write(&self, run: &mut RunMut<'_>) {
        run.put(&self.seconds);
        run.put(&self.nseconds);
    }
}

impl Encode for Nfstime {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<()> {
        encoder.run::<8>(|run| self.write(run));
        Ok(())
    }
}

impl Decode for Nfstime {
    const MIN_SIZE: usize = 8;
    const MAX_SIZE: usize = 8;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self> {
        decoder.fixed()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attributes {
    pub(crate) r#type: u32,
    pub(crate) mode: u32,
    pub(crate) nlink: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    pub(crate) used: u64,
    pub(crate) rdev1: u32,
    pub(crate) rdev2: u32,
    pub(crate) fsid: u64,
    pub(crate) fileid: u64,
    pub(crate) atime: Nfstime,
    pub(crate) mtime: Nfstime,
    pub(crate) ctime: Nfstime,
}

impl Fixed for Attributes {
    const SIZE: usize = 84;

    #[inline]
    fn read(run: &mut Run<'_>) -> Result<Self> {
        Ok(Self {
            r#type: run.field("attributes", "type")?,
            mode: run.field("attributes", "mode")?,
            nlink: run.field("attributes", "nlink")?,
            uid: run.field("attributes", "uid")?,
            gid: run.field("attributes", "gid")?,
            size: run.field("attributes", "size")?,
            used: run.field("attributes", "used")?,
            rdev1: run.field("attributes", "rdev1")?,
            rdev2: run.field("attributes", "rdev2")?,
            fsid: run.field("attributes", "fsid")?,
            fileid: run.field("attributes", "fileid")?,
            atime: run.field("attributes", "atime")?,
            mtime: run.field("attributes", "mtime")?,
            ctime: run.field("attributes", "ctime")?,
        })
    }

    #[inline]
    fn write(&self, run: &mut RunMut<'_>) {
        run.put(&self.r#type);
        run.put(&self.mode);
        run.put(&self.nlink);
        run.put(&self.uid);
        run.put(&self.gid);
        run.put(&self.size);
        run.put(&self.used);
        run.put(&self.rdev1);
        run.put(&self.rdev2);
        run.put(&self.fsid);
        run.put(&self.fileid);
        run.put(&self.atime);
        run.put(&self.mtime);
        run.put(&self.ctime);
    }
}

impl Encode for Attributes {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<()> {
        encoder.run::<84>(|run| self.write(run));
        Ok(())
    }
}

impl Decode for Attributes {
    const MIN_SIZE: usize = 84;
    const MAX_SIZE: usize = 84;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self> {
        decoder.fixed()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) fileid: u64,
    pub(crate) name: ByteString,
    pub(crate) cookie: u64,
    pub(crate) attr: Option<Attributes>,
    pub(crate) fh: Option<Bytes>,
}

impl Encode for Entry {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<()> {
        encoder.field("entry", "fileid", &self.fileid)?;
        encoder.field_with("entry", "name", |e| e.string(&self.name, 255))?;
        encoder.field("entry", "cookie", &self.cookie)?;
        encoder.field("entry", "attr", &self.attr)?;
        encoder.field_with("entry", "fh", |e| {
            e.optional_with(self.fh.as_ref(), |e, v| e.opaque(v, 64))
        })
    }
}

impl Decode for Entry {
    const MIN_SIZE: usize = 28;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self {
            fileid: decoder.field("entry", "fileid")?,
            name: decoder.field_with("entry", "name", |d| d.string(255))?,
            cookie: decoder.field("entry", "cookie")?,
            attr: decoder.field("entry", "attr")?,
            fh: decoder.field_with("entry", "fh", |d| d.optional_with(|d| d.opaque(64)))?,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listing {
    pub(crate) verifier: [u8; 8],
    pub(crate) entries: Vec<Entry>,
    pub(crate) eof: bool,
}

impl Encode for Listing {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<()> {
        encoder.field("listing", "verifier", &self.verifier)?;
        encoder.field_with("listing", "entries", |e| e.list(&self.entries))?;
        encoder.field("listing", "eof", &self.eof)
    }
}

impl Decode for Listing {
    const MIN_SIZE: usize = 16;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self {
            verifier: decoder.field("listing", "verifier")?,
            entries: decoder.field_with("listing", "entries", xdr::decode_list)?,
            eof: decoder.field("listing", "eof")?,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    pub(crate) value: i32,
    pub(crate) left: Option<Box<Self>>,
    pub(crate) right: Option<Box<Self>>,
}

impl Encode for Tree {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<()> {
        encoder.field("tree", "value", &self.value)?;
        encoder.field("tree", "left", &self.left)?;
        encoder.field("tree", "right", &self.right)
    }
}

impl Decode for Tree {
    const MIN_SIZE: usize = 12;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self {
            value: decoder.field("tree", "value")?,
            left: decoder.field("tree", "left")?,
            right: decoder.field("tree", "right")?,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EntryRef<'a> {
    pub(crate) fileid: u64,
    pub(crate) name: ByteStr<'a>,
    pub(crate) cookie: u64,
    pub(crate) attr: Option<Attributes>,
    pub(crate) fh: Option<&'a [u8]>,
}

impl<'a> DecodeBorrowed<'a> for EntryRef<'a> {
    const MIN_SIZE: usize = 28;

    #[inline]
    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self> {
        Ok(Self {
            fileid: decoder.field("entry", "fileid")?,
            name: decoder.field_with("entry", "name", |d| d.string_borrowed(255))?,
            cookie: decoder.field("entry", "cookie")?,
            attr: decoder.field("entry", "attr")?,
            fh: decoder.field_with("entry", "fh", |d| {
                d.optional_with(|d| d.opaque_borrowed(64))
            })?,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ListingRef<'a> {
    pub(crate) verifier: [u8; 8],
    pub(crate) entries: Elements<'a, EntryRef<'a>>,
    pub(crate) eof: bool,
}

impl<'a> DecodeBorrowed<'a> for ListingRef<'a> {
    const MIN_SIZE: usize = 16;

    #[inline]
    fn decode_borrowed(decoder: &mut Decoder<'a>) -> Result<Self> {
        Ok(Self {
            verifier: decoder.field("listing", "verifier")?,
            entries: decoder.field_with("listing", "entries", Decoder::list_borrowed)?,
            eof: decoder.field("listing", "eof")?,
        })
    }
}
