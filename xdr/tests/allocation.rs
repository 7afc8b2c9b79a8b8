//! How much memory a message can make a decoder take.

mod counting;
mod types;

use counting::{allocated, peak_of};
use types::Everything;
use xdr::{Bytes, Decode, Decoder, Encode, Encoder, Error, ErrorKind, Limits};

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
fn h1_a_hundred_thousand_claimed_lengths_allocate_less_than_64_kib() {
    fn refuse<T: Decode>(message: &Bytes) {
        assert!(Decoder::new(message).decode::<T>().is_err());
    }
    fn refuse_above(message: &Bytes, max: u32) {
        assert!(Decoder::new(message).opaque(max).is_err());
        assert!(Decoder::new(message).string(max).is_err());
        assert!(Decoder::new(message).array::<u32>(max).is_err());
    }
    let messages = [u32::MAX, 1 << 31, 65_537].map(|len| {
        let mut message = vec![0; 1024];
        message[..4].copy_from_slice(&len.to_be_bytes());
        Bytes::from(message)
    });
    let present = Bytes::from_static(b"\0\0\0\x01\xff\xff\xff\xff");
    let peak = peak_of(|| {
        for message in messages.iter().cycle().take(10_000) {
            refuse::<Bytes>(message);
            refuse::<String>(message);
            refuse::<Vec<i32>>(message);
            refuse::<Vec<()>>(message);
            refuse::<Vec<Vec<String>>>(message);
            refuse::<Vec<[u64; 100]>>(message);
            refuse::<Option<Vec<Node>>>(&present);
            refuse::<Node>(message);
            refuse_above(message, 65_536);
        }
    });
    assert!(peak < 64 << 10, "{peak} bytes");
}

/// Each message that ends too early or has a wrong byte drops what was decoded of it, once.
#[test]
fn h4_failed_decoding_leaves_nothing_allocated() {
    let value = Everything::example();
    let wire = encode(&value);
    let before = allocated();
    let mut failed = 0;
    for len in 0..wire.len() {
        let message = wire.slice(..len);
        failed += u32::from(Decoder::new(&message).decode::<Everything>().is_err());
    }
    for index in 0..wire.len() {
        let mut changed = wire.to_vec();
        changed[index] ^= 0xff;
        let message = Bytes::from(changed);
        failed += u32::from(Decoder::new(&message).decode::<Everything>().is_err());
    }
    assert!(failed > 300, "{failed} of {} messages", 2 * wire.len());
    assert_eq!(allocated(), before);
}

#[test]
fn memory_is_limited() {
    fn take<T: Decode>(wire: &Bytes, max: usize) -> Result<T, ErrorKind> {
        let mut decoder = Decoder::new(wire).with_limits(Limits::default().memory(max));
        decoder.decode().map_err(|error| error.kind())
    }
    fn assert_takes<T: Decode + Encode>(value: &T, memory: usize) {
        let wire = encode(value);
        assert!(take::<T>(&wire, memory).is_ok());
        let max = memory - 1;
        let too_much = ErrorKind::TooMuchMemory { max };
        assert_eq!(take::<T>(&wire, max).err(), Some(too_much));
        let peak = peak_of(|| drop(take::<T>(&wire, max)));
        assert!(peak <= 256 + max.cast_signed(), "{peak} of {max} bytes");
    }
    assert_takes(&vec![7_u32; 1000], 4000);
    assert_takes(&vec![[7_u32; 10]; 100], 4000);
    assert_takes(&Bytes::from(vec![7; 100]), 100);
    assert_takes(&"s".repeat(1000), 1000);
    assert_takes(&Some(Box::new([0_u64; 100])), 800);
    let strings = vec![Bytes::from(vec![7; 10]); 10];
    assert_takes(&strings, 10 * size_of::<Bytes>() + 10 + 128);
    // What shares the memory of the message costs nothing.
    let shared = encode(&Bytes::from(vec![7; 1000]));
    assert!(take::<Bytes>(&shared, 0).is_ok());
}

#[test]
fn list_of_any_length_is_limited() {
    let mut encoder = Encoder::new();
    encoder.list(&[(); 100_000]).unwrap();
    encoder.list(&vec![7_u64; 100_000]).unwrap();
    let wire = encoder.finish();
    let limits = Limits::default().memory(1 << 19);
    let mut decoder = Decoder::new(&wire).with_limits(limits);
    assert_eq!(decoder.list::<()>().unwrap().len(), 100_000);
    let peak = peak_of(|| {
        let kind = decoder.list::<u64>().unwrap_err().kind();
        assert_eq!(kind, ErrorKind::TooMuchMemory { max: 1 << 19 });
    });
    // A list that grows is there twice for a moment, half as long the first time.
    assert!(peak <= 3 << 18, "{peak} bytes");
}

/// A hundred small pieces share a few allocations, and keep no more than those.
#[test]
fn small_pieces_are_allocated_together() {
    let pieces = vec![Bytes::from(vec![7; 20]); 100];
    let wire = encode(&pieces);
    let mut decoded = Vec::new();
    let peak = peak_of(|| decoded = Decoder::new(&wire).decode::<Vec<Bytes>>().unwrap());
    assert_eq!(decoded, pieces);
    assert!(peak < 100 * 32 + 3 * (1024 + 64), "{peak} bytes");
    let kept = decoded.swap_remove(50);
    let before = allocated();
    drop(decoded);
    drop(kept);
    assert!(allocated() < before);
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
