//! Large data that an encoder leaves where it lies.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use xdr::{ByteString, Bytes, CHUNK_MIN, Encode, Encoder};

type Value = (u32, Bytes, ByteString, Bytes);

fn write(mut encoder: Encoder, (number, first, second, third): &Value) -> Encoder {
    encoder.encode(number).unwrap();
    encoder.opaque(first, u32::MAX).unwrap();
    encoder.string(second, u32::MAX).unwrap();
    third.encode(&mut encoder).unwrap();
    encoder
}

fn data(len: usize) -> Bytes {
    vec![7; len].into()
}

fn chunks(encoder: Encoder) -> Vec<Bytes> {
    let (head, rest) = encoder.finish_chunks();
    std::iter::once(head).chain(rest).collect()
}

#[test]
fn chunks_are_the_message_in_pieces() {
    for lens in [
        [0, 0, 0],
        [CHUNK_MIN - 1, 5, CHUNK_MIN],
        [CHUNK_MIN, CHUNK_MIN + 1, CHUNK_MIN + 3],
        [0, CHUNK_MIN + 2, 0],
    ] {
        let [first, second, third] = lens.map(data);
        let value = (9, first, second.into(), third);
        let whole = write(Encoder::new(), &value);
        let pieces = write(Encoder::new().with_chunks(), &value);
        assert_eq!(pieces.len(), whole.len());
        let whole = whole.finish();
        let pieces = chunks(pieces);
        assert_eq!(pieces.concat(), whole);
        assert!(pieces.iter().all(|chunk| !chunk.is_empty()));
        assert_eq!(write(Encoder::new().with_chunks(), &value).finish(), whole);
        assert_eq!(chunks(write(Encoder::new(), &value)), [whole]);
    }
}

#[test]
fn large_data_is_not_copied() {
    let body = data(CHUNK_MIN + 1);
    let mut encoder = Encoder::new().with_chunks();
    encoder.encode(&1).unwrap();
    encoder.encode(&body).unwrap();
    let chunks = chunks(encoder);
    assert_eq!(chunks[0], [0, 0, 0, 1, 0, 0, 0x10, 1][..]);
    assert_eq!(chunks[1].as_ptr(), body.as_ptr());
    assert_eq!(chunks[2], [0; 3][..]);
}

/// Text and arrays have no `Bytes` that could be handed out: they are copied.
#[test]
fn text_is_copied() {
    let mut encoder = Encoder::new().with_chunks();
    encoder.utf8(&"x".repeat(2 * CHUNK_MIN), u32::MAX).unwrap();
    encoder.encode(&[0_u8; CHUNK_MIN]).unwrap();
    assert_eq!(chunks(encoder).len(), 1);
}

#[test]
fn empty_message_has_one_empty_piece() {
    assert_eq!(chunks(Encoder::new().with_chunks()), [Bytes::new()]);
    assert!(Encoder::new().with_chunks().is_empty());
}
