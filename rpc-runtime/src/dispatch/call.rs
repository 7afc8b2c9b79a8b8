use bytes::Bytes;
use xdr::{Decoder, Encoder};

use super::{Context, Refusal};
use crate::{Message, ReplyHeader, decoding::Decoding, message::SUCCESS_HEADER_LEN};

/// Bytes that a reply buffer begins with: most results fit, and a larger one makes it grow. Large
/// opaque results are not in it: they are sent from where they lie.
const REPLY_CAPACITY: usize = 128;

/// A call that a version of a program was found for: its header, its arguments, its context.
#[derive(Debug)]
pub struct Call {
    context: Context,
    arguments: Bytes,
    decoding: Decoding,
}

impl Call {
    pub(super) fn new(context: Context, arguments: Bytes, decoding: Decoding) -> Self {
        Self {
            context,
            arguments,
            decoding,
        }
    }

    /// The number of the procedure.
    #[must_use]
    pub fn procedure(&self) -> u32 {
        self.context.procedure()
    }

    /// Who called what.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Decodes the arguments; opaque data and strings share the memory of the message.
    ///
    /// # Errors
    ///
    /// [`Refusal::GarbageArgs`] where they are short or bad, or bytes are left behind them.
    pub fn arguments<T>(
        &self,
        decode: impl FnOnce(&mut Decoder<'_>) -> Result<T, xdr::Error>,
    ) -> Result<T, Refusal> {
        let mut decoder = self.decoding.applied(Decoder::new(&self.arguments));
        let arguments = decode(&mut decoder).map_err(|_| Refusal::GarbageArgs)?;
        decoder.finish().map_err(|_| Refusal::GarbageArgs)?;
        Ok(arguments)
    }

    pub(super) fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }

    /// The arguments as they came.
    pub(super) fn encoded_arguments(&self) -> &[u8] {
        &self.arguments
    }

    /// Checks that there are no arguments, as for `procedure(void)`.
    ///
    /// # Errors
    ///
    /// [`Refusal::GarbageArgs`] where there are.
    pub fn no_arguments(&self) -> Result<(), Refusal> {
        self.arguments(xdr::Decode::decode)
    }

    /// Encodes the reply that carries a result.
    ///
    /// # Errors
    ///
    /// [`Refusal::SystemErr`] where the result breaks a rule of its type.
    pub fn reply(
        &self,
        encode: impl FnOnce(&mut Encoder) -> Result<(), xdr::Error>,
    ) -> Result<Reply, Refusal> {
        let mut encoder = Encoder::with_capacity(REPLY_CAPACITY)
            .with_limits(self.decoding.limits)
            .with_chunks();
        encoder
            .encode(&ReplyHeader::success(self.context.xid()))
            .and_then(|()| encode(&mut encoder))
            .map_err(|_| Refusal::SystemErr)?;
        let chunks = encoder.finish_chunks();
        Ok(Reply {
            message: Message::from_chunks(self.context.peer(), chunks),
        })
    }

    /// Encodes the reply of a procedure that raises exceptions: a union on an `int`, in which 0 is
    /// the result.
    ///
    /// # Errors
    ///
    /// [`Refusal::SystemErr`] where the result or the exception breaks a rule of its type.
    pub fn reply_or_raise<T, E: Exception>(
        &self,
        result: &Result<T, E>,
        encode: impl FnOnce(&mut Encoder, &T) -> Result<(), xdr::Error>,
    ) -> Result<Reply, Refusal> {
        self.reply(|encoder| match result {
            Ok(result) => {
                encoder.encode(&NOT_RAISED)?;
                encode(encoder, result)
            }
            Err(exception) => exception.encode(encoder),
        })
    }
}

/// The discriminant of a reply that carries a result, in a procedure that raises exceptions.
const NOT_RAISED: i32 = 0;

/// What a procedure raises instead of a result: the other arms of the union that its reply is.
///
/// `rpcgen` writes an enum for each procedure with `raises (…)`, and implements this.
pub trait Exception: Sized {
    /// Writes the number of the exception, which is not 0, and what it carries.
    ///
    /// # Errors
    ///
    /// A value breaks a rule of its type.
    fn encode(&self, encoder: &mut Encoder) -> Result<(), xdr::Error>;

    /// Reads what the exception with this number carries.
    ///
    /// # Errors
    ///
    /// No exception has the number, or the input is not what it should be.
    fn decode(number: i32, decoder: &mut Decoder<'_>) -> Result<Self, xdr::Error>;
}

/// Decodes the reply of a procedure that raises exceptions, with the function that decodes its
/// result.
///
/// # Errors
///
/// No exception has the number, or the input is not what it should be.
pub fn raised<T, E: Exception>(
    decoder: &mut Decoder<'_>,
    decode: impl FnOnce(&mut Decoder<'_>) -> xdr::Result<T>,
) -> xdr::Result<Result<T, E>> {
    match decoder.decode()? {
        NOT_RAISED => decode(decoder).map(Ok),
        number => E::decode(number, decoder).map(Err),
    }
}

/// A whole successful reply: header and result, with large opaque data as the service gave it.
#[derive(Debug, Clone)]
pub struct Reply {
    message: Message,
}

impl Reply {
    /// The message, as it is sent.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The encoded result without the header; a copy where it is in several parts.
    #[must_use]
    pub fn result(&self) -> Bytes {
        let message = self.message.to_bytes();
        message.slice(SUCCESS_HEADER_LEN.min(message.len())..)
    }

    pub(super) fn into_message(self) -> Message {
        self.message
    }
}
