use std::time::Duration;

use bytes::Bytes;
use xdr::{Decoder, Encoder};

use crate::{
    AcceptStat, CallErrorKind, CallHeader, Message, OpaqueAuth, Peer, Procedure, ReplyBody,
    ReplyHeader, ResultDecoder, Xid, decoding::Decoding,
};

/// The deadline of a call unless the client is told another: time for about ten retransmissions
/// over UDP, and short enough that a caller notices a dead server.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// A deadline so far away that it is none; the clock could not tell a later one.
const DEADLINE_MAX: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// Bytes that the buffer of a call begins with: most fit, and a larger one makes it grow. Large
/// opaque arguments are not in it: they are sent from where they lie.
const CALL_CAPACITY: usize = 128;

/// What holds for all calls of a client, whatever carries them.
#[derive(Debug, Clone)]
pub(crate) struct CallSettings {
    /// Of each call, whatever its procedure says.
    pub(crate) deadline: Option<Duration>,
    pub(crate) credential: OpaqueAuth,
    pub(crate) decoding: Decoding,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            deadline: None,
            credential: OpaqueAuth::NONE,
            decoding: Decoding::default(),
        }
    }
}

impl CallSettings {
    /// How long a call of this procedure may take.
    pub(crate) fn deadline(&self, procedure: &Procedure) -> Duration {
        let deadline = self.deadline.or(procedure.deadline());
        deadline.unwrap_or(DEFAULT_DEADLINE).min(DEADLINE_MAX)
    }

    /// A whole call to this peer, which may have so many bytes.
    pub(crate) fn message(
        &self,
        xid: Xid,
        procedure: &Procedure,
        (peer, max): (Peer, usize),
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
    ) -> Result<Message, CallErrorKind> {
        let header = CallHeader::new(xid, procedure, self.credential.clone());
        let mut encoder = Encoder::with_capacity(CALL_CAPACITY)
            .with_limits(self.decoding.limits)
            .with_chunks();
        encoder
            .encode(&header)
            .and_then(|()| encode(&mut encoder))
            .map_err(CallErrorKind::Encode)?;
        let len = encoder.len();
        if len > max {
            return Err(CallErrorKind::TooLarge { len, max });
        }
        Ok(Message::from_chunks(peer, encoder.finish_chunks()))
    }
}

/// The result in a reply, or the refusal.
pub(crate) fn result<R>(
    reply: &Bytes,
    decoding: Decoding,
    decode: &ResultDecoder<R>,
) -> Result<R, CallErrorKind> {
    let mut decoder = Decoder::new(reply);
    let header: ReplyHeader = decoder.decode().map_err(CallErrorKind::MalformedReply)?;
    match header.body {
        ReplyBody::Denied(stat) => Err(CallErrorKind::Denied(stat)),
        ReplyBody::Accepted {
            stat: AcceptStat::Success,
            ..
        } => {
            let mut decoder = decoding.applied(decoder);
            let result = decode.decode(&mut decoder);
            let result = result.map_err(CallErrorKind::Decode)?;
            decoder.finish().map_err(CallErrorKind::Decode)?;
            Ok(result)
        }
        ReplyBody::Accepted { stat, .. } => Err(CallErrorKind::Accepted(stat)),
    }
}

/// The result of a call that has no reply.
pub(crate) fn result_of_nothing<R>(decode: &ResultDecoder<R>) -> Result<R, CallErrorKind> {
    let mut nothing = Decoder::from_slice(&[]);
    decode.decode(&mut nothing).map_err(CallErrorKind::Decode)
}
