//! The types of the codec in the formats of serde: readable where people read.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::fmt::Debug;

use xdr::{
    ByteString, Bytes, Quadruple,
    serde::{Deserialize, Serialize, de::DeserializeOwned},
};

/// As `rpcgen` shall derive it: by names of `xdr` alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "::xdr::serde")]
struct Sample {
    kind: Kind,
    #[serde(with = "::xdr::hex")]
    data: Bytes,
    #[serde(with = "::xdr::hex")]
    fixed: [u8; 3],
    #[serde(with = "::xdr::hex")]
    large: Box<[u8; 40]>,
    #[serde(with = "::xdr::hex")]
    many: Vec<Option<Bytes>>,
    #[serde(with = "::xdr::hex")]
    pair: [Bytes; 2],
    name: ByteString,
    names: Option<Vec<ByteString>>,
    number: Quadruple,
    #[serde(with = "::xdr::serde_with::As::<[::xdr::serde_with::Same; 33]>")]
    table: [u32; 33],
    #[serde(with = "::xdr::serde_with::As::<::xdr::Box<[::xdr::serde_with::Same; 34]>>")]
    boxed: Box<[u32; 34]>,
    #[serde(with = "::xdr::serde_with::As::<[::xdr::Vec<[::xdr::serde_with::Same; 35]>; 2]>")]
    tables: [Vec<[u32; 35]>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(crate = "::xdr::serde")]
enum Kind {
    #[serde(rename = "FILE_TEXT")]
    Text,
}

fn sample() -> Sample {
    Sample {
        kind: Kind::Text,
        data: Bytes::from_static(b"\0\xff"),
        fixed: [1, 2, 0xab],
        large: Box::new([7; 40]),
        many: vec![None, Some(Bytes::from_static(b"a"))],
        pair: [Bytes::new(), Bytes::from_static(b"b")],
        name: "name".into(),
        names: Some(vec![ByteString::from(&b"\xff"[..]), "".into()]),
        number: Quadruple::from_bits(1),
        table: [5; 33],
        boxed: Box::new([6; 34]),
        tables: [vec![[8; 35]], vec![]],
    }
}

#[test]
fn json_is_readable_and_read_back() {
    let json = serde_json::to_value(sample()).unwrap();
    assert_eq!(json["kind"], "FILE_TEXT");
    assert_eq!(json["data"], "00ff");
    assert_eq!(json["fixed"], "0102ab");
    assert_eq!(json["many"], serde_json::json!([null, "61"]));
    assert_eq!(json["pair"], serde_json::json!(["", "62"]));
    assert_eq!(json["name"], "name");
    assert_eq!(json["names"], serde_json::json!([{ "hex": "ff" }, ""]));
    assert_eq!(json["number"], "00000000000000000000000000000001");
    assert_eq!(json["table"].as_array().unwrap().len(), 33);
    assert_eq!(serde_json::from_value::<Sample>(json).unwrap(), sample());
}

#[test]
fn what_is_not_hexadecimal_is_refused() {
    fn refuse<T: DeserializeOwned + Debug>(json: &str) {
        assert!(serde_json::from_str::<T>(json).is_err(), "{json}");
    }
    #[derive(Debug, Deserialize)]
    #[serde(crate = "::xdr::serde", transparent)]
    struct Fixed(#[serde(with = "::xdr::hex")] [u8; 2]);
    assert_eq!(
        serde_json::from_str::<Fixed>("\"00FF\"").unwrap().0,
        [0, 255]
    );
    for json in [
        "\"00f\"",
        "\"00\"",
        "\"000000\"",
        "\"00fg\"",
        "\"0\u{e9}\"",
        "\"+1+1\"",
        "[0, 0]",
    ] {
        refuse::<Fixed>(json);
    }
    for json in ["{\"hax\": \"ff\"}", "{}", "7", "null", "{\"hex\": \"f\"}"] {
        refuse::<ByteString>(json);
    }
    refuse::<Quadruple>("\"01\"");
}
