//! How a connection turns to TLS: the probe and its answer (RFC 9289 §4.1).
//!
//! A client asks with a call of procedure 0 whose credential is `AUTH_TLS`. A server that speaks TLS
//! answers with the verifier `STARTTLS`, and both begin the handshake on the same connection. What
//! goes over it then are records as before.

use bytes::Bytes;
use xdr::{Decoder, Encoder};

use crate::{
    AcceptStat, AuthFlavor, AuthStat, CallHeader, OpaqueAuth, RejectStat, ReplyBody, ReplyHeader,
    Xid,
};

/// What the verifier of the answer says (RFC 9289 §4.1).
const STARTTLS: &[u8] = b"STARTTLS";

/// The procedure of a probe.
const NULL: u32 = 0;

/// The program and version that a probe names, those of rpcbind. A server answers before it looks
/// for the program, and which one a connection will be used for is not known yet.
const PROBED: (u32, u32) = (100_000, 4);

/// The name of this protocol within the handshake (RFC 9289 §8.2).
pub const ALPN: &[u8] = b"sunrpc";

/// The call that asks whether a server speaks TLS.
#[must_use]
pub fn probe(xid: Xid) -> Bytes {
    let (program, version) = PROBED;
    encoded(&CallHeader {
        xid,
        program,
        version,
        procedure: NULL,
        credential: OpaqueAuth {
            flavor: AuthFlavor::TLS,
            body: Bytes::new(),
        },
        verifier: OpaqueAuth::NONE,
    })
}

/// The xid of a message that is a probe.
///
/// `AUTH_TLS` in any other call is a bad credential, which the dispatcher says to it.
#[must_use]
pub fn probe_xid(message: &Bytes) -> Option<Xid> {
    let mut decoder = Decoder::new(message);
    let header = CallHeader::decode(&mut decoder).ok()?;
    decoder.finish().ok()?;
    let is_probe = header.procedure == NULL
        && header.credential.flavor == AuthFlavor::TLS
        && header.credential.body.is_empty()
        && header.verifier == OpaqueAuth::NONE;
    is_probe.then_some(header.xid)
}

/// The answer of a server that speaks TLS.
#[must_use]
pub fn answer(probe: Xid) -> Bytes {
    let verifier = OpaqueAuth {
        flavor: AuthFlavor::NONE,
        body: Bytes::from_static(STARTTLS),
    };
    let stat = AcceptStat::Success;
    encoded(&ReplyHeader {
        xid: probe,
        body: ReplyBody::Accepted { verifier, stat },
    })
}

/// Whether a message is the answer of a server that speaks TLS. Anything else is not, in any bit:
/// then no handshake may begin.
///
/// What became of the call does not matter: the server may not have the program.
#[must_use]
pub fn is_answer(message: &Bytes, probe: Xid) -> bool {
    let header: Result<ReplyHeader, _> = Decoder::new(message).decode();
    match header {
        Ok(ReplyHeader {
            xid,
            body: ReplyBody::Accepted { verifier, .. },
        }) => xid == probe && verifier.flavor == AuthFlavor::NONE && verifier.body == STARTTLS,
        _ => false,
    }
}

/// The refusal of a call in clear text, by a server that requires TLS: `AUTH_TOOWEAK`.
///
/// There is none where the message is no call, or one that has to be refused anyway.
#[must_use]
pub fn refusal(message: &Bytes) -> Option<Bytes> {
    let header = CallHeader::decode(&mut Decoder::new(message)).ok()?;
    if header.credential.flavor == AuthFlavor::TLS {
        return None;
    }
    let stat = RejectStat::AuthError(AuthStat::TooWeak);
    Some(encoded(&ReplyHeader::denied(header.xid, stat)))
}

fn encoded(header: &impl xdr::Encode) -> Bytes {
    let mut encoder = Encoder::with_capacity(64);
    // What could break a bound are credentials and verifiers, and these are short.
    let _ = encoder.encode(header);
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const XID: Xid = Xid(0x1122_3344);

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn probe_and_answer_on_the_wire() {
        let probe = probe(XID);
        assert_eq!(
            probe,
            words(&[XID.0, 0, 2, 100_000, 4, 0, 7, 0, 0, 0]),
            "RFC 9289 §4.1: procedure 0, flavor 7, nothing else"
        );
        assert_eq!(probe_xid(&probe), Some(XID));
        let mut expected = words(&[XID.0, 1, 0, 0, 8]);
        expected.extend_from_slice(b"STARTTLS\0\0\0\0");
        assert_eq!(answer(XID), expected);
        assert!(is_answer(&answer(XID), XID));
    }

    #[test]
    fn other_calls_are_no_probes() {
        let whole = [XID.0, 0, 2, 100_000, 4, 0, 7, 0, 0, 0];
        // A reply, another version of RPC, another procedure, other flavors.
        for (at, value) in [(1, 1), (2, 3), (5, 1), (6, 0), (6, 1), (8, 1)] {
            let mut other = whole;
            other[at] = value;
            assert_eq!(probe_xid(&words(&other).into()), None, "word {at}");
        }
        let with_arguments = [&whole[..], &[0]].concat();
        assert_eq!(probe_xid(&words(&with_arguments).into()), None);
        let with_body = [XID.0, 0, 2, 100_000, 4, 0, 7, 4, 0, 0, 0];
        assert_eq!(probe_xid(&words(&with_body).into()), None);
        for len in 0..40 {
            assert_eq!(probe_xid(&probe(XID).slice(..len)), None);
        }
    }

    #[test]
    fn answer_may_say_that_the_program_is_not_there() {
        let mut answer = answer(XID).to_vec();
        answer[31] = 1;
        assert!(is_answer(&answer.into(), XID), "PROG_UNAVAIL");
    }

    #[test]
    fn answers_that_were_altered_are_none() {
        let whole = answer(XID);
        // But the last word, which says what became of the call.
        for bit in 0..(whole.len() - 4) * 8 {
            let mut altered = whole.to_vec();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_answer(&altered.into(), XID), "bit {bit}");
        }
        for len in 0..whole.len() {
            assert!(!is_answer(&whole.slice(..len), XID));
        }
        let denied = ReplyHeader::denied(XID, RejectStat::AuthError(AuthStat::BadCred));
        assert!(!is_answer(&encoded(&denied), XID));
        assert!(!is_answer(
            &encoded(&ReplyHeader::accepted(XID, AcceptStat::Success)),
            XID
        ));
    }

    #[test]
    fn calls_in_clear_text_are_too_weak() {
        let call = [XID.0, 0, 2, 7, 1, 5, 1, 0, 0, 0];
        let refused = refusal(&words(&call).into()).unwrap();
        assert_eq!(refused, words(&[XID.0, 1, 1, 1, 5]));
        // The dispatcher has better answers to these: another version of RPC, a bad credential, a reply.
        for (at, value) in [(2, 3), (6, 7), (1, 1)] {
            let mut other = call;
            other[at] = value;
            assert_eq!(refusal(&words(&other).into()), None, "word {at}");
        }
    }
}
