//! One call to many servers.

use std::{
    collections::HashSet,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    net::UdpSocket,
    time::{Instant, timeout_at},
};
use xdr::{Encoder, Limits};

use crate::{
    CallError, CallErrorKind, CallResult, Caller, OpaqueAuth, Peer, Procedure, ResultDecoder, Xid,
    connect::DATAGRAM_MAX,
    settings::{self, CallSettings},
};

/// How long a call waits for replies before it is sent again the first time: longer than servers
/// of one network take.
const FIRST_TIMEOUT: Duration = Duration::from_millis(500);

/// The longest time between two copies of a call.
const TIMEOUT_MAX: Duration = Duration::from_secs(8);

/// How long a call takes replies unless it is told another time: a caller cannot know that the last
/// one has come, so this is how long every call takes that is not ended before.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// Calls many servers at once over UDP, each call in one datagram to one or more addresses, which
/// may be broadcast addresses.
///
/// A generated client takes it as any caller; its methods give [`Replies`], which bring the result of
/// each server that answers. Procedures with the attribute `broadcast` are made for it; calling
/// another is not refused, since few interface files have the attribute. A refusal is a reply too.
///
/// ```
/// # async fn example() -> std::io::Result<()> {
/// use rpc_runtime::Broadcast;
///
/// let everyone = Broadcast::new(["192.0.2.255:111".parse().expect("an address")]);
/// // let mut replies = rpcbind::v2::Client::new(everyone).null();
/// // while let Some((server, result)) = replies.next().await { … }
/// # let _ = everyone;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Broadcast {
    targets: Arc<[SocketAddr]>,
    settings: CallSettings,
}

impl Broadcast {
    /// Calls to these addresses, of one family: IPv4 or IPv6.
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = SocketAddr>) -> Self {
        let settings = CallSettings {
            deadline: Some(DEFAULT_DEADLINE),
            ..CallSettings::default()
        };
        Self {
            targets: targets.into_iter().collect(),
            settings,
        }
    }

    /// Sets how long each call takes replies. The default is 5 seconds.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// Sets who calls, as [`Credential::to_opaque`](crate::Credential::to_opaque) gives it. The
    /// default is nobody, `AUTH_NONE`.
    #[must_use]
    pub fn with_encoded_credential(mut self, credential: OpaqueAuth) -> Self {
        self.settings.credential = credential;
        self
    }

    /// Sets what a decoded result may take at the most.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.settings.decoding.limits = limits;
        self
    }

    /// Encodes a call and sends it for the first time.
    fn start(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
    ) -> Result<Sent, CallErrorKind> {
        let xid = Xid(fastrand::u32(..));
        let to = self
            .targets
            .first()
            .map_or(Peer::Memory, |&to| Peer::Udp(to.into()));
        let message = self
            .settings
            .message(xid, procedure, (to, DATAGRAM_MAX), encode)?;
        let message = message.to_bytes();
        let socket = send_first(&message, &self.targets);
        let socket = socket.map_err(|error| CallErrorKind::ConnectionLost(Arc::new(error)))?;
        Ok(Sent {
            xid,
            message,
            socket,
            targets: Arc::clone(&self.targets),
        })
    }
}

impl Caller for Broadcast {
    type Call<R: Send + 'static> = Replies<R>;

    /// The call is sent when this returns.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    fn call_with<R: Send + 'static>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut Encoder) -> xdr::Result<()>,
        decode: ResultDecoder<R>,
    ) -> Replies<R> {
        let now = Instant::now();
        let ends = if procedure.is_maybe() {
            now
        } else {
            now + self.settings.deadline(procedure)
        };
        Replies {
            procedure: *procedure,
            sent: self.start(procedure, encode).map_err(Some),
            settings: self.settings.clone(),
            decode,
            answered: HashSet::new(),
            transmissions: 1,
            again: now + FIRST_TIMEOUT,
            timeout: FIRST_TIMEOUT,
            ends,
        }
    }
}

/// Sends a call to all of them; gives its socket, to which nothing but its replies comes.
///
/// An address that cannot be reached stops none of the others.
fn send_first(message: &[u8], targets: &[SocketAddr]) -> io::Result<UdpSocket> {
    let local: IpAddr = match targets.first() {
        None => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "nobody to call",
            ));
        }
        Some(SocketAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
        Some(SocketAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((local, 0))?;
    socket.set_nonblocking(true)?;
    socket.set_broadcast(true)?;
    let mut fault = None;
    let mut is_sent = false;
    for target in targets {
        match socket.send_to(message, target) {
            Ok(_) => is_sent = true,
            Err(error) => fault = Some(error),
        }
    }
    match fault {
        Some(error) if !is_sent => Err(error),
        _ => UdpSocket::from_std(socket),
    }
}

/// The replies to a call that was sent to many servers: each server once, as they come.
///
/// Until the deadline the call is sent again to those that may not have got it, with pauses that
/// grow; servers that have answered may then execute it again. Dropping this ends it.
#[must_use = "nobody takes the replies of a call that is dropped"]
pub struct Replies<R> {
    procedure: Procedure,
    /// Or why nothing was sent, until that was told.
    sent: Result<Sent, Option<CallErrorKind>>,
    settings: CallSettings,
    decode: ResultDecoder<R>,
    answered: HashSet<SocketAddr>,
    transmissions: u32,
    /// When the call is sent again.
    again: Instant,
    timeout: Duration,
    ends: Instant,
}

/// A call that was sent.
struct Sent {
    xid: Xid,
    message: Bytes,
    socket: UdpSocket,
    targets: Arc<[SocketAddr]>,
}

impl Sent {
    /// Sends the call once more. What cannot be sent is as good as lost, and goes with the next copy.
    async fn send_again(&self) {
        for target in self.targets.iter() {
            let _ = self.socket.send_to(&self.message, target).await;
        }
    }
}

impl<R> Replies<R> {
    /// The next reply and the server that it comes from; `None` when the deadline has come. A call
    /// that could not be sent gives its error once, from the first target.
    pub async fn next(&mut self) -> Option<(Peer, CallResult<R>)> {
        let sent = match &mut self.sent {
            Ok(sent) => sent,
            Err(fault) => {
                let error = CallError::new(fault.take()?, self.procedure, 0);
                return Some((Peer::default(), Err(error)));
            }
        };
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            let received = sent.socket.recv_from(&mut buffer);
            let Ok(received) = timeout_at(self.again.min(self.ends), received).await else {
                if Instant::now() >= self.ends {
                    return None;
                }
                self.timeout = (2 * self.timeout).min(TIMEOUT_MAX);
                self.again = Instant::now() + self.timeout;
                self.transmissions = self.transmissions.saturating_add(1);
                sent.send_again().await;
                continue;
            };
            // That one host refuses says nothing of the others.
            let Ok((len, from)) = received else { continue };
            let reply = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
            if Xid::of(&reply) != Some(sent.xid) || !self.answered.insert(from) {
                continue;
            }
            let (peer, xid) = (Peer::Udp(from.into()), sent.xid);
            let result = settings::result(&reply, self.settings.decoding, &self.decode);
            let result = result.map_err(|kind| {
                CallError::new(kind, self.procedure, self.transmissions).with_transaction(xid, peer)
            });
            return Some((peer, result));
        }
    }
}

impl<R> fmt::Debug for Replies<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies")
            .field("procedure", &self.procedure.to_string())
            .field("answered", &self.answered.len())
            .finish_non_exhaustive()
    }
}
