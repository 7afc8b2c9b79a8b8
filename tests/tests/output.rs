//! What generated code does beside coding and calling: the conversions that users write less with.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use tests::snapshots::{union_failures as failures, union_status as status};
use xdr::{Encode, Encoder, ErrorKind};

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
