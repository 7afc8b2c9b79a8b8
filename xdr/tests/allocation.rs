//! How much memory a message can make a decoder take.
#![allow(unsafe_code, reason = "a global allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};
use xdr::{ByteString, Bytes, Decode, Decoder, Encode, Encoder, Error, ErrorKind};

/// Counts, thread by thread, the bytes that are allocated, and the most that ever were.
///
/// A thread that frees what another one allocated has less than nothing.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all work is done by the system's allocator; the counters allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get() + size(layout));
        PEAK.set(PEAK.get().max(ALLOCATED.get()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get() - size(layout));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// No layout has more than `isize::MAX` bytes.
fn size(layout: Layout) -> isize {
    layout.size().cast_signed()
}

/// The most bytes that were allocated at a time, beyond those that were before.
fn peak_of(work: impl FnOnce()) -> isize {
    let before = ALLOCATED.get();
    PEAK.set(before);
    work();
    PEAK.get() - before
}

/// `struct node { node children<>; }`
#[derive(Debug, PartialEq)]
struct Node {
    children: Vec<Self>,
}

impl Decode for Node {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        let children = decoder.field("node", "children")?;
        Ok(Self { children })
    }
}

fn encode(value: &impl Encode) -> Bytes {
    let mut encoder = Encoder::new();
    assert_eq!(encoder.encode(value), Ok(()));
    encoder.finish()
}

#[test]
fn counter_counts() {
    assert_eq!(peak_of(|| drop(vec![0_u8; 1000])), 1000);
    assert_eq!(peak_of(|| ()), 0);
}

#[test]
fn claimed_lengths_allocate_nothing() {
    fn refuse<T: Decode>(message: &Bytes) {
        assert!(Decoder::new(message).decode::<T>().is_err());
    }
    fn refuse_list(message: &Bytes) {
        assert!(Decoder::new(message).list::<Bytes>().is_err());
    }
    let claim = Bytes::from(vec![0xff; 1024]);
    let present = Bytes::from_static(b"\0\0\0\x01\xff\xff\xff\xff");
    let peak = peak_of(|| {
        for _ in 0..10_000 {
            refuse::<Bytes>(&claim);
            refuse::<ByteString>(&claim);
            refuse::<String>(&claim);
            refuse::<Vec<i32>>(&claim);
            refuse::<Vec<()>>(&claim);
            refuse::<Vec<Bytes>>(&claim);
            refuse::<Vec<[u64; 100]>>(&claim);
            refuse::<Vec<Vec<String>>>(&claim);
            refuse::<Option<Vec<Node>>>(&present);
            refuse::<Node>(&claim);
            refuse_list(&present);
        }
    });
    assert!(peak <= 64 << 10, "{peak} bytes");
}

/// A claim that the bound and the size of the message allow, whose elements are not there.
#[test]
fn claims_within_each_other_do_not_add_up() {
    const LEN: usize = 1 << 20;
    let mut encoder = Encoder::with_capacity(LEN);
    for index in 1..=LEN / 4 {
        encoder
            .encode(&u32::try_from(LEN / 4 - index).unwrap())
            .unwrap();
    }
    let message = encoder.finish();
    let peak = peak_of(|| {
        let error = Decoder::new(&message).decode::<Node>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooDeep { max: 64 });
    });
    assert!(peak <= 8 << 20, "{peak} bytes");
}

#[test]
fn array_is_reserved_once() {
    let values = vec![7_u32; 100_000];
    let wire = encode(&values);
    let peak = peak_of(|| assert_eq!(Decoder::new(&wire).decode::<Vec<u32>>().unwrap(), values));
    assert_eq!(peak, 400_000);
}

#[test]
fn shared_data_is_not_copied() {
    let data = Bytes::from(vec![7; 1 << 20]);
    let wire = encode(&data);
    // The first slice of a message allocates the count of those who share it.
    let peak = peak_of(|| assert_eq!(Decoder::new(&wire).decode::<Bytes>().unwrap(), data));
    assert!(peak <= 64, "{peak} bytes");
}
