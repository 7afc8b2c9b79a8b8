//! Headers against bytes written by hand from RFC 5531 §9.

use super::*;
use bytes::Bytes;

fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.encode(value).unwrap();
    encoder.finish().to_vec()
}

#[rustfmt::skip]
const CALL_BYTES: [u8; 64] = [
    0x12, 0x34, 0x56, 0x78, // xid
    0, 0, 0, 0, // CALL
    0, 0, 0, 2, // rpcvers
    0, 1, 0x86, 0xa3, // prog 100003
    0, 0, 0, 3, // vers
    0, 0, 0, 1, // proc
    0, 0, 0, 1, // cred: AUTH_SYS
    0, 0, 0, 20, // 20 bytes
    0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 3, 232, 0, 0, 0, 100, 0, 0, 0, 0,
    0, 0, 0, 0, // verf: AUTH_NONE
    0, 0, 0, 0, // of no length
    0xab, 0xcd, 0xef, 0x01, // arguments
];

fn call_header() -> CallHeader {
    CallHeader {
        xid: Xid(0x1234_5678),
        program: 100_003,
        version: 3,
        procedure: 1,
        credential: OpaqueAuth {
            flavor: AuthFlavor::SYS,
            body: Bytes::copy_from_slice(&CALL_BYTES[32..52]),
        },
        verifier: OpaqueAuth::NONE,
    }
}

fn decode_call(wire: &[u8]) -> Result<CallHeader, CallHeaderError> {
    CallHeader::decode(&mut Decoder::from_slice(wire))
}

#[test]
fn call_vector() {
    assert_eq!(encoded(&call_header()), CALL_BYTES[..60]);
    let mut decoder = Decoder::from_slice(&CALL_BYTES);
    assert_eq!(CallHeader::decode(&mut decoder), Ok(call_header()));
    assert_eq!(decoder.offset(), 60, "the arguments are left");
}

#[test]
fn call_cut_short_is_malformed() {
    for len in 0..60 {
        let outcome = decode_call(&CALL_BYTES[..len]);
        assert!(matches!(outcome, Err(CallHeaderError::Malformed(_))));
    }
}

#[test]
fn call_that_is_none() {
    let mut wire = CALL_BYTES;
    wire[7] = 1;
    assert_eq!(decode_call(&wire), Err(CallHeaderError::NotACall(1)));
    wire[7] = 2;
    assert_eq!(decode_call(&wire), Err(CallHeaderError::NotACall(2)));
}

#[test]
fn call_of_another_rpc_version() {
    for version in [0, 1, 3] {
        let mut wire = CALL_BYTES;
        wire[11] = version;
        let xid = Xid(0x1234_5678);
        assert_eq!(decode_call(&wire), Err(CallHeaderError::RpcMismatch(xid)));
        // Nothing behind the version is looked at: another version may mean anything by it.
        let outcome = decode_call(&wire[..12]);
        assert_eq!(outcome, Err(CallHeaderError::RpcMismatch(xid)));
    }
}

#[test]
fn call_with_a_credential_above_400_bytes() {
    let xid = Xid(0x1234_5678);
    let mut wire = CALL_BYTES;
    wire[30..32].copy_from_slice(&401_u16.to_be_bytes());
    let bad = CallHeaderError::Auth(xid, AuthStat::BadCred);
    assert_eq!(decode_call(&wire), Err(bad));
    wire = CALL_BYTES;
    wire[56..60].copy_from_slice(&u32::MAX.to_be_bytes());
    let bad = CallHeaderError::Auth(xid, AuthStat::BadVerf);
    assert_eq!(decode_call(&wire), Err(bad));
}

/// A reply to call 9 with these words behind the message type.
fn reply_bytes(words: &[u32]) -> Vec<u8> {
    [9, 1]
        .iter()
        .chain(words)
        .flat_map(|word| word.to_be_bytes())
        .collect()
}

#[test]
fn reply_vectors() {
    let accepted = |stat| ReplyHeader::accepted(Xid(9), stat);
    let denied = |stat| ReplyHeader::denied(Xid(9), stat);
    let vectors: [(ReplyHeader, &[u32]); 10] = [
        (accepted(AcceptStat::Success), &[0, 0, 0, 0]),
        (accepted(AcceptStat::ProgUnavail), &[0, 0, 0, 1]),
        (
            accepted(AcceptStat::ProgMismatch { low: 2, high: 4 }),
            &[0, 0, 0, 2, 2, 4],
        ),
        (accepted(AcceptStat::ProcUnavail), &[0, 0, 0, 3]),
        (accepted(AcceptStat::GarbageArgs), &[0, 0, 0, 4]),
        (accepted(AcceptStat::SystemErr), &[0, 0, 0, 5]),
        (
            denied(RejectStat::RpcMismatch { low: 2, high: 2 }),
            &[1, 0, 2, 2],
        ),
        (denied(RejectStat::AuthError(AuthStat::BadCred)), &[1, 1, 1]),
        (denied(RejectStat::AuthError(AuthStat::TooWeak)), &[1, 1, 5]),
        (
            denied(RejectStat::AuthError(AuthStat::Other(99))),
            &[1, 1, 99],
        ),
    ];
    for (header, words) in vectors {
        let wire = reply_bytes(words);
        assert_eq!(encoded(&header), wire);
        let mut decoder = Decoder::from_slice(&wire);
        assert_eq!(decoder.decode(), Ok(header));
        decoder.finish().unwrap();
        for len in 0..wire.len() {
            assert!(ReplyHeader::decode(&mut Decoder::from_slice(&wire[..len])).is_err());
        }
    }
}

#[test]
fn reply_with_a_verifier() {
    let wire = reply_bytes(&[0, 2, 4, 0x6162_6364, 0]);
    let header = ReplyHeader::decode(&mut Decoder::from_slice(&wire)).unwrap();
    let verifier = OpaqueAuth {
        flavor: AuthFlavor::SHORT,
        body: Bytes::from_static(b"abcd"),
    };
    let stat = AcceptStat::Success;
    assert_eq!(header.body, ReplyBody::Accepted { verifier, stat });
}

#[test]
fn reply_with_a_status_that_does_not_exist() {
    for words in [[2, 0, 0, 0], [0, 0, 0, 6], [1, 2, 0, 0]] {
        let wire = reply_bytes(&words);
        let error = ReplyHeader::decode(&mut Decoder::from_slice(&wire)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnknownArm(_)));
    }
}

#[test]
fn success_header_is_what_the_encoder_writes() {
    let header = ReplyHeader::accepted(Xid(0xfedc_ba98), AcceptStat::Success);
    assert_eq!(encoded(&header), ReplyHeader::success(header.xid));
}

#[test]
fn auth_stats_have_the_numbers_of_the_rfc() {
    for number in (0..8).chain([13, 14]) {
        let stat = AuthStat::from_number(number);
        assert!(!matches!(stat, AuthStat::Other(_)));
        assert_eq!(stat.number(), number);
    }
}

#[test]
fn xid_of_a_reply() {
    assert_eq!(Xid::of_reply(&reply_bytes(&[])), Some(Xid(9)));
    assert_eq!(Xid::of_reply(&CALL_BYTES), None, "a call");
    assert_eq!(Xid::of_reply(&[0; 7]), None, "too short");
    assert_eq!(Xid::of(&CALL_BYTES), Some(Xid(0x1234_5678)));
}
