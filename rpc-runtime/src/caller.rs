use std::{fmt, pin::Pin};

use xdr::{Decoder, Encoder};

use crate::{CallResult, Procedure};

/// What a generated client calls through: a `Client`, a blocking client, a stack of layers.
///
/// All of them take the same generated client, `calc::v1::Client<C>`. What a method of it gives
/// depends on the caller: a future, or the result itself.
pub trait Caller {
    /// What the start of a call gives: a future of its result, the result itself, or a handle to
    /// wait on.
    type Call<R: Send + 'static>;

    /// Calls a procedure, whose results are decoded in any way.
    ///
    /// This is what a caller implements. Code that calls has [`call`](Self::call), which does not
    /// allocate for the decoder.
    fn call_with<R: Send + 'static>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: ResultDecoder<R>,
    ) -> Self::Call<R>;

    /// Calls a procedure with the functions that encode its arguments and decode its results.
    ///
    /// The arguments are encoded before this returns. A `maybe` procedure has no reply, and its
    /// result is decoded from nothing, as `void` is.
    fn call<R: Send + 'static>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: fn(&mut Decoder<'_>) -> xdr::Result<R>,
    ) -> Self::Call<R> {
        self.call_with(procedure, encode, ResultDecoder::from(decode))
    }
}

/// A caller whose calls are futures.
///
/// A generated client that calls through one is a `Calls`, the trait that `rpcgen --client-trait` writes.
pub trait AsyncCaller: Caller + Send + Sync {
    /// A call as a future in a box.
    fn boxed<R: Send + 'static>(call: Self::Call<R>) -> BoxedCall<R>;
}

/// A call on its way, whatever it goes through.
///
/// A mock makes one of what it knows already: `Box::pin(std::future::ready(Ok(42)))`.
pub type BoxedCall<R> = Pin<Box<dyn Future<Output = CallResult<R>> + Send>>;

/// How the results of a call are decoded: by a function, or by a closure that knows the arguments.
///
/// A closure is needed where an argument limits a result, as `n` does in
/// `int read([out, size_is(n)] char *data, unsigned int n)`.
pub struct ResultDecoder<R>(Decode<R>);

enum Decode<R> {
    Function(fn(&mut Decoder<'_>) -> xdr::Result<R>),
    Closure(Box<DecodeFn<R>>),
}

type DecodeFn<R> = dyn Fn(&mut Decoder<'_>) -> xdr::Result<R> + Send;

impl<R> ResultDecoder<R> {
    /// Decodes by a closure.
    #[must_use]
    pub fn new(decode: impl Fn(&mut Decoder<'_>) -> xdr::Result<R> + Send + 'static) -> Self {
        Self(Decode::Closure(Box::new(decode)))
    }

    /// Decodes the results of one reply; a broadcast call has several.
    ///
    /// # Errors
    ///
    /// What the input is not, or the types do not allow.
    pub fn decode(&self, decoder: &mut Decoder<'_>) -> xdr::Result<R> {
        match &self.0 {
            Decode::Function(decode) => decode(decoder),
            Decode::Closure(decode) => decode(decoder),
        }
    }
}

impl<R> From<fn(&mut Decoder<'_>) -> xdr::Result<R>> for ResultDecoder<R> {
    fn from(decode: fn(&mut Decoder<'_>) -> xdr::Result<R>) -> Self {
        Self(Decode::Function(decode))
    }
}

impl<R> fmt::Debug for ResultDecoder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultDecoder").finish_non_exhaustive()
    }
}

/// The client of the driver, which this build does not have: the feature `net` is off.
///
/// A generated client names it as its usual caller, so there is a type of this name, without any
/// values. In such a build the caller is another, as in `calc::v1::Client<blocking::Client>`.
#[cfg(not(feature = "net"))]
#[derive(Debug, Clone)]
pub enum Client {}
