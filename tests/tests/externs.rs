//! Constants and types that a module of the user's has are on the wire what they would be if the
//! interface file defined them.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{fmt::Debug, time::Duration};

use tests::{
    extern_names::virStamp,
    extern_stubs::{self, Domain, Fault, Kind, Outcome, Value, Wide},
};
use xdr::{Decode, Encode, ErrorKind};

fn round_trip<T: Encode + Decode + PartialEq + Debug>(value: &T, wire: &[u8]) {
    let mut encoder = xdr::Encoder::new();
    encoder.encode(value).unwrap();
    assert_eq!(encoder.finish(), wire);
    assert_eq!(decoded::<T>(wire).unwrap(), *value);
}

fn decoded<T: Decode>(wire: &[u8]) -> xdr::Result<T> {
    let mut decoder = xdr::Decoder::from_slice(wire);
    let value = decoder.decode()?;
    decoder.finish()?;
    Ok(value)
}

fn domain() -> Domain {
    Domain {
        uuid: [1, 2],
        model: "kvm".into(),
        ids: [3, 4],
        stamps: vec![virStamp(Duration::from_secs(9))],
        size: 5,
    }
}

const DOMAIN: &[u8] = b"\x01\x02\0\0\0\0\0\x03kvm\0\0\0\0\x03\0\0\0\x04\
    \0\0\0\x01\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x05";

#[test]
fn lengths_and_bounds_are_those_of_the_module() {
    round_trip(&domain(), DOMAIN);
    let mut encoder = xdr::Encoder::new();
    let long = Domain {
        model: "qemu".into(),
        ..domain()
    };
    let error = encoder.encode(&long).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLong { len: 4, max: 3 });
    assert_eq!(extern_stubs::MODEL_MAX, 3_i64);
}

#[test]
fn cases_are_those_of_the_module() {
    round_trip(&Value::VirTypedParamInt(6), b"\0\0\0\x01\0\0\0\x06");
    round_trip(
        &Value::VirTypedParamString("a".into()),
        b"\xff\xff\xff\xfe\0\0\0\x01a\0\0\0",
    );
    round_trip(&Value::Default { discriminant: 8 }, b"\0\0\0\x08");
    let mut encoder = xdr::Encoder::new();
    let taken = Value::Default { discriminant: -2 };
    let error = encoder.encode(&taken).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DiscriminantHasArm(-2));
    round_trip(&Wide::VirWide(1), b"\0\0\0\x01\0\0\0\0\0\0\0\x01");
}

#[test]
fn a_union_switched_by_an_unknown_type_has_an_int_on_the_wire() {
    let wire = [b"\0\0\0\x05", DOMAIN].concat();
    round_trip(&Kind::VirKindLarge(domain()), &wire);
    let error = decoded::<Kind>(b"\0\0\0\x06").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownArm(6));
}

#[test]
fn enumerators_are_those_of_the_module() {
    round_trip(&Fault::FaultBusy, b"\0\0\0\x10");
    round_trip(&Fault::FaultOther, b"\0\0\0\x11");
    round_trip(
        &Outcome::FaultOther(-1),
        b"\0\0\0\x11\xff\xff\xff\xff\xff\xff\xff\xff",
    );
    round_trip(&Outcome::FaultBusy, b"\0\0\0\x10");
}

#[test]
fn programs_have_the_numbers_of_the_module() {
    use extern_stubs::remote::remote_vers::procedures;
    assert_eq!(extern_stubs::REMOTE_PROGRAM, 0x2000_0020);
    assert_eq!(procedures::DOMAIN.number(), 1);
    assert_eq!(procedures::DOMAIN.version(), 4);
}
