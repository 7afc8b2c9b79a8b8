//! The impls that `rpcgen` generates for other crates: serde, and `Arbitrary`.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::fmt::Debug;

use xdr::{
    Decode, Encode,
    arbitrary::{Arbitrary, Unstructured},
    serde::{Serialize, de::DeserializeOwned},
};

use tests::snapshots::{
    impls::{Every, Tree},
    impls_attributed::{Level, Table},
    impls_unions::{Filter, Outcome, Value},
};

/// Values of random bytes of many lengths.
fn values<T: for<'a> Arbitrary<'a>>() -> Vec<T> {
    let mut random = fastrand::Rng::with_seed(1);
    let inputs = (0..600).map(|len| (0..len).map(|_| random.u8(..)).collect::<Vec<u8>>());
    inputs
        .filter_map(|bytes| T::arbitrary(&mut Unstructured::new(&bytes)).ok())
        .collect()
}

/// What is made of random bytes keeps all rules of the file, so that it can be encoded; both ways
/// through the codec and through JSON give it back.
fn goes_round<T>()
where
    T: for<'a> Arbitrary<'a> + Encode + Decode + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let values = values::<T>();
    assert!(values.len() > 300, "most inputs become values");
    for value in values {
        let mut wire = xdr::Encoder::new();
        value.encode(&mut wire).unwrap();
        let wire = wire.finish();
        let mut decoder = xdr::Decoder::new(&wire);
        assert_eq!(decoder.decode::<T>().unwrap(), value);
        decoder.finish().unwrap();
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
    }
}

#[test]
fn recursive_types_go_round() {
    goes_round::<Tree>();
    goes_round::<Filter>();
}

#[test]
fn unions_go_round() {
    goes_round::<Value>();
    goes_round::<Outcome>();
}

#[test]
fn ranges_and_counts_go_round() {
    goes_round::<Table>();
    goes_round::<Level>();
}

/// JSON has no numbers that are none, so only the codec gives this type back.
#[test]
fn every_construct_can_be_encoded() {
    for value in values::<Every>() {
        let mut wire = xdr::Encoder::new();
        value.encode(&mut wire).unwrap();
        let wire = wire.finish();
        let again: Every = xdr::Decoder::new(&wire).decode().unwrap();
        let mut second = xdr::Encoder::new();
        again.encode(&mut second).unwrap();
        assert_eq!(second.finish(), wire);
    }
}

/// A fuzzer that repeats one byte finds the deepest value there is.
#[test]
fn no_input_is_deep() {
    for byte in [0, 1, 2, 3, 0x7f, 0xff] {
        let bytes = vec![byte; 1 << 20];
        for encoded in [
            encode(Tree::arbitrary(&mut Unstructured::new(&bytes)).unwrap()),
            encode(Filter::arbitrary(&mut Unstructured::new(&bytes)).unwrap()),
        ] {
            encoded.unwrap();
        }
    }
}

fn encode(value: impl Encode) -> xdr::Result<()> {
    value.encode(&mut xdr::Encoder::new())
}

#[test]
fn json_has_the_names_of_the_interface() {
    let filter = Filter::OpAll(vec![
        Filter::OpMatch(xdr::Bytes::from_static(b"\0\xff")),
        Filter::OpNot(Box::new(Filter::OpNone)),
    ]);
    let json = serde_json::json!({"OP_ALL": [{"OP_MATCH": "00ff"}, {"OP_NOT": "OP_NONE"}]});
    assert_eq!(serde_json::to_value(&filter).unwrap(), json);
    let value = Value::Default {
        discriminant: 7,
        value: xdr::Bytes::from_static(b"\x01"),
    };
    let json = serde_json::json!({"default": {"discriminant": 7, "value": "01"}});
    assert_eq!(serde_json::to_value(&value).unwrap(), json);
    let every = Every::arbitrary(&mut Unstructured::new(&[])).unwrap();
    let json = serde_json::to_value(&every).unwrap();
    assert_eq!(json["isOpen"], false);
    assert_eq!(json["kind"], "FILE_TEXT");
    assert_eq!(json["pair"], serde_json::json!(["", ""]));
    assert_eq!(json["samples"].as_array().unwrap().len(), 600);
    assert_eq!(serde_json::from_value::<Every>(json).unwrap(), every);
}
