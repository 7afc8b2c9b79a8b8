//! The headers of calls and replies, with every status: RFC 5531 §9.

use std::fmt;

use xdr::{Decode, Decoder, Encode, Encoder, Error, ErrorKind};

use crate::{AuthFlavor, OpaqueAuth, Procedure};

/// The version of the RPC protocol that this crate speaks (RFC 5531 §9).
pub const RPC_VERSION: u32 = 2;

/// Bytes of the header of a successful reply with the verifier `AUTH_NONE`: the result follows.
pub const SUCCESS_HEADER_LEN: usize = 24;

// The discriminants of RFC 5531 §9, by their names there.
const CALL: u32 = 0;
const REPLY: u32 = 1;
const MSG_ACCEPTED: u32 = 0;
const MSG_DENIED: u32 = 1;
const SUCCESS: u32 = 0;
const PROG_UNAVAIL: u32 = 1;
const PROG_MISMATCH: u32 = 2;
const PROC_UNAVAIL: u32 = 3;
const GARBAGE_ARGS: u32 = 4;
const SYSTEM_ERR: u32 = 5;
const RPC_MISMATCH: u32 = 0;
const AUTH_ERROR: u32 = 1;

/// The transaction identifier: the first word of a call and of its reply (RFC 5531 §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Xid(pub u32);

impl Xid {
    /// The xid of a message, where it has one.
    #[must_use]
    pub fn of(message: &[u8]) -> Option<Self> {
        word(message, 0).map(Self)
    }

    /// The xid of a message that is a reply.
    #[must_use]
    pub fn of_reply(message: &[u8]) -> Option<Self> {
        (word(message, 4) == Some(REPLY)).then(|| Self::of(message))?
    }
}

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

/// The big-endian word at a byte offset.
fn word(message: &[u8], offset: usize) -> Option<u32> {
    let bytes = message.get(offset..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// The header of a call; the arguments follow it (RFC 5531 §9, `call_body`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallHeader {
    /// The transaction.
    pub xid: Xid,
    /// The number of the program.
    pub program: u32,
    /// The version of the program.
    pub version: u32,
    /// The number of the procedure.
    pub procedure: u32,
    /// Who calls.
    pub credential: OpaqueAuth,
    /// What proves it.
    pub verifier: OpaqueAuth,
}

impl CallHeader {
    /// The header of a call of this procedure, with a credential that needs no verifier.
    #[must_use]
    pub fn new(xid: Xid, procedure: &Procedure, credential: OpaqueAuth) -> Self {
        Self {
            xid,
            program: procedure.program().number(),
            version: procedure.version(),
            procedure: procedure.number(),
            credential,
            verifier: OpaqueAuth::NONE,
        }
    }

    /// Reads the header of a call and leaves the decoder at its arguments.
    ///
    /// # Errors
    ///
    /// The message is no call, or is one that has to be denied without a look at the program.
    pub fn decode(decoder: &mut Decoder<'_>) -> Result<Self, CallHeaderError> {
        let mut run = decoder.run::<12>()?;
        let xid = Xid(run.get()?);
        let message_type = run.get()?;
        if message_type != CALL {
            return Err(CallHeaderError::NotACall(message_type));
        }
        // What follows, another version of the protocol may have in another form.
        if run.get::<u32>()? != RPC_VERSION {
            return Err(CallHeaderError::RpcMismatch(xid));
        }
        let mut run = decoder.run::<12>()?;
        Ok(Self {
            xid,
            program: run.get()?,
            version: run.get()?,
            procedure: run.get()?,
            credential: decode_auth(decoder, "cred", xid, AuthStat::BadCred)?,
            verifier: decode_auth(decoder, "verf", xid, AuthStat::BadVerf)?,
        })
    }
}

/// Reads a credential or verifier; one above 400 bytes is refused with this status.
#[inline]
fn decode_auth(
    decoder: &mut Decoder<'_>,
    field: &'static str,
    xid: Xid,
    too_long: AuthStat,
) -> Result<OpaqueAuth, CallHeaderError> {
    decoder
        .field("call_body", field)
        .map_err(|error| match error.kind() {
            ErrorKind::TooLong { .. } => CallHeaderError::Auth(xid, too_long),
            _ => CallHeaderError::Malformed(error),
        })
}

impl Encode for CallHeader {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.run::<24>(|run| {
            run.put(&self.xid.0);
            run.put(&CALL);
            run.put(&RPC_VERSION);
            run.put(&self.program);
            run.put(&self.version);
            run.put(&self.procedure);
        });
        encoder.field("call_body", "cred", &self.credential)?;
        encoder.field("call_body", "verf", &self.verifier)
    }
}

/// Six words as they stand on the wire; one write instead of six.
fn words(values: [u32; 6]) -> [u8; 24] {
    let mut bytes = [0; 24];
    let (chunks, _) = bytes.as_chunks_mut::<4>();
    for (chunk, value) in chunks.iter_mut().zip(values) {
        *chunk = value.to_be_bytes();
    }
    bytes
}

/// A message that is not the call it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallHeaderError {
    /// The header is cut short or breaks a rule of XDR: nobody can be answered.
    #[error("the header of the call is malformed: {0}")]
    Malformed(#[from] Error),
    /// The message is of another type than `CALL`: answering it could go on for ever.
    #[error("the message is no call: its type is {0}")]
    NotACall(u32),
    /// The call speaks another version of the RPC protocol: answered by `RPC_MISMATCH`.
    #[error("call {0} speaks another version of the RPC protocol")]
    RpcMismatch(Xid),
    /// The credential or verifier is above 400 bytes: answered by `AUTH_ERROR`.
    #[error("call {0} cannot be authenticated: {1}")]
    Auth(Xid, AuthStat),
}

/// The header of a reply; the result follows it where the call succeeded (RFC 5531 §9,
/// `reply_body`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyHeader {
    /// The transaction, as the call named it.
    pub xid: Xid,
    /// What became of the call.
    pub body: ReplyBody,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyBody {
    /// The server accepted the call, which does not say that it executed it.
    Accepted {
        /// What proves that the server is the server.
        verifier: OpaqueAuth,
        /// What became of the call.
        stat: AcceptStat,
    },
    /// The server did not accept the call.
    Denied(RejectStat),
}

/// The status of an accepted call (RFC 5531 §9, `accept_stat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AcceptStat {
    /// SUCCESS: the procedure was executed, the result follows.
    #[error("success")]
    Success,
    /// `PROG_UNAVAIL`: the server does not have the program.
    #[error("the server does not have the program")]
    ProgUnavail,
    /// `PROG_MISMATCH`: the server has other versions of the program.
    #[error("the server has other versions of the program, from {low} to {high}")]
    ProgMismatch {
        /// The lowest version that it has.
        low: u32,
        /// The highest version that it has.
        high: u32,
    },
    /// `PROC_UNAVAIL`: the version does not have the procedure.
    #[error("the version of the program does not have the procedure")]
    ProcUnavail,
    /// `GARBAGE_ARGS`: the server could not decode the arguments.
    #[error("the server could not decode the arguments")]
    GarbageArgs,
    /// `SYSTEM_ERR`: the server failed, perhaps after it had begun.
    #[error("the server failed")]
    SystemErr,
}

/// The status of a denied call (RFC 5531 §9, `reject_stat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RejectStat {
    /// `RPC_MISMATCH`: the server speaks other versions of the RPC protocol.
    #[error("the server speaks other versions of the RPC protocol, from {low} to {high}")]
    RpcMismatch {
        /// The lowest version that it speaks.
        low: u32,
        /// The highest version that it speaks.
        high: u32,
    },
    /// `AUTH_ERROR`: the server does not accept who the caller says it is.
    #[error("the server does not accept the caller: {0}")]
    AuthError(AuthStat),
}

macro_rules! auth_stats {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why a caller or a server could not be authenticated (RFC 5531 §9, `auth_stat`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuthStat {
            $($(#[doc = $doc])* $name,)*
            /// A number that this crate has no name for.
            Other(u32),
        }

        impl AuthStat {
            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// The status with this number.
            #[must_use]
            pub const fn from_number(number: u32) -> Self {
                match number {
                    $($number => Self::$name,)*
                    _ => Self::Other(number),
                }
            }
        }

        impl fmt::Display for AuthStat {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($text),)*
                    Self::Other(number) => write!(f, "auth_stat {number}"),
                }
            }
        }
    };
}

auth_stats! {
    /// `AUTH_OK`: nothing is wrong.
    Ok = 0, "nothing is wrong";
    /// `AUTH_BADCRED`: the credential is malformed.
    BadCred = 1, "the credential is malformed";
    /// `AUTH_REJECTEDCRED`: the caller must begin anew with another credential.
    RejectedCred = 2, "the credential is not accepted";
    /// `AUTH_BADVERF`: the verifier is malformed.
    BadVerf = 3, "the verifier is malformed";
    /// `AUTH_REJECTEDVERF`: the verifier has expired or was replayed.
    RejectedVerf = 4, "the verifier has expired or was replayed";
    /// `AUTH_TOOWEAK`: the flavor is not secure enough.
    TooWeak = 5, "the flavor is not secure enough";
    /// `AUTH_INVALIDRESP`: the server's verifier is wrong (found by the client).
    InvalidResp = 6, "the verifier of the reply is wrong";
    /// `AUTH_FAILED`: an unknown reason (found by the client).
    Failed = 7, "for an unknown reason";
    /// `RPCSEC_GSS_CREDPROBLEM`: the context of `RPCSEC_GSS` has no credentials.
    GssCredProblem = 13, "the GSS context has no credentials";
    /// `RPCSEC_GSS_CTXPROBLEM`: the context of `RPCSEC_GSS` cannot be used.
    GssCtxProblem = 14, "the GSS context cannot be used";
}

impl ReplyHeader {
    /// The header of a successful reply with the verifier `AUTH_NONE`, as it stands on the wire.
    pub(crate) fn success(xid: Xid) -> [u8; SUCCESS_HEADER_LEN] {
        let (flavor, body_len) = (AuthFlavor::NONE.0, 0);
        words([xid.0, REPLY, MSG_ACCEPTED, flavor, body_len, SUCCESS])
    }

    /// The header of an accepted call with the verifier `AUTH_NONE`.
    #[must_use]
    pub fn accepted(xid: Xid, stat: AcceptStat) -> Self {
        let verifier = OpaqueAuth::NONE;
        Self {
            xid,
            body: ReplyBody::Accepted { verifier, stat },
        }
    }

    /// The header of a denied call.
    #[must_use]
    pub fn denied(xid: Xid, stat: RejectStat) -> Self {
        Self {
            xid,
            body: ReplyBody::Denied(stat),
        }
    }
}

impl Encode for ReplyHeader {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.encode(&self.xid.0)?;
        encoder.encode(&REPLY)?;
        match &self.body {
            ReplyBody::Accepted { verifier, stat } => {
                encoder.encode(&MSG_ACCEPTED)?;
                encoder.field("accepted_reply", "verf", verifier)?;
                encoder.encode(stat)
            }
            ReplyBody::Denied(stat) => {
                encoder.encode(&MSG_DENIED)?;
                encoder.encode(stat)
            }
        }
    }
}

impl Decode for ReplyHeader {
    const MIN_SIZE: usize = 20;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        let xid = Xid(decoder.field("rpc_msg", "xid")?);
        match decoder.field("rpc_msg", "mtype")? {
            REPLY => {}
            other => return Err(unknown_arm(decoder, other)),
        }
        let body = match decoder.field("reply_body", "stat")? {
            MSG_ACCEPTED => ReplyBody::Accepted {
                verifier: decoder.field("accepted_reply", "verf")?,
                stat: decoder.decode()?,
            },
            MSG_DENIED => ReplyBody::Denied(decoder.decode()?),
            other => return Err(unknown_arm(decoder, other)),
        };
        Ok(Self { xid, body })
    }
}

impl Encode for AcceptStat {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.encode(&match self {
            Self::Success => SUCCESS,
            Self::ProgUnavail => PROG_UNAVAIL,
            Self::ProgMismatch { low, high } => {
                return encode_range(encoder, PROG_MISMATCH, *low, *high);
            }
            Self::ProcUnavail => PROC_UNAVAIL,
            Self::GarbageArgs => GARBAGE_ARGS,
            Self::SystemErr => SYSTEM_ERR,
        })
    }
}

impl Decode for AcceptStat {
    const MIN_SIZE: usize = 4;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        Ok(match decoder.field("accepted_reply", "stat")? {
            SUCCESS => Self::Success,
            PROG_UNAVAIL => Self::ProgUnavail,
            PROG_MISMATCH => Self::ProgMismatch {
                low: decoder.field("mismatch_info", "low")?,
                high: decoder.field("mismatch_info", "high")?,
            },
            PROC_UNAVAIL => Self::ProcUnavail,
            GARBAGE_ARGS => Self::GarbageArgs,
            SYSTEM_ERR => Self::SystemErr,
            other => return Err(unknown_arm(decoder, other)),
        })
    }
}

impl Encode for RejectStat {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        match self {
            Self::RpcMismatch { low, high } => encode_range(encoder, RPC_MISMATCH, *low, *high),
            Self::AuthError(stat) => {
                encoder.encode(&AUTH_ERROR)?;
                encoder.encode(&stat.number())
            }
        }
    }
}

impl Decode for RejectStat {
    const MIN_SIZE: usize = 8;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        Ok(match decoder.field("rejected_reply", "stat")? {
            RPC_MISMATCH => Self::RpcMismatch {
                low: decoder.field("mismatch_info", "low")?,
                high: decoder.field("mismatch_info", "high")?,
            },
            AUTH_ERROR => {
                let number = decoder.field("rejected_reply", "stat")?;
                Self::AuthError(AuthStat::from_number(number))
            }
            other => return Err(unknown_arm(decoder, other)),
        })
    }
}

/// Writes a status with the versions between which the caller may choose.
fn encode_range(encoder: &mut Encoder, stat: u32, low: u32, high: u32) -> Result<(), Error> {
    encoder.encode(&stat)?;
    encoder.encode(&low)?;
    encoder.encode(&high)
}

/// The error for a discriminant, just read, that RFC 5531 does not have.
fn unknown_arm(decoder: &Decoder<'_>, discriminant: u32) -> Error {
    decoder.unknown_arm(discriminant)
}

#[cfg(test)]
#[path = "message/tests.rs"]
mod tests;
