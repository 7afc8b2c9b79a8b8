//! Clients and services in stacks of tower layers: limits, timeouts, retries, load shedding.
//!
//! # Around a client
//!
//! A [`Client`](crate::Client) is a `Service` of [`Request`]s, and a [`Caller`] makes generated
//! clients of any such service:
//!
//! ```text
//! let client = Client::connect("tcp://server:4000").await?;
//! let stack = ServiceBuilder::new()
//!     .load_shed()
//!     .concurrency_limit(64)
//!     .timeout(Duration::from_secs(1))
//!     .service(client);
//! let calc = calc::v1::Client::new(tower::Caller::new(stack));
//! let result = calc.func1(21).await;
//! ```
//!
//! A call is encoded by the stub, and begins when its future is polled: then it waits until the stack
//! is ready. The service has to be `Clone`, as those are that share what they limit; another goes
//! behind a `Buffer`.
//!
//! Where a layer ends a call, its error is a [`CallErrorKind::Layer`], and the outcome is true
//! whatever layers there are: a call that no client has seen was not executed
//! (load that is shed), one that a client has begun may have been (a timeout), and where several
//! attempts were made the outcome is that of all together. An error of the client itself stays
//! what it is.
//!
//! # Around a service
//!
//! [`VersionServer::layer`](crate::VersionServer::layer) puts a layer around all procedures of a version;
//! its requests are [`Call`](crate::Call)s, and its responses [`Reply`](crate::Reply)s:
//!
//! ```text
//! let calc = VersionServer::from(calc::v1::Server::new(Calc))
//!     .layer(&ServiceBuilder::new().load_shed().concurrency_limit(64).into_inner());
//! Server::builder().service(calc).tcp("0.0.0.0:4000").start().await?;
//! ```
//!
//! An error that is a [`Refusal`](crate::Refusal) or a [`ServiceError`](crate::ServiceError) is the
//! reply that it stands for. For all others, also those of layers that shed load or have waited too
//! long, RFC 5531 has one status: `SYSTEM_ERR`, after which a caller has to assume that the procedure
//! was executed in part.

#[cfg(feature = "net")]
mod client;
#[cfg(feature = "net")]
mod server;

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tower_service::Service;
use xdr::{Decoder, Encoder, Limits};

#[cfg(feature = "net")]
pub use self::{client::ResponseFuture, server::VersionService};
use crate::{
    CallError, CallErrorKind, CallResult, Credential, OpaqueAuth, Outcome, Procedure,
    ResultDecoder, decoding::Decoding,
};

/// Any error, as tower's layers have it.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A call that goes through layers to a client.
#[derive(Debug, Clone)]
pub struct Request {
    procedure: Procedure,
    arguments: Bytes,
    credential: Option<OpaqueAuth>,
    deadline: Option<Duration>,
    attempts: Attempts,
}

/// The attempts to make a call that may have executed it; the copies of a request share them.
#[derive(Debug, Clone, Default)]
struct Attempts(Arc<AtomicUsize>);

/// What brings a result to a [`Caller`].
#[derive(Debug, Clone)]
pub struct Response {
    result: Bytes,
}

impl Request {
    /// A call of a procedure with these encoded arguments.
    #[must_use]
    pub fn new(procedure: Procedure, arguments: Bytes) -> Self {
        Self {
            procedure,
            arguments,
            credential: None,
            deadline: None,
            attempts: Attempts::default(),
        }
    }

    /// The procedure that is called.
    #[must_use]
    pub fn procedure(&self) -> &Procedure {
        &self.procedure
    }

    /// The arguments, encoded.
    #[must_use]
    pub fn arguments(&self) -> &Bytes {
        &self.arguments
    }

    /// How long the call may take, where that is not left to the client.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Sets how long the call may take from the time at which the client gets it.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets who calls; otherwise the client says it.
    ///
    /// # Errors
    ///
    /// An `AUTH_SYS` credential with a machine name above 255 bytes or more than 16 groups.
    pub fn with_credential(mut self, credential: &Credential) -> xdr::Result<Self> {
        self.credential = Some(credential.to_opaque()?);
        Ok(self)
    }
}

impl Response {
    /// A response with this encoded result.
    #[must_use]
    pub fn new(result: Bytes) -> Self {
        Self { result }
    }

    /// The result, encoded.
    #[must_use]
    pub fn result(&self) -> &Bytes {
        &self.result
    }
}

impl Attempts {
    /// A client begins with the call.
    #[cfg(feature = "net")]
    fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt has ended, and has executed nothing.
    #[cfg(feature = "net")]
    fn not_executed(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether one of them may have executed the call.
    fn may_be_executed(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// What generated clients call through, on top of a service: a stack of layers around a client.
#[derive(Debug, Clone)]
pub struct Caller<S> {
    service: S,
    credential: Option<OpaqueAuth>,
    deadline: Option<Duration>,
    decoding: Decoding,
}

impl<S> Caller<S> {
    /// A caller whose calls go through this service.
    pub fn new(service: S) -> Self {
        Self {
            service,
            credential: None,
            deadline: None,
            decoding: Decoding::default(),
        }
    }

    /// Sets how long each call may take, from the time at which the client gets it. What it waits in
    /// layers is theirs to limit.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets who calls; otherwise the client says it.
    ///
    /// # Errors
    ///
    /// An `AUTH_SYS` credential with a machine name above 255 bytes or more than 16 groups.
    pub fn with_credential(mut self, credential: &Credential) -> xdr::Result<Self> {
        self.credential = Some(credential.to_opaque()?);
        Ok(self)
    }

    /// Sets what the decoded result of a call may take at the most, as that of a client.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.decoding.limits = limits;
        self
    }

    fn request(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
    ) -> CallResult<Request> {
        let mut encoder = Encoder::new().with_limits(self.decoding.limits);
        encode(&mut encoder)
            .map_err(|error| CallError::new(CallErrorKind::Encode(error), *procedure, 0))?;
        Ok(Request {
            credential: self.credential.clone(),
            deadline: self.deadline,
            ..Request::new(*procedure, encoder.finish())
        })
    }
}

/// A call through layers: a future of its result, which begins when it is polled.
#[must_use = "futures do nothing unless they are polled"]
pub struct Calling<R>(Pin<Box<dyn Future<Output = CallResult<R>> + Send>>);

impl<S> crate::Caller for Caller<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Call<R: Send + 'static> = Calling<R>;

    /// The call is encoded when this returns, and begins when the future is polled.
    fn call_with<R: Send + 'static>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: ResultDecoder<R>,
    ) -> Calling<R> {
        let request = self.request(procedure, encode);
        let (mut service, decoding, procedure) = (self.service.clone(), self.decoding, *procedure);
        Calling(Box::pin(async move {
            let request = request?;
            let attempts = request.attempts.clone();
            let response = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            };
            let response = response.await;
            let response = response.map_err(|error| failed(error.into(), procedure, &attempts))?;
            let lost = |error| CallError::new(CallErrorKind::Decode(error), procedure, 1);
            let mut decoder = decoding.applied(Decoder::new(&response.result));
            let result = decode.decode(&mut decoder).map_err(lost)?;
            decoder.finish().map_err(lost)?;
            Ok(result)
        }))
    }
}

/// What a caller is told of an error that comes out of layers.
fn failed(error: BoxError, procedure: Procedure, attempts: &Attempts) -> CallError {
    let may_be_executed = attempts.may_be_executed();
    match error.downcast::<CallError>() {
        Ok(error) if may_be_executed && error.outcome() == Outcome::NotExecuted => {
            error.perhaps_executed()
        }
        Ok(error) => *error,
        Err(error) => {
            let kind = CallErrorKind::Layer(error.into());
            CallError::new(kind, procedure, may_be_executed.into())
        }
    }
}

impl<R> Future for Calling<R> {
    type Output = CallResult<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CallResult<R>> {
        self.0.as_mut().poll(cx)
    }
}

impl<R> fmt::Debug for Calling<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling").finish_non_exhaustive()
    }
}
