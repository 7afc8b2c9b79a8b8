use std::{fmt, sync::Arc, time::Duration};

use xdr::{Encoder, Limits, Tolerance};

use super::{
    address::{self, Options},
    client_connection,
    handle::Handle,
    started::Started,
    state::{ConnectionState, ConnectionStates},
    transport::Transport,
};
use crate::{
    AsyncCaller, BoxedCall, Caller, ConnectError, Credential, OpaqueAuth, Procedure, ResultDecoder,
    connect::TcpOptions, decoding::Decoding, record::RECORD_MAX, settings::CallSettings,
    transaction::Transactions,
};

/// A client of the programs at one server, over one connection.
///
/// Any number of calls can be in flight at once. A clone is cheap and uses the same connection,
/// which ends with the last clone. A generated client wraps one of these.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
    settings: CallSettings,
}

impl Client {
    /// Connects to a server:
    ///
    /// - `tcp://HOST:PORT`, `udp://HOST:PORT`; the host is a name or an address
    ///   (`udp://[::1]:2049`)
    /// - `reliable://HOST:PORT`, the reliable datagram protocol, which only servers of this crate
    ///   speak
    /// - `tls://HOST:PORT`, TLS over TCP (feature `tls`), where [`builder`](Self::builder) was told whom
    ///   to trust
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
            #[cfg(feature = "tls")]
            tls: None,
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
            settings: CallSettings::default(),
        }
    }

    /// Sets how long each call of this clone may take, from its start to its reply. The default
    /// is what the procedure says, `[deadline("2s")]` in its interface, or else 30 seconds; this
    /// comes before both.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// Sets who calls, for all calls of this clone. The default is nobody, `AUTH_NONE`.
    ///
    /// # Errors
    ///
    /// An `AUTH_SYS` credential with a machine name above 255 bytes or more than 16 groups.
    pub fn with_credential(mut self, credential: &Credential) -> Result<Self, xdr::Error> {
        self.settings.credential = credential.to_opaque()?;
        Ok(self)
    }

    /// Sets who calls by a credential that is encoded already, as [`Credential::to_opaque`] gives it:
    /// for one that many clients have, or that changes from call to call.
    #[must_use]
    pub fn with_encoded_credential(mut self, credential: OpaqueAuth) -> Self {
        self.settings.credential = credential;
        self
    }

    /// What becomes of the connection of this client and its clones.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        self.handle.connection()
    }

    /// What will become of the connection, to wait for: watching it does not keep it open.
    #[must_use]
    pub fn states(&self) -> ConnectionStates {
        self.handle.connections()
    }

    /// Sets what the decoded result of a call may take at the most, for all calls of this clone:
    /// memory, nesting, elements of no size. How deep values may be nested holds for arguments,
    /// too. The defaults are those of [`Limits`].
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.settings.decoding.limits = limits;
        self
    }

    /// Sets which faults of the server are overlooked in results, for all calls of this clone:
    /// none by default, see [`Tolerance`] for the peers that need it. Headers are always read
    /// strictly.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.settings.decoding.tolerance = tolerance;
        self
    }
}

impl Caller for Client {
    type Call<R: Send + 'static> = Started<R>;

    /// The call is encoded and queued when this returns.
    fn call_with<R: Send + 'static>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: ResultDecoder<R>,
    ) -> Started<R> {
        Started::new(&self.handle, &self.settings, procedure, encode, decode)
    }
}

impl AsyncCaller for Client {
    fn boxed<R: Send + 'static>(call: Started<R>) -> BoxedCall<R> {
        Box::pin(call)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("peer", &self.handle.peer())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
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
    #[cfg(feature = "tls")]
    tls: Option<super::tls::ClientTls>,
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

    /// Sets how the client speaks TLS with a server at `tls://HOST:PORT`: whom it trusts, and who it
    /// is. Without this it connects to no such server.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: super::tls::ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Connects to a server, as [`Client::connect`] does.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn connect(self, address: &str) -> Result<Client, ConnectError> {
        let tcp = TcpOptions {
            record_max: self.record_max,
            keeps_port: self.replays,
            reserved_port: self.reserved_port,
        };
        let options = Options {
            tcp,
            #[cfg(feature = "tls")]
            tls: self.tls,
        };
        let mut client = Client::through(address::connect(address, &options).await?);
        client.settings.deadline = self.deadline;
        client.settings.decoding = self.decoding;
        Ok(client)
    }
}
