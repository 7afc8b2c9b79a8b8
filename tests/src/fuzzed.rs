//! What holds of the codec of any type and any input whatever. The fuzz targets `codec_…` look for one
//! of which it does not, and tests try their seeds and what they found.

use xdr::{
    Bytes, Decode, Decoder, Encode, Encoder, Error, Limits, Tolerance,
    arbitrary::{Arbitrary, Unstructured},
};

/// The types of `idl/fuzzed.x`.
pub mod types {
    #![allow(clippy::use_self, reason = "as for the snapshots")]

    include!(concat!(env!("OUT_DIR"), "/fuzzed.rs"));
}

/// Bytes of memory that the values of a message may take for each of its bytes: an element of a
/// list takes some 200, and perhaps twice that while the list grows, for 32 on the wire; an optional
/// one that is not there 4 on the wire.
const MEMORY_PER_BYTE: usize = 64;

/// Bytes of memory for any message beside that: what is reserved before anything was read.
const MEMORY_MIN: usize = 64 << 10;

/// Takes the input for a message, and for the choices that make up a value.
pub fn check<T>(input: &[u8])
where
    T: Encode + Decode + for<'a> Arbitrary<'a>,
{
    check_message::<T>(input);
    if let Ok(value) = T::arbitrary(&mut Unstructured::new(input)) {
        check_value(&value);
    }
}

/// A message is a value or none. As a value it is encoded to the same bytes again; as none it takes
/// little memory, and a tolerant decoder does not mind it either.
fn check_message<T: Encode + Decode>(input: &[u8]) {
    let message = Bytes::copy_from_slice(input);
    let memory = MEMORY_MIN + MEMORY_PER_BYTE * input.len();
    let limits = Limits::default().memory(memory);
    let (strict, len) = decode::<T>(Decoder::new(&message));
    let (limited, _) = decode::<T>(Decoder::new(&message).with_limits(limits));
    assert_eq!(limited, strict, "it takes more than {memory} bytes");
    let (copied, _) = decode::<T>(Decoder::from_slice(input));
    assert_eq!(copied, strict, "sharing the message makes a difference");

    let all = Tolerance::default()
        .any_bool()
        .any_padding()
        .missing_padding()
        .trailing_bytes();
    let (tolerant, tolerant_len) = decode::<T>(Decoder::new(&message).with_tolerance(all));
    if let Ok(again) = &strict {
        assert_eq!(again, &message.slice(..len));
        assert_eq!((tolerant.as_ref(), tolerant_len), (Ok(again), len));
    }
}

/// A value is encoded within the sizes of its type, and decoded to the same value.
fn check_value<T: Encode + Decode>(value: &T) {
    let wire = encode(value);
    assert!((T::MIN_SIZE..=T::MAX_SIZE).contains(&wire.len()));
    assert_eq!(wire.len() % 4, 0);
    let (decoded, len) = decode::<T>(Decoder::new(&wire));
    assert_eq!((decoded.as_ref(), len), (Ok(&wire), wire.len()));
}

/// What the value at the start of a message is encoded to, and how far it goes. Values are compared by
/// that: a floating-point number may not be equal to itself.
fn decode<T: Encode + Decode>(mut decoder: Decoder<'_>) -> (Result<Bytes, Error>, usize) {
    let value = decoder.decode::<T>();
    (value.map(|value| encode(&value)), decoder.offset())
}

fn encode<T: Encode>(value: &T) -> Bytes {
    let mut encoder = Encoder::new();
    let outcome = encoder.encode(value);
    assert!(outcome.is_ok(), "{outcome:?}");
    encoder.finish()
}

/// A fuzz target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("codec_list", check::<types::List>),
    ("codec_tree", check::<types::Tree>),
    ("codec_defaulted", check::<types::Defaulted>),
    ("codec_closed", check::<types::Closed>),
    ("codec_arrays", check::<types::Arrays>),
    ("codec_bounds", check::<types::Bounds>),
    ("codec_optional", check::<types::Optional>),
    ("codec_enums", check::<types::Enums>),
    ("codec_fixed", check::<types::Fixed>),
    ("codec_readdirplus", check::<types::Readdirplus3res>),
];
