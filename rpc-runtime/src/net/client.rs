use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;
use xdr::{Decoder, Encoder, Limits, Tolerance};

use super::{
    address::{self, ConnectError},
    client_connection,
    handle::Handle,
    tcp::TcpOptions,
    transport::Transport,
};
use crate::{
    AcceptStat, CallError, CallErrorKind, CallHeader, Credential, Message, OpaqueAuth, Procedure,
    ReplyBody, ReplyHeader, Xid,
    datagram::CallOptions,
    decoding::Decoding,
    record::RECORD_MAX,
    transaction::{CallKind, Completion, Ended, Transactions},
};

/// The deadline of a call unless the client is told another: time for about ten retransmissions
/// over UDP, and short enough that a caller notices a dead server.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// A deadline so far away that it is none; the clock could not tell a later one.
const DEADLINE_MAX: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// Bytes that the buffer of a call begins with: most fit, and a larger one makes it grow. Large
/// opaque arguments are not in it: they are sent from where they lie.
const CALL_CAPACITY: usize = 128;

/// A client of the programs at one server, over one connection.
///
/// Any number of calls can be in flight at once. A clone is cheap and uses the same connection,
/// which ends with the last clone. A generated client wraps one of these.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
    /// Of each call, whatever its procedure says.
    deadline: Option<Duration>,
    credential: OpaqueAuth,
    decoding: Decoding,
}

impl Client {
    /// Connects to a server:
    ///
    /// - `tcp://HOST:PORT`, `udp://HOST:PORT`; the host is a name or an address
    ///   (`udp://[::1]:2049`)
    /// - `reliable://HOST:PORT`, the reliable datagram protocol, which only servers of this crate
    ///   speak
    /// - `unix:PATH`, or on Linux `unix:@NAME`, a name that is no file
    /// - `memory:NAME`, a server of this process ([`memory::listen`](crate::memory::listen))
    ///
    /// A TCP connection or one of a Unix socket that is lost is made again by the next call, with back-off as long as the
    /// server does not answer; calls wait for it until their deadline. Calls that were in flight
    /// fail, perhaps executed; but those of `idempotent` procedures are sent again, until they
    /// are answered or their deadline comes. (A reply ends any call, `SYSTEM_ERR` too.)
    ///
    /// # Errors
    ///
    /// The address is malformed or leads nowhere. Over UDP and reliable datagrams a server that does
    /// not exist is noticed by its silence only.
    pub async fn connect(address: &str) -> Result<Self, ConnectError> {
        Self::builder().connect(address).await
    }

    /// A builder for a client that differs from the default.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            deadline: None,
            decoding: Decoding::default(),
            record_max: RECORD_MAX,
            replays: false,
            reserved_port: false,
        }
    }

    /// A client over a transport that the caller made.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, which has to run the connection.
    #[must_use]
    pub fn new(transport: impl Transport) -> Self {
        let transactions = client_connection::transactions(&transport);
        Self::over(transport, transactions)
    }

    /// A client over a transport, with the transactions that suit it.
    pub(super) fn over(transport: impl Transport, transactions: Transactions) -> Self {
        let shared = client_connection::spawn(transport, transactions);
        Self::through(Handle::Messages(shared))
    }

    fn through(handle: Handle) -> Self {
        Self {
            handle: Arc::new(handle),
            deadline: None,
            credential: OpaqueAuth::NONE,
            decoding: Decoding::default(),
        }
    }

    /// Sets how long each call of this clone may take, from its start to its reply. The default
    /// is what the procedure says, `[deadline("2s")]` in its interface, or else 30 seconds; this
    /// comes before both.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets who calls, for all calls of this clone. The default is nobody, `AUTH_NONE`.
    ///
    /// # Errors
    ///
    /// An `AUTH_SYS` credential with a machine name above 255 bytes or more than 16 groups.
    pub fn with_credential(mut self, credential: &Credential) -> Result<Self, xdr::Error> {
        self.credential = credential.to_opaque()?;
        Ok(self)
    }

    /// Sets what the decoded result of a call may take at the most, for all calls of this clone:
    /// memory, nesting, elements of no size. How deep values may be nested holds for arguments,
    /// too. The defaults are those of [`Limits`].
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.decoding.limits = limits;
        self
    }

    /// Sets which faults of the server are overlooked in results, for all calls of this clone:
    /// none by default, see [`Tolerance`] for the peers that need it. Headers are always read
    /// strictly.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.decoding.tolerance = tolerance;
        self
    }

    /// Calls a procedure. The call is encoded and on its way when this returns; the future gives
    /// its result, and dropping it gives up the call.
    ///
    /// A call of a `maybe` procedure is sent once. It has ended when the transport has passed it on,
    /// and its result is decoded from nothing, as `void` is; a reply is dropped.
    ///
    /// # Errors
    ///
    /// See [`CallErrorKind`]; [`CallError::outcome`] says whether the call may have been executed.
    pub fn call<R>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> Result<(), xdr::Error>,
        decode: impl FnOnce(&mut Decoder<'_>) -> Result<R, xdr::Error> + Send,
    ) -> impl Future<Output = Result<R, CallError>> + Send {
        let call = self.start(procedure, encode);
        let decoding = self.decoding;
        async move {
            let call = call?;
            let failure = call.failure;
            let Completion {
                ended,
                transmissions,
            } = call.await;
            let result = match ended {
                Ended::Reply(message) => result(&message, decoding, decode),
                Ended::Sent => decode(&mut Decoder::from_slice(&[])).map_err(CallErrorKind::Decode),
                Ended::ConnectionLost(error) => Err(CallErrorKind::ConnectionLost(error)),
                Ended::DeadlineExceeded => Err(CallErrorKind::DeadlineExceeded),
                Ended::Failed(failure) => Err(CallErrorKind::Failed(failure)),
            };
            result.map_err(|kind| failure.error(kind, transmissions))
        }
    }

    /// Opens a transaction, encodes the call and queues it.
    fn start(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> Result<(), xdr::Error>,
    ) -> Result<InFlight<'_>, CallError> {
        let handle = &*self.handle;
        let deadline = self.deadline.or(procedure.deadline());
        let deadline = deadline.unwrap_or(DEFAULT_DEADLINE).min(DEADLINE_MAX);
        let deadline = Instant::now() + deadline;
        let not_sent = |kind| CallError::new(kind, *procedure, 0);
        let xid = handle.open(deadline.into_std(), CallKind::from(procedure));
        let xid = xid.map_err(not_sent)?;
        let call = InFlight {
            handle,
            failure: Failure {
                xid,
                procedure: *procedure,
                handle,
            },
        };
        let message = self.encode(xid, procedure, encode);
        let message = message.map_err(|kind| call.failure.error(kind, 0))?;
        let options = CallOptions::default()
            .idempotent(procedure.is_idempotent())
            .deadline(Some(deadline.into_std()));
        handle.submit(xid, message, options);
        Ok(call)
    }

    fn encode(
        &self,
        xid: Xid,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> Result<(), xdr::Error>,
    ) -> Result<Message, CallErrorKind> {
        let header = CallHeader::new(xid, procedure, self.credential.clone());
        let mut encoder = Encoder::with_capacity(CALL_CAPACITY)
            .with_limits(self.decoding.limits)
            .with_chunks();
        encoder
            .encode(&header)
            .and_then(|()| encode(&mut encoder))
            .map_err(CallErrorKind::Encode)?;
        let (len, max) = (encoder.len(), self.handle.message_max());
        if len > max {
            return Err(CallErrorKind::TooLarge { len, max });
        }
        Ok(Message::from_chunks(
            self.handle.peer(),
            encoder.finish_chunks(),
        ))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("peer", &self.handle.peer())
            .field("deadline", &self.deadline)
            .field("credential", &self.credential)
            .field("decoding", &self.decoding)
            .finish_non_exhaustive()
    }
}

/// The result in a reply, or the refusal.
fn result<R>(
    message: &Bytes,
    decoding: Decoding,
    decode: impl FnOnce(&mut Decoder<'_>) -> Result<R, xdr::Error>,
) -> Result<R, CallErrorKind> {
    let mut decoder = Decoder::new(message);
    let header: ReplyHeader = decoder.decode().map_err(CallErrorKind::MalformedReply)?;
    match header.body {
        ReplyBody::Denied(stat) => Err(CallErrorKind::Denied(stat)),
        ReplyBody::Accepted {
            stat: AcceptStat::Success,
            ..
        } => {
            let mut decoder = decoding.applied(decoder);
            let result = decode(&mut decoder).map_err(CallErrorKind::Decode)?;
            decoder.finish().map_err(CallErrorKind::Decode)?;
            Ok(result)
        }
        ReplyBody::Accepted { stat, .. } => Err(CallErrorKind::Accepted(stat)),
    }
}

/// A call that was started; it is given up when this is dropped.
struct InFlight<'a> {
    handle: &'a Handle,
    failure: Failure<'a>,
}

/// What an error of the call will name.
#[derive(Clone, Copy)]
struct Failure<'a> {
    xid: Xid,
    procedure: Procedure,
    handle: &'a Handle,
}

impl Failure<'_> {
    fn error(&self, kind: CallErrorKind, transmissions: u32) -> CallError {
        CallError::new(kind, self.procedure, transmissions)
            .with_transaction(self.xid, self.handle.peer())
    }
}

impl Future for InFlight<'_> {
    type Output = Completion;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Completion> {
        self.handle.poll(self.failure.xid, cx.waker())
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.handle.give_up(self.failure.xid);
    }
}

/// What can be chosen before a client connects.
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    deadline: Option<Duration>,
    decoding: Decoding,
    record_max: usize,
    replays: bool,
    reserved_port: bool,
}

impl ClientBuilder {
    /// Sets how long each call may take, as [`Client::with_deadline`] does.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets what a decoded result may take at the most, as [`Client::with_limits`] does.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.decoding.limits = limits;
        self
    }

    /// Sets which faults of the server are overlooked, as [`Client::with_tolerance`] does.
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.decoding.tolerance = tolerance;
        self
    }

    /// Sets how many bytes a reply over TCP may have. The default is 4 MiB.
    pub fn record_max(mut self, bytes: usize) -> Self {
        self.record_max = bytes;
        self
    }

    /// Sets that calls in flight are sent again when a TCP connection was lost and made again,
    /// whatever their procedures say: for servers that keep a duplicate request cache across
    /// connections. The default is not to.
    ///
    /// The client binds the same port again, under which such a server knows it. Where the
    /// operating system refuses the port, the calls fail, perhaps executed.
    pub fn replay_after_reconnect(mut self, replays: bool) -> Self {
        self.replays = replays;
        self
    }

    /// Sets that calls come from a port below 1024, over TCP and UDP: some servers, of NFS above
    /// all, take no others. The default is any port.
    ///
    /// A program has to be privileged to have such a port; without that it does not connect.
    pub fn reserved_port(mut self, is_reserved: bool) -> Self {
        self.reserved_port = is_reserved;
        self
    }

    /// Connects to a server, as [`Client::connect`] does.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn connect(self, address: &str) -> Result<Client, ConnectError> {
        let options = TcpOptions {
            record_max: self.record_max,
            keeps_port: self.replays,
            reserved_port: self.reserved_port,
        };
        let mut client = Client::through(address::connect(address, options).await?);
        client.deadline = self.deadline;
        client.decoding = self.decoding;
        Ok(client)
    }
}
