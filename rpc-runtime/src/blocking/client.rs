use std::{fmt, sync::Arc, time::Duration, time::Instant};

use xdr::{Encoder, Limits, Tolerance};

use super::{Starting, connect, in_flight::InFlight, shared::Shared};
use crate::{
    CallResult, Caller, ConnectError, Credential, Procedure, ResultDecoder, connect::TcpOptions,
    decoding::Decoding, record::RECORD_MAX, settings::CallSettings,
};

/// A client of the programs at one server, for programs without a runtime: each call waits for its
/// result.
///
/// Several threads may call at once, over the same connection: a clone is cheap and uses it too. It
/// ends with the last clone. No thread belongs to it: one of the callers reads for all. A generated
/// client wraps one of these, `calc::v1::Client::new(client)`.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: CallSettings,
}

impl Client {
    /// Connects to a server: `tcp://HOST:PORT`, `udp://HOST:PORT` or `unix:PATH`.
    ///
    /// A connection that is lost is made again by the next call, with back-off as long as the server
    /// does not answer; calls wait for it until their deadline. Calls that were in flight fail,
    /// perhaps executed; but those of `idempotent` procedures are sent again, until they are answered
    /// or their deadline comes. (A reply ends any call, `SYSTEM_ERR` too.)
    ///
    /// # Errors
    ///
    /// The address is malformed or leads nowhere. Over UDP a server that does not exist is noticed by
    /// its silence only.
    pub fn connect(address: &str) -> Result<Self, ConnectError> {
        Self::builder().connect(address)
    }

    /// A builder for a client that differs from the default.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            deadline: None,
            decoding: Decoding::default(),
            options: TcpOptions {
                record_max: RECORD_MAX,
                keeps_port: false,
                reserved_port: false,
            },
        }
    }

    /// The same client, whose calls are started only; each gives a [`Started`](super::Started) to
    /// wait on.
    #[must_use]
    pub fn starting(&self) -> Starting {
        Starting(self.clone())
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
    type Call<R: Send + 'static> = CallResult<R>;

    /// Sends the call and waits for its result.
    fn call_with<R: Send + 'static>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: ResultDecoder<R>,
    ) -> CallResult<R> {
        let now = Instant::now();
        let (call, message) =
            InFlight::open(&*self.shared, &self.settings, procedure, now, encode)?;
        let completion = self.shared.call(&call, message, now);
        call.result(completion, &decode)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("peer", &self.shared.peer())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What can be chosen before a blocking client connects.
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    deadline: Option<Duration>,
    decoding: Decoding,
    options: TcpOptions,
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

    /// Sets how many bytes a reply on a stream may have. The default is 4 MiB.
    pub fn record_max(mut self, bytes: usize) -> Self {
        self.options.record_max = bytes;
        self
    }

    /// Sets that calls in flight are sent again when a TCP connection was lost and made again,
    /// whatever their procedures say: for servers that keep a duplicate request cache across
    /// connections. The default is not to.
    ///
    /// The client binds the same port again, under which such a server knows it. Where the
    /// operating system refuses the port, the calls fail, perhaps executed.
    pub fn replay_after_reconnect(mut self, replays: bool) -> Self {
        self.options.keeps_port = replays;
        self
    }

    /// Sets that calls come from a port below 1024, over TCP and UDP: some servers, of NFS above
    /// all, take no others. The default is any port.
    ///
    /// A program has to be privileged to have such a port; without that it does not connect.
    pub fn reserved_port(mut self, is_reserved: bool) -> Self {
        self.options.reserved_port = is_reserved;
        self
    }

    /// Connects to a server, as [`Client::connect`] does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn connect(self, address: &str) -> Result<Client, ConnectError> {
        let shared = connect::connect(address, self.options)?;
        Ok(Client {
            shared: Arc::new(shared),
            settings: CallSettings {
                deadline: self.deadline,
                decoding: self.decoding,
                ..CallSettings::default()
            },
        })
    }
}
