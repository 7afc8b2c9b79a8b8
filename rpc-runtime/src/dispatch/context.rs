use std::{sync::Arc, time::Instant};

use super::{Cancellation, Cancelled};
use crate::{CallHeader, Credential, Peer, Xid, datagram::CallToken};

/// Who called what, when, and until when: what a service may know of a call besides its arguments.
///
/// The default is for tests of a service: a call from this process that does not say who it is, has
/// no deadline and is not cancelled.
#[derive(Debug, Clone, Default)]
pub struct Context {
    peer: Peer,
    credential: Credential,
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

    /// Who the caller says it is.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
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
