//! The constants of sizes: no value is smaller or larger than they say, and some values are as small
//! and as large.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use tests::snapshots::{lists, recursion, sizes};
use xdr::{Bytes, Decode, Encode, Encoder, Fixed};

fn size_of<T: Encode>(value: &T) -> usize {
    let mut encoder = Encoder::new();
    encoder.encode(value).unwrap();
    encoder.len()
}

/// The constants of the type are the sizes of these two values.
#[track_caller]
fn assert_sizes<T: Encode + Decode>(smallest: &T, largest: &T) {
    assert_eq!(size_of(smallest), T::MIN_SIZE);
    assert_eq!(size_of(largest), T::MAX_SIZE);
}

fn position() -> sizes::Position {
    sizes::Position {
        at: -1,
        rank: sizes::Level::High,
    }
}

fn block() -> sizes::Block {
    sizes::Block {
        from: position(),
        id: [1; 5],
        both: [position(); 2],
    }
}

fn full_entry() -> sizes::Entry {
    sizes::Entry {
        name: Bytes::from_static(&[1; 9]),
        note: "sixsix".into(),
        place: Some(position()),
        blocks: vec![block(); 2],
    }
}

#[test]
fn a_type_of_fixed_size_says_it_three_times() {
    fn assert_fixed<T: Encode + Decode + Fixed>(value: &T) {
        assert_sizes(value, value);
        assert_eq!(size_of(value), T::SIZE);
    }
    assert_fixed(&sizes::Level::Low);
    assert_fixed(&position());
    assert_fixed(&block());
    assert_fixed(&sizes::Page { data: [1; 512] });
}

#[test]
fn bounds_of_data_typedefs_optionals_arrays_and_unions_add_up() {
    assert_sizes(&sizes::Entry::default(), &full_entry());
    let low = sizes::Outcome::Low;
    let high = sizes::Outcome::High(position());
    assert_sizes(&high, &low(full_entry()));
    assert_sizes(
        &sizes::Reply {
            first: high,
            second: None,
            last: false,
        },
        &sizes::Reply {
            first: low(full_entry()),
            second: Some(low(full_entry())),
            last: true,
        },
    );
}

#[test]
fn what_is_too_large_for_one_run_has_its_size_all_the_same() {
    let page = || sizes::Page { data: [1; 512] };
    let book = sizes::Book {
        left: page(),
        right: page(),
    };
    assert_sizes(&book, &book);
}

#[test]
fn what_has_no_bound_says_so() {
    const NONE: usize = usize::MAX;
    assert_eq!(<sizes::Unbounded as Decode>::MAX_SIZE, NONE);
    // A bound that 32 bits cannot hold together with what stands around it.
    assert_eq!(<sizes::Huge as Decode>::MAX_SIZE, NONE);
    // Lists, and what contains itself in a box, an array, an arm.
    assert_eq!(<lists::Listing as Decode>::MAX_SIZE, NONE);
    assert_eq!(<recursion::Tree as Decode>::MAX_SIZE, NONE);
    assert_eq!(<recursion::Folder as Decode>::MAX_SIZE, NONE);
    assert_eq!(<recursion::Plan as Decode>::MAX_SIZE, NONE);
}

/// Elements and optional-data in Rust count as their types do in an interface.
#[test]
fn rust_types_have_sizes_too() {
    assert_eq!(<[sizes::Block; 3]>::MAX_SIZE, 132);
    assert_eq!(Option::<sizes::Entry>::MAX_SIZE, 140);
    assert_eq!(Vec::<sizes::Block>::MAX_SIZE, usize::MAX);
}
