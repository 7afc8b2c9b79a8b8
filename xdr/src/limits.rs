//! What a decoder accepts at the most, and how strict it is.

/// What a [`Decoder`](crate::Decoder) accepts at the most, beyond the bounds that the interface
/// declares. An [`Encoder`](crate::Encoder) keeps to the depth only: its values are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(crate) depth: u32,
    pub(crate) memory: usize,
    pub(crate) zero_sized: u32,
}

/// Levels of nesting that every value is allowed: far more than real protocols use, and safe on a
/// small thread's stack.
const DEFAULT_DEPTH: u32 = 64;

/// Memory, in bytes, that a decoded message may take: 64 MiB, sixteen times the largest message
/// (4 MiB) that `rpc-runtime` takes by default. Values are larger in memory than on the wire, an
/// element of a list or a union perhaps ten times; what grows more than that is an attack.
const DEFAULT_MEMORY: usize = 64 << 20;

/// Elements of no size on the wire that the arrays of a message may claim, all together: they cost
/// nothing to send, so that no other bound holds them.
const DEFAULT_ZERO_SIZED: u32 = 65_536;

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: DEFAULT_DEPTH,
            memory: DEFAULT_MEMORY,
            zero_sized: DEFAULT_ZERO_SIZED,
        }
    }
}

impl Limits {
    /// Sets how deep values may be nested: arrays, lists and recursive types count a level each.
    /// The default is 64.
    #[must_use]
    pub fn depth(mut self, max: u32) -> Self {
        self.depth = max;
        self
    }

    /// Sets how many bytes of memory the decoded values may take, all together: copied data,
    /// arrays, lists and boxes. Data that shares the memory of the message counts nothing. The
    /// default is 64 MiB.
    #[must_use]
    pub fn memory(mut self, max: usize) -> Self {
        self.memory = max;
        self
    }

    /// Sets how many elements of no size on the wire (`void`, a struct of nothing) the arrays of
    /// a message may have, all together. The default is 65,536.
    #[must_use]
    pub fn zero_sized_elements(mut self, max: u32) -> Self {
        self.zero_sized = max;
        self
    }
}

/// Which faults of a peer a [`Decoder`](crate::Decoder) overlooks; by default none.
///
/// A strict decoder accepts just what an encoder writes: what it accepts is encoded to the same
/// bytes again. C code is not so strict, so that faults of its peers stay unnoticed; each method
/// names the code that overlooks the fault. Clients and servers of `rpc-runtime` can be set so. An `enum` or a union has no
/// value for a number that the interface does not have, and so nothing here to overlook it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tolerance(u8);

impl Tolerance {
    const BOOL: u8 = 1;
    const PADDING: u8 = 2;
    const MISSING_PADDING: u8 = 4;
    const TRAILING_BYTES: u8 = 8;

    /// Takes every `bool` but 0 for `TRUE`, also where it says whether optional-data follows.
    ///
    /// `xdr_bool` of libtirpc does it, and so does what Linux generates (`xdrgen_decode_bool`): a
    /// peer that was only ever tested against those may send any C integer.
    #[must_use]
    pub fn any_bool(self) -> Self {
        self.with(Self::BOOL)
    }

    /// Takes any bytes for padding (RFC 4506 §3 asks for zeros).
    ///
    /// `xdr_opaque` of libtirpc reads padding and does not look at it: a peer that was only ever
    /// tested against it may send what was in its buffer before.
    #[must_use]
    pub fn any_padding(self) -> Self {
        self.with(Self::PADDING)
    }

    /// Accepts a message that ends before the padding of its last string or opaque data
    /// of variable length.
    ///
    /// RPC over RDMA lets a sender leave out the padding of what it moves by itself (RFC 8166), and
    /// Linux does so: for messages that were put together of such parts.
    #[must_use]
    pub fn missing_padding(self) -> Self {
        self.with(Self::MISSING_PADDING)
    }

    /// Accepts bytes behind the value.
    ///
    /// What libtirpc decodes ends where its type ends, whatever follows: for peers of a later
    /// interface that has more fields at the end.
    #[must_use]
    pub fn trailing_bytes(self) -> Self {
        self.with(Self::TRAILING_BYTES)
    }

    fn with(self, fault: u8) -> Self {
        Self(self.0 | fault)
    }

    pub(crate) fn has_any_bool(self) -> bool {
        self.0 & Self::BOOL != 0
    }

    pub(crate) fn has_any_padding(self) -> bool {
        self.0 & Self::PADDING != 0
    }

    pub(crate) fn has_missing_padding(self) -> bool {
        self.0 & Self::MISSING_PADDING != 0
    }

    pub(crate) fn has_trailing_bytes(self) -> bool {
        self.0 & Self::TRAILING_BYTES != 0
    }
}
