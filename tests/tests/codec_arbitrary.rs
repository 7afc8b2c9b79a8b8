//! Values of random bytes: within their bounds, never deep, and the same after the codec.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use xdr::{
    ByteString, Bytes, Encode as _, Encoder, Limits, Quadruple,
    arbitrary::{self, Arbitrary, Unstructured},
};

/// As `rpcgen` shall write it: by names of `xdr` alone.
#[derive(Debug, Clone, PartialEq)]
struct Tree {
    data: Bytes,
    name: ByteString,
    text: String,
    numbers: Vec<u32>,
    quadruple: Quadruple,
    left: Option<Box<Self>>,
    right: Option<Box<Self>>,
}

impl<'a> Arbitrary<'a> for Tree {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self {
            data: arbitrary::opaque(u, ..=10)?,
            name: arbitrary::string(u, ..=11)?,
            text: arbitrary::utf8(u, 2..=12)?,
            numbers: arbitrary::elements(u, ..=5, u32::arbitrary)?,
            quadruple: u.arbitrary()?,
            left: arbitrary::optional(u, arbitrary::boxed)?,
            right: arbitrary::optional(u, arbitrary::boxed)?,
        })
    }
}

impl xdr::Encode for Tree {
    fn encode(&self, encoder: &mut Encoder) -> xdr::Result<()> {
        encoder.opaque(&self.data, 10)?;
        encoder.string(&self.name, 11)?;
        encoder.utf8(&self.text, 12)?;
        encoder.array(&self.numbers, 5)?;
        encoder.encode(&self.quadruple)?;
        encoder.encode(&self.left)?;
        encoder.encode(&self.right)
    }
}

#[test]
fn values_are_within_their_bounds() {
    let mut lens = [0; 3];
    for seed in 0..2000_u64 {
        let mut random = fastrand::Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..seed).map(|_| random.u8(..)).collect();
        let tree = Tree::arbitrary(&mut Unstructured::new(&bytes)).unwrap();
        let mut encoder = Encoder::new().with_limits(Limits::default().depth(32));
        tree.encode(&mut encoder).unwrap();
        for (most, len) in
            lens.iter_mut()
                .zip([tree.data.len(), tree.text.len(), tree.numbers.len()])
        {
            *most = len.max(*most);
        }
    }
    assert_eq!(lens, [10, 12, 5]);
}

/// A fuzzer that repeats one byte finds the deepest value there is.
#[test]
fn no_input_is_deep() {
    let bytes = vec![0xff; 1 << 20];
    let tree = Tree::arbitrary(&mut Unstructured::new(&bytes)).unwrap();
    let mut encoder = Encoder::new();
    tree.encode(&mut encoder).unwrap();
}
