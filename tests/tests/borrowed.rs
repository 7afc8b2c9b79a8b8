//! Borrowed twins of generated types: they say what their owners say, of good messages and of
//! damaged ones, and allocate nothing for it.

#![allow(unsafe_code, reason = "a global allocator that counts")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fmt::Debug,
};

use fastrand::Rng;
use tests::snapshots::{
    borrowed::{Entry, EntryRef, Found, FoundRef, Listing, ListingRef, Stamp},
    borrowed_parts::{Arrays, ArraysRef, Branch, BranchRef, Inner, Part, Point},
};
use xdr::{Bytes, Decode, DecodeBorrowed, Decoder, Encode, Encoder};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all work is done by the system's allocator; the counter allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

fn encode(value: &impl Encode) -> Bytes {
    let mut encoder = Encoder::new();
    encoder.encode(value).unwrap();
    encoder.finish()
}

/// A twin of `T`.
trait TwinOf<T> {
    /// Makes the owner of the same data.
    fn owner(&self) -> T;
}

impl TwinOf<Entry> for EntryRef<'_> {
    fn owner(&self) -> Entry {
        Entry {
            id: self.id,
            name: self.name.into(),
            title: self.title.to_owned(),
            changed: self.changed,
            place: self.place.map(Bytes::copy_from_slice),
        }
    }
}

impl TwinOf<Listing> for ListingRef<'_> {
    fn owner(&self) -> Listing {
        Listing {
            verifier: self.verifier,
            entries: self.entries.iter().map(|entry| entry.owner()).collect(),
            eof: self.eof,
        }
    }
}

impl TwinOf<Found> for FoundRef<'_> {
    fn owner(&self) -> Found {
        match self {
            Self::Case0(listing) => Found::Case0(listing.owner()),
            Self::Case1(stamp) => Found::Case1(*stamp),
            Self::Case2 => Found::Case2,
            Self::Default {
                discriminant,
                value,
            } => Found::Default {
                discriminant: *discriminant,
                value: Bytes::copy_from_slice(value),
            },
        }
    }
}

impl TwinOf<Arrays> for ArraysRef<'_> {
    fn owner(&self) -> Arrays {
        let part = |data: &[u8]| Part {
            first: Inner {
                data: Bytes::copy_from_slice(data),
            },
        };
        Arrays {
            numbers: self.numbers.iter().collect(),
            points: self.points.iter().collect(),
            names: self.names.iter().map(Into::into).collect(),
            parts: self.parts.iter().map(|one| part(one.first.data)).collect(),
            both: self.both.map(Into::into),
            large: Box::new(*self.large),
        }
    }
}

impl TwinOf<Branch> for BranchRef<'_> {
    fn owner(&self) -> Branch {
        Branch {
            label: self.label.into(),
            leaves: self.leaves.iter().map(|leaf| leaf.owner()).collect(),
        }
    }
}

fn listing(rng: &mut Rng) -> Listing {
    let entry = |rng: &mut Rng| Entry {
        id: rng.u64(..),
        name: "n".repeat(rng.usize(..256)).into(),
        title: "é".repeat(rng.usize(..9)),
        changed: rng.bool().then(|| Stamp {
            seconds: rng.u32(..),
            nseconds: rng.u32(..),
        }),
        place: rng.bool().then(|| vec![rng.u8(..); rng.usize(..65)].into()),
    };
    Listing {
        verifier: rng.u64(..).to_ne_bytes(),
        entries: (0..rng.usize(..5)).map(|_| entry(rng)).collect(),
        eof: rng.bool(),
    }
}

fn found(rng: &mut Rng) -> Found {
    match rng.u8(..4) {
        0 => Found::Case0(listing(rng)),
        1 => Found::Case1(Stamp::default()),
        2 => Found::Case2,
        _ => Found::Default {
            discriminant: rng.i32(3..),
            value: vec![rng.u8(..); rng.usize(..17)].into(),
        },
    }
}

fn arrays(rng: &mut Rng) -> Arrays {
    let name = |rng: &mut Rng| "n".repeat(rng.usize(..9)).into();
    let part = |rng: &mut Rng| Part {
        first: Inner {
            data: vec![rng.u8(..); rng.usize(..9)].into(),
        },
    };
    Arrays {
        numbers: (0..rng.usize(..9)).map(|_| rng.i32(..)).collect(),
        points: vec![Point { x: 1, y: -1 }; rng.usize(..5)],
        names: (0..rng.usize(..4)).map(|_| name(rng)).collect(),
        parts: (0..rng.usize(..5)).map(|_| part(rng)).collect(),
        both: [name(rng), name(rng)],
        large: Box::new([rng.u8(..); 4100]),
    }
}

fn branch(rng: &mut Rng, depth: usize) -> Branch {
    Branch {
        label: "branch".into(),
        leaves: (0..rng.usize(..=depth))
            .map(|_| branch(rng, depth - 1))
            .collect(),
    }
}

/// Damages a message in one of the ways that find something: anything for a word, an end too early.
fn damage(rng: &mut Rng, message: &mut Vec<u8>) {
    if rng.u8(..4) == 0 {
        message.truncate(rng.usize(..=message.len()));
    }
    let random = [rng.u32(..), rng.u32(..8), 0, u32::MAX];
    let (words, _) = message.as_chunks_mut();
    if let (Some(place), Some(word)) = (rng.choice(words), rng.choice(random)) {
        *place = word.to_be_bytes();
    }
}

/// What comes of a message is the same for the type and for its twin: a value, or an error of one
/// kind at one place.
fn assert_same<'a, T, R>(message: &'a [u8])
where
    T: Decode + PartialEq + Debug,
    R: DecodeBorrowed<'a> + TwinOf<T>,
{
    let mut decoder = Decoder::from_slice(message);
    let owned: xdr::Result<T> = decoder.decode();
    let read = decoder.offset();
    let mut decoder = Decoder::from_slice(message);
    let borrowed = R::decode_borrowed(&mut decoder);
    assert!(owned.is_err() || read == decoder.offset());
    assert_eq!(owned, borrowed.map(|value| value.owner()));
}

#[test]
fn a_twin_says_what_its_owner_says() {
    let mut rng = Rng::with_seed(4506);
    let mut messages = |make: &mut dyn FnMut(&mut Rng) -> Bytes, same: fn(&[u8])| {
        for _ in 0..2000 {
            let mut message = make(&mut rng).to_vec();
            same(&message);
            for _ in 0..4 {
                damage(&mut rng, &mut message);
                same(&message);
            }
        }
    };
    messages(&mut |rng| encode(&listing(rng)), |message| {
        assert_same::<Listing, ListingRef<'_>>(message);
    });
    messages(&mut |rng| encode(&found(rng)), |message| {
        assert_same::<Found, FoundRef<'_>>(message);
    });
    messages(&mut |rng| encode(&arrays(rng)), |message| {
        assert_same::<Arrays, ArraysRef<'_>>(message);
    });
    messages(&mut |rng| encode(&branch(rng, 3)), |message| {
        assert_same::<Branch, BranchRef<'_>>(message);
    });
}

#[test]
fn random_bytes_are_the_same_to_both() {
    let mut rng = Rng::with_seed(5531);
    for _ in 0..20_000 {
        let words = (0..rng.usize(..12)).flat_map(|_| rng.u32(..4).to_be_bytes());
        let message: Vec<u8> = words.collect();
        assert_same::<Listing, ListingRef<'_>>(&message);
        assert_same::<Found, FoundRef<'_>>(&message);
        assert_same::<Branch, BranchRef<'_>>(&message);
    }
}

#[test]
fn a_twin_allocates_nothing() {
    fn visit(branch: &BranchRef<'_>) -> usize {
        1 + branch.leaves.iter().map(|leaf| visit(&leaf)).sum::<usize>()
    }
    let mut rng = Rng::with_seed(4506);
    for _ in 0..100 {
        let listing = encode(&listing(&mut rng));
        let (found, arrays) = (encode(&found(&mut rng)), encode(&arrays(&mut rng)));
        let branch = encode(&branch(&mut rng, 3));
        let before = ALLOCATIONS.get();
        let read = ListingRef::decode_borrowed(&mut Decoder::new(&listing)).unwrap();
        let names: usize = read.entries.iter().map(|entry| entry.name.len()).sum();
        assert!(names < listing.len());
        FoundRef::decode_borrowed(&mut Decoder::new(&found)).unwrap();
        let read = ArraysRef::decode_borrowed(&mut Decoder::new(&arrays)).unwrap();
        assert_eq!(read.parts.iter().count(), read.parts.len());
        assert_eq!(read.names.iter().count(), read.names.len());
        let read = BranchRef::decode_borrowed(&mut Decoder::new(&branch)).unwrap();
        assert_eq!(visit(&read), branch.len() / 16);
        assert_eq!(ALLOCATIONS.get(), before);
    }
}
