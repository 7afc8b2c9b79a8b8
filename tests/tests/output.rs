//! What generated code does beside coding and calling: the conversions that users write less with.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use tests::snapshots::{
    open_enums as open, settings, union_failures as failures, union_status as status,
};
use xdr::{Decoder, Encode, Encoder, ErrorKind};

fn encoding_fault(value: &impl Encode) -> ErrorKind {
    Encoder::new().encode(value).unwrap_err().kind()
}

#[test]
fn a_status_union_is_a_result() {
    use status::{HandleRes, OpenRes, ReadRes, Stat};

    assert_eq!(OpenRes::Ok(7).into_result(), Ok(7));
    let denied = OpenRes::Default {
        discriminant: Stat::Denied,
    };
    assert_eq!(denied.into_result(), Err(Stat::Denied));
    let attributes = [1; 32];
    let failed = ReadRes::from(Err((Stat::Again, attributes)));
    assert_eq!(failed.into_result(), Err((Stat::Again, attributes)));
    assert_eq!(HandleRes::from(Err(13)).into_result(), Err(13));
}

#[test]
fn a_result_is_a_status_union() {
    use failures::{CloseRes, LockRes, Stat};

    assert_eq!(CloseRes::from(Err(Stat::Again)), CloseRes::Again);
    assert_eq!(CloseRes::from(Ok(())), CloseRes::Ok);
    let held = LockRes::Denied(3);
    assert_eq!(LockRes::from(held.clone().into_result()), held);
    // A success is no failure: it is found when it is encoded.
    let confused = CloseRes::from(Err(Stat::Ok));
    assert_eq!(encoding_fault(&confused), ErrorKind::DiscriminantHasArm(0));
}

#[test]
fn an_open_enum_gives_back_what_it_does_not_know() {
    use open::{Color, Mixed, Paint};

    let bytes = xdr::Bytes::from_static(&[0, 0, 0, 7]);
    let color: Color = Decoder::new(&bytes).decode().unwrap();
    assert_eq!(color, Color::Unknown(7));
    let mut encoder = Encoder::new();
    encoder.encode(&color).unwrap();
    assert_eq!(encoder.finish(), bytes);
    // A number has one form only: what is equal on the wire is equal in memory.
    assert_eq!(
        encoding_fault(&Color::Unknown(3)),
        ErrorKind::KnownEnumerator(3)
    );

    let paint: Paint = Decoder::new(&bytes).decode().unwrap();
    assert_eq!(paint.into_result(), Err(Color::Unknown(7)));
    let disguised = Paint::Default {
        discriminant: Color::Unknown(0),
    };
    assert_eq!(encoding_fault(&disguised), ErrorKind::KnownEnumerator(0));
    let error = Decoder::new(&bytes).decode::<Mixed>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownArm(7));
}

#[test]
fn a_node_that_keeps_its_link_is_the_same_on_the_wire() {
    use settings::Link;

    let bytes = xdr::Bytes::from_static(&[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0]);
    let link: Link = Decoder::new(&bytes).decode().unwrap();
    assert_eq!(link.next.as_ref().map(|next| next.weight), Some(2));
    let mut encoder = Encoder::new();
    encoder.encode(&link).unwrap();
    assert_eq!(encoder.finish(), bytes);
}
