//! The values that every peer of the comparison carries. The types are named by the module that
//! has them, so that each form of the codec gets the same values.

use bytes::Bytes;

/// A step of a linear congruential generator: the same numbers on every machine.
pub(crate) fn noise(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// The lower half of a step.
pub(crate) fn noise_u32(state: &mut u64) -> u32 {
    (noise(state) & 0xffff_ffff) as u32
}

/// One mebibyte of opaque data.
pub(crate) fn blob() -> Bytes {
    (0..=u8::MAX).cycle().take(1 << 20).collect()
}

/// A hundred thousand integers.
pub(crate) fn ints() -> Vec<i32> {
    let mut state = 2;
    (0..100_000)
        .map(|_| noise_u32(&mut state).cast_signed())
        .collect()
}

/// The handle of a file, 32 bytes.
pub(crate) fn handle(state: &mut u64) -> Bytes {
    (0..32).map(|_| noise_u32(state).to_be_bytes()[3]).collect()
}

macro_rules! scalars {
    ($types:ident) => {
        $types::Scalars {
            id: 70_001,
            delta: -1234,
            offset: 1 << 40,
            time: 1_700_000_000_000,
            flag: true,
            ratio: 0.75,
        }
    };
}

/// A hundred entries as READDIRPLUS has them.
macro_rules! listing {
    ($types:ident) => {{
        let mut state = 1;
        let entry = |index: u32| {
            let time = || $types::Nfstime {
                seconds: 1_700_000_000 + index,
                nseconds: 123_456_789,
            };
            let width = 8 + (index % 8) as usize;
            $types::Entry {
                fileid: 1_000_000 + u64::from(index),
                name: format!("file-{:0width$}.dat", sample::noise(&mut state)).into(),
                cookie: u64::from(index) + 3,
                attr: Some($types::Attributes {
                    r#type: 1,
                    mode: 0o100_644,
                    nlink: 1,
                    uid: 1000,
                    gid: 1000,
                    size: sample::noise(&mut state),
                    used: 4096 * (u64::from(index) + 1),
                    rdev1: 0,
                    rdev2: 0,
                    fsid: 64_769,
                    fileid: 1_000_000 + u64::from(index),
                    atime: time(),
                    mtime: time(),
                    ctime: time(),
                }),
                fh: Some(sample::handle(&mut state)),
            }
        };
        $types::Listing {
            verifier: *b"verifier",
            entries: (0..100).map(entry).collect(),
            eof: true,
        }
    }};
}

/// A tree of 1023 nodes.
macro_rules! tree {
    ($types:ident) => {{
        fn tree(depth: i32) -> $types::Tree {
            let child = || (depth > 1).then(|| Box::new(tree(depth - 1)));
            $types::Tree {
                value: depth,
                left: child(),
                right: child(),
            }
        }
        tree(10)
    }};
}

pub(crate) use {listing, scalars, tree};
