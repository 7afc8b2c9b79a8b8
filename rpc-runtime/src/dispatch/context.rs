use std::{sync::Arc, time::Instant};

use super::{Cancellation, Cancelled};
use crate::{
    AuthSys, CallHeader, Credential, Peer, TlsPeer, UnixCredentials, Xid, datagram::CallToken,
};

/// Who called what, when, and until when: what a service may know of a call besides its arguments.
///
/// The default is for tests of a service: a call from this process that does not say who it is, has
/// no deadline and is not cancelled.
#[derive(Debug, Clone, Default)]
pub struct Context {
    peer: Peer,
    credential: Credential,
    tls: Option<Arc<TlsPeer>>,
    xid: Xid,
    program: u32,
    version: u32,
    procedure: u32,
    arrived: Option<Instant>,
    deadline: Option<Instant>,
    cancellation: Option<Arc<Cancellation>>,
}

impl Context {
    pub(super) fn new(header: &CallHeader, peer: Peer, credential: Credential) -> Self {
        Self {
            peer,
            credential,
            xid: header.xid,
            program: header.program,
            version: header.version,
            procedure: header.procedure,
            ..Self::default()
        }
    }

    /// Sets when the call came, and until when its caller waits for it.
    pub(super) fn with_times(mut self, arrived: Instant, deadline: Option<Instant>) -> Self {
        self.arrived = Some(arrived);
        self.deadline = deadline;
        self
    }

    /// Sets what the call is cancelled with.
    pub(super) fn cancelled_with(&mut self, cancellation: &Arc<Cancellation>) {
        self.cancellation = Some(Arc::clone(cancellation));
    }

    /// Sets what TLS knows of the peer.
    pub(super) fn with_tls(&mut self, peer: &Arc<TlsPeer>) {
        self.tls = Some(Arc::clone(peer));
    }

    /// Where the call came from.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// The name of the call, where it came by the reliable datagram protocol: no other call ever
    /// has the same, so that a service can store it with the effect of the call, and answer a
    /// caller who asks once more after a crash.
    #[must_use]
    pub fn call_token(&self) -> Option<CallToken> {
        self.peer.call_token()
    }

    /// Who the caller says it is; see [`credential_is_trusted`](Self::credential_is_trusted).
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Whether more than the caller's word stands behind its credential. `AUTH_SYS` proves nothing, and
    /// any peer can write any user into it; a service that gives rights to users asks here first.
    ///
    /// It is trusted where the call comes
    ///
    /// - from this process (`memory`);
    /// - over a Unix socket from that user and group, as the operating system knows them, or from
    ///   user 0. A list of more groups is known from nobody else, and so not trusted;
    /// - over TLS from a host that proved its name by a certificate, where the server is set up to
    ///   believe such hosts (`ServerTls::trust_users_of_clients`).
    ///
    /// It is never trusted over TCP, UDP and reliable datagrams, not even from this machine, where
    /// any user can connect, nor from a source port below 1024, which is no proof in a network where
    /// others have machines, too.
    #[must_use]
    pub fn credential_is_trusted(&self) -> bool {
        match (self.peer, &self.credential) {
            (Peer::Memory, _) => true,
            (Peer::Unix(caller), Credential::Sys(claim)) => confirms(caller, claim),
            (Peer::Tls(_), Credential::Sys(_)) => {
                self.tls().is_some_and(TlsPeer::is_trusted_with_users)
            }
            _ => false,
        }
    }

    /// What TLS knows of the peer; nothing where the call came in clear text.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsPeer> {
        self.tls.as_deref()
    }

    /// The transaction of the call.
    #[must_use]
    pub fn xid(&self) -> Xid {
        self.xid
    }

    /// The number of the program.
    #[must_use]
    pub fn program(&self) -> u32 {
        self.program
    }

    /// The version of the program.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The number of the procedure.
    #[must_use]
    pub fn procedure(&self) -> u32 {
        self.procedure
    }

    /// When the call came; nothing in the default.
    #[must_use]
    pub fn arrived(&self) -> Option<Instant> {
        self.arrived
    }

    /// Until when the caller waits: the `deadline` that the interface gives the procedure, counted
    /// from when the call came. Nothing where the interface gives none.
    ///
    /// A call whose deadline has passed before its service begins is not executed. A service that has
    /// begun is left alone: it knows best what to do about work half done.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether nobody waits for the result any more: the caller has cancelled the call (over
    /// reliable datagrams), its connection has ended, its peer sends no more, or the time that a
    /// server has to shut down is over.
    ///
    /// The runtime does not stop the service: a result is still sent if there is one, and a peer that
    /// has only ended its own direction of the connection gets it. For functions that block it is
    /// worth asking from time to time. A call to which there is no reply is never cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let cancellation = self.cancellation.as_ref();
        cancellation.is_some_and(|cancellation| cancellation.is_cancelled(self.call_token()))
    }

    /// Waits until [nobody waits for the result](Self::is_cancelled) any more.
    ///
    /// ```
    /// # use rpc_runtime::{Context, ServiceError, ServiceResult};
    /// # async fn search(query: String) -> u32 { 1 }
    /// # struct Library;
    /// # impl Library {
    /// async fn find(&self, context: &Context, query: String) -> ServiceResult<u32> {
    ///     tokio::select! {
    ///         count = search(query) => Ok(count),
    ///         () = context.cancelled() => Err(ServiceError::system()),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn cancelled(&self) -> Cancelled {
        Cancelled::new(self.cancellation.clone(), self.call_token())
    }
}

/// Whether the operating system says the same of the caller as the caller does.
fn confirms(caller: UnixCredentials, claim: &AuthSys) -> bool {
    let is_same = caller.uid == claim.uid && caller.gid == claim.gid;
    caller.uid == 0 || is_same && claim.gids.iter().all(|gid| *gid == caller.gid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::net::SocketAddr;

    fn context(peer: Peer, uid: u32, gids: &[u32]) -> Context {
        let claim = AuthSys {
            uid,
            gid: 100,
            gids: gids.to_vec(),
            ..AuthSys::default()
        };
        Context::new(&CallHeader::default(), peer, Credential::Sys(claim))
    }

    fn unix(uid: u32) -> Peer {
        let (gid, pid) = (100, None);
        Peer::Unix(UnixCredentials { uid, gid, pid })
    }

    #[test]
    fn remote_peers_claim() {
        let local = SocketAddr::from(([127, 0, 0, 1], 700));
        let call = None;
        let reliable = Peer::Reliable {
            address: local,
            call,
        };
        for peer in [
            Peer::Tcp(local),
            Peer::Udp(local.into()),
            Peer::Tls(local),
            reliable,
        ] {
            assert!(!context(peer, 0, &[]).credential_is_trusted(), "{peer}");
        }
        assert!(context(Peer::Memory, 0, &[]).credential_is_trusted());
    }

    #[test]
    fn operating_system_confirms_user_and_group() {
        assert!(context(unix(1000), 1000, &[]).credential_is_trusted());
        assert!(context(unix(1000), 1000, &[100]).credential_is_trusted());
        assert!(!context(unix(1000), 1000, &[100, 0]).credential_is_trusted());
        assert!(!context(unix(1000), 0, &[]).credential_is_trusted());
        assert!(context(unix(0), 1000, &[4, 5]).credential_is_trusted());
        let other_group = Peer::Unix(UnixCredentials {
            uid: 1000,
            gid: 7,
            pid: None,
        });
        assert!(!context(other_group, 1000, &[]).credential_is_trusted());
    }

    #[test]
    fn host_is_believed_that_the_server_trusts() {
        let peer = Peer::Tls(SocketAddr::from(([192, 0, 2, 1], 700)));
        let chain = vec![Bytes::from_static(b"certificate")];
        let verified = TlsPeer::verified(chain, Vec::new());
        for (tls, is_trusted) in [
            (TlsPeer::anonymous().trusted_with_users(true), false),
            (verified.clone(), false),
            (verified.trusted_with_users(true), true),
        ] {
            let mut context = context(peer, 1000, &[]);
            context.with_tls(&Arc::new(tls));
            assert_eq!(context.credential_is_trusted(), is_trusted);
        }
    }
}
