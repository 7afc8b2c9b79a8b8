//! From a message to the service that answers it, with every refusal of RFC 5531 §9.

mod answer;
mod call;
mod cancellation;
mod context;
mod refusal;

#[cfg(feature = "net")]
use crate::duplicate_request_cache::Admission;
use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use xdr::{Decoder, Limits, Tolerance};

pub use answer::{Answer, BlockingExecution, Execution};
#[cfg(all(feature = "net", feature = "tower"))]
pub(crate) use answer::{ReplyFunction, ReplyFuture};
pub use call::{Call, Exception, Reply, raised};
pub use cancellation::{Cancellation, Cancelled};
pub use context::Context;
pub(crate) use refusal::encoded;
pub use refusal::{Refusal, ServiceError};

use self::answer::{AnswerKind, ReplyTo, contained};
use crate::{
    AcceptStat, AuthStat, CallHeader, CallHeaderError, Credential, Message, Peer, Procedure,
    Program, RejectStat, ReplyHeader, TlsPeer, Xid,
    decoding::Decoding,
    message::RPC_VERSION,
    observe::{self, ServerCall},
};

/// The procedure that every program has, by convention, to see whether it is there
/// (RFC 5531 §12.1).
const NULL: u32 = 0;

/// One version of one program, with the service behind it.
#[derive(Clone)]
pub struct VersionServer {
    program: Program,
    version: u32,
    serves_null: bool,
    /// Procedures, in the order of their numbers.
    described: Arc<[Procedure]>,
    dispatch: Arc<dyn Fn(Call) -> Answer + Send + Sync>,
}

impl VersionServer {
    /// A version whose calls this function hands to this service.
    #[must_use]
    pub fn new<S: Send + Sync + 'static>(
        program: Program,
        version: u32,
        service: S,
        dispatch: fn(Arc<S>, Call) -> Answer,
    ) -> Self {
        let service = Arc::new(service);
        Self {
            program,
            version,
            serves_null: false,
            described: Arc::default(),
            dispatch: Arc::new(move |call| dispatch(Arc::clone(&service), call)),
        }
    }

    /// Sets that procedure 0 is dispatched like any other, for an interface that declares it.
    ///
    /// Otherwise the runtime answers it, whatever its arguments are.
    #[must_use]
    pub fn serves_null(mut self) -> Self {
        self.serves_null = true;
        self
    }

    /// Adds what the interface says of procedures beside their numbers: their names, to which of
    /// them there is no reply, and which may be executed more than once.
    #[must_use]
    pub fn describes(mut self, procedures: &[Procedure]) -> Self {
        let mut described = procedures.to_vec();
        described.sort_unstable_by_key(Procedure::number);
        self.described = described.into();
        self
    }

    /// The same version, whose calls this function answers.
    #[cfg(all(feature = "net", feature = "tower"))]
    pub(crate) fn answered_by(
        self,
        answer: impl Fn(Call) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self {
            dispatch: Arc::new(answer),
            ..self
        }
    }

    /// How a call is answered.
    #[cfg(all(feature = "net", feature = "tower"))]
    pub(crate) fn answer(&self, call: Call) -> Answer {
        (self.dispatch)(call)
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> Program {
        self.program
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What the interface says of a procedure beside its number, where it does.
    fn described(&self, procedure: u32) -> Option<&Procedure> {
        let described = &self.described;
        let place = described.binary_search_by_key(&procedure, Procedure::number);
        described.get(place.ok()?)
    }

    /// Whether there is a reply to calls of this procedure from this peer. Over reliable datagrams
    /// there always is: it is what acknowledges the call.
    fn replies(&self, procedure: u32, peer: Peer) -> bool {
        let is_maybe = self.described(procedure).is_some_and(Procedure::is_maybe);
        !is_maybe || peer.call_token().is_some()
    }

    /// Until when the caller of a procedure waits whose call came at this time.
    fn deadline(&self, procedure: u32, arrived: Instant) -> Option<Instant> {
        arrived.checked_add(self.described(procedure)?.deadline()?)
    }

    fn key(&self) -> (u32, u32) {
        (self.program.number(), self.version)
    }
}

impl fmt::Debug for VersionServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VersionServer")
            .field("program", &self.program)
            .field("version", &self.version)
            .field("serves_null", &self.serves_null)
            .finish_non_exhaustive()
    }
}

/// All versions of all programs of a server.
#[derive(Debug, Clone, Default)]
pub struct Dispatcher {
    /// In the order of program and version numbers.
    servers: Vec<VersionServer>,
    decoding: Decoding,
    observed: observe::Server,
}

/// A version of a program that has a server already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("version {version} of program {program} ({number}) has a server already", number = program.number())]
pub struct AlreadyServed {
    /// The program.
    pub program: Program,
    /// The version.
    pub version: u32,
}

/// What a message that was received turned out to be.
#[derive(Debug)]
pub enum Arrival<'a> {
    /// A call that a service has to answer.
    Call(AcceptedCall<'a>),
    /// Anything else, which no service needs to see.
    Other(Dispatched),
}

/// A call that was accepted, and the version of a program that executes it.
#[derive(Debug)]
#[must_use = "a call is there to be executed"]
pub struct AcceptedCall<'a> {
    server: &'a VersionServer,
    call: Call,
    observed: &'a observe::Server,
}

/// What becomes of a message that was received.
#[derive(Debug)]
#[non_exhaustive]
pub enum Dispatched {
    /// It is not a call that can be answered: a datagram is dropped, a connection closed.
    Undecodable(CallHeaderError),
    /// It is answered by this message: a refusal, or the reply of procedure 0.
    Reply(Message),
    /// A service works on it.
    Execution(Execution),
    /// A service has to work on it, on a thread of its own.
    Blocking(BlockingExecution),
    /// It is a call to which there is no reply, and it was refused.
    Nothing,
}

impl Dispatcher {
    /// A dispatcher that has no program yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what decoded arguments may take at the most. How deep values may be nested holds for
    /// results, too.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.decoding.limits = limits;
        self
    }

    /// Sets which faults of its clients are overlooked in arguments; never those in headers.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.decoding.tolerance = tolerance;
        self
    }

    /// Has the calls counted and timed; this tells the time.
    #[cfg(feature = "net")]
    pub(crate) fn observed(mut self, clock: fn() -> Instant) -> Self {
        self.observed = observe::Server::new(clock);
        self
    }

    /// Adds a version of a program.
    ///
    /// # Errors
    ///
    /// The version has a server already.
    pub fn register(&mut self, server: impl Into<VersionServer>) -> Result<(), AlreadyServed> {
        let server = server.into();
        match self.position(server.key()) {
            Ok(_) => Err(AlreadyServed {
                program: server.program,
                version: server.version,
            }),
            Err(position) => {
                self.servers.insert(position, server);
                Ok(())
            }
        }
    }

    /// Takes a whole message that came from a peer at this time, and begins to execute it if it is
    /// a call.
    #[must_use]
    pub fn dispatch(&self, message: &Bytes, peer: Peer, arrived: Instant) -> Dispatched {
        match self.accept(message, peer, arrived) {
            Arrival::Call(call) => call.execute(),
            Arrival::Other(dispatched) => dispatched,
        }
    }

    /// Takes a whole message that came from a peer at this time, and finds the service for it if it
    /// is a call.
    #[must_use]
    pub fn accept(&self, message: &Bytes, peer: Peer, arrived: Instant) -> Arrival<'_> {
        let mut decoder = Decoder::new(message);
        let header = match CallHeader::decode(&mut decoder) {
            Ok(header) => header,
            Err(error) => return Arrival::Other(self.undecodable(peer, error)),
        };
        let position = self.position((header.program, header.version)).ok();
        let server = position.and_then(|position| self.servers.get(position));
        let refusal = match (Credential::from_call(&header.credential), server) {
            (Ok(credential), Some(server)) => {
                let deadline = server.deadline(header.procedure, arrived);
                let context = Context::new(&header, peer, credential).with_times(arrived, deadline);
                let arguments = message.slice(decoder.offset()..);
                let call = Call::new(context, arguments, self.decoding);
                return server.accept(call, &self.observed);
            }
            (Err(_), Some(server)) if !server.replies(header.procedure, peer) => {
                return Arrival::Other(Dispatched::Nothing);
            }
            (Err(stat), _) => auth_error(header.xid, stat),
            (Ok(_), None) => ReplyHeader::accepted(header.xid, self.miss(header.program)),
        };
        Arrival::Other(self.refused(peer, &refusal))
    }

    fn refused(&self, peer: Peer, refusal: &ReplyHeader) -> Dispatched {
        self.observed.refused(refusal, peer);
        Dispatched::Reply(encoded(peer, refusal))
    }

    fn undecodable(&self, peer: Peer, error: CallHeaderError) -> Dispatched {
        let (low, high) = (RPC_VERSION, RPC_VERSION);
        match error {
            CallHeaderError::RpcMismatch(xid) => {
                let stat = RejectStat::RpcMismatch { low, high };
                self.refused(peer, &ReplyHeader::denied(xid, stat))
            }
            CallHeaderError::Auth(xid, stat) => self.refused(peer, &auth_error(xid, stat)),
            error => {
                self.observed.dropped(&error, peer);
                Dispatched::Undecodable(error)
            }
        }
    }

    /// Why there is no server for a call of this program.
    fn miss(&self, program: u32) -> AcceptStat {
        let mut versions = self
            .servers
            .iter()
            .filter(|server| server.program.number() == program)
            .map(VersionServer::version);
        match versions.next() {
            None => AcceptStat::ProgUnavail,
            Some(low) => AcceptStat::ProgMismatch {
                low,
                high: versions.next_back().unwrap_or(low),
            },
        }
    }

    fn position(&self, key: (u32, u32)) -> Result<usize, usize> {
        self.servers.binary_search_by_key(&key, VersionServer::key)
    }
}

impl VersionServer {
    fn accept<'a>(&'a self, call: Call, observed: &'a observe::Server) -> Arrival<'a> {
        if call.procedure() == NULL && !self.serves_null {
            observed.answered_null(self.method(NULL));
            let reply = ReplyHeader::success(call.context().xid());
            let reply = Message::new(call.context().peer(), Bytes::copy_from_slice(&reply));
            return Arrival::Other(Dispatched::Reply(reply));
        }
        Arrival::Call(AcceptedCall {
            server: self,
            call,
            observed,
        })
    }

    /// The procedure with this number, as it is seen from outside.
    fn method(&self, number: u32) -> observe::Method {
        let null = (number == NULL).then_some("NULL");
        observe::Method {
            program: self.program,
            version: self.version,
            number,
            name: self.described(number).map(Procedure::name).or(null),
        }
    }
}

impl AcceptedCall<'_> {
    /// Who called what.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.call.context()
    }

    /// The arguments, encoded.
    #[must_use]
    pub fn arguments(&self) -> &[u8] {
        self.call.encoded_arguments()
    }

    /// Whether the call may be executed more than once.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.server
            .described(self.call.procedure())
            .is_some_and(Procedure::is_idempotent)
    }

    /// Takes note of what the duplicate request cache says of the call.
    #[cfg(feature = "net")]
    pub(crate) fn observe(&self, admission: &Admission) {
        self.observed.admitted(admission);
    }

    /// Whether there is a reply to the call. Over reliable datagrams there always is: it is what
    /// acknowledges the call.
    #[must_use]
    pub fn has_reply(&self) -> bool {
        let peer = self.context().peer();
        self.server.replies(self.call.procedure(), peer)
    }

    /// Has the call cancelled with others of its connection, if there is a reply to it.
    pub fn cancelled_with(&mut self, cancellation: &Arc<Cancellation>) {
        if self.has_reply() {
            self.call.context_mut().cancelled_with(cancellation);
        }
    }

    /// Tells the service what TLS knows of the peer.
    pub fn came_over_tls(&mut self, peer: &Arc<TlsPeer>) {
        self.call.context_mut().with_tls(peer);
    }

    /// Ends the call without its service: gives the reply that says so, if there is one to send.
    #[must_use]
    pub fn refuse(self) -> Option<Message> {
        self.begin().not_begun();
        Some(self.reply_to()?.refused(Refusal::SystemErr))
    }

    /// The call is seen from outside from now on.
    fn begin(&self) -> ServerCall {
        let (context, server) = (self.context(), self.server);
        let method = server.method(context.procedure());
        self.observed.begin(method, context.peer(), context.xid())
    }

    /// Hands the call to its service.
    #[must_use]
    pub fn execute(self) -> Dispatched {
        let (reply_to, deadline) = (self.reply_to(), self.context().deadline());
        let mut observed = self.begin();
        let Self { server, call, .. } = self;
        let answer = observed.in_scope(|| contained(|| (server.dispatch)(call)));
        match answer.unwrap_or(Answer::refuse(Refusal::SystemErr)).0 {
            AnswerKind::Future(reply) => {
                Dispatched::Execution(Execution::new(reply_to, reply, observed))
            }
            AnswerKind::Blocking(reply) => {
                let execution = BlockingExecution::new(reply_to, deadline, reply, observed);
                Dispatched::Blocking(execution)
            }
            AnswerKind::Refusal(refusal) => {
                observed.end(Some(refusal));
                reply_to.map_or(Dispatched::Nothing, |reply_to| {
                    Dispatched::Reply(reply_to.refused(refusal))
                })
            }
        }
    }

    fn reply_to(&self) -> Option<ReplyTo> {
        let (xid, peer) = (self.context().xid(), self.context().peer());
        self.has_reply().then_some(ReplyTo { xid, peer })
    }
}

/// The `SYSTEM_ERR` that answers a call whose own reply cannot be sent.
#[must_use]
pub fn system_err(xid: Xid, peer: Peer) -> Message {
    ReplyTo { xid, peer }.refused(Refusal::SystemErr)
}

fn auth_error(xid: Xid, stat: AuthStat) -> ReplyHeader {
    ReplyHeader::denied(xid, RejectStat::AuthError(stat))
}

#[cfg(test)]
mod tests;
