use std::{io, sync::Arc};

use tokio::sync::watch;

/// What becomes of a client's connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ConnectionState {
    /// There is one. Over UDP and reliable datagrams it is so from the beginning: a server that does
    /// not exist is noticed by its silence only.
    Connected,
    /// It was lost. The next call has it made again.
    Lost,
    /// It is being made again, because calls wait for it.
    Connecting {
        /// How many times it was tried since it was lost, counting this one.
        attempt: u32,
    },
    /// It has ended for this reason, and is not made again.
    Ended(Arc<io::Error>),
}

/// The states of a client's connection, one after the other.
#[derive(Debug, Clone)]
pub struct ConnectionStates(pub(super) watch::Receiver<ConnectionState>);

impl ConnectionStates {
    /// Waits for another state than the last that this gave, or than that at its beginning; `None`
    /// when the client and its calls are gone.
    ///
    /// States that passed while nobody waited are left out, but for the last.
    pub async fn next(&mut self) -> Option<ConnectionState> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }
}
