use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::{Message, Peer, Received, TlsPeer, datagram::CallToken};

/// How a transport goes on after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovery {
    /// Not at all.
    Ended,
    /// It connects again when there is something to send.
    Reconnects,
    /// So it does, and the server will see the same address and port as before.
    ReconnectsFromSameAddress,
}

/// How far a transport has come with what is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that the peer or the operating system has taken, since the transport began.
    pub sent: u64,
    /// Whether the peer is in the middle of something that it has to finish: a part of a message
    /// has come, or a handshake is under way.
    pub is_within_record: bool,
}

/// Whole messages in and out: what a connection of a client or server runs on.
///
/// Both directions take batches, so that a transport can move many messages with one system
/// call. The methods that poll arrange that the task is woken when it is worth polling again.
pub trait Transport: Send + 'static {
    /// Hands messages over for sending, from the front of the queue, and takes them out of it.
    ///
    /// Ready when the queue is empty and everything was passed on to the peer or the operating
    /// system. A message that is still in the queue when this returns, pending or with an error,
    /// was not sent in any part, and may be taken out of the queue again: that is how a caller
    /// learns that its call was not executed.
    ///
    /// # Errors
    ///
    /// The transport has ended.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>>;

    /// Adds the messages that have come to the queue, at least one, and gives their number;
    /// 0 when the peer sends no more.
    ///
    /// # Errors
    ///
    /// The transport has ended, or the peer sent what is no message.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>>;

    /// Does what is to be done beside messages: acknowledgements, for instance. A server calls it
    /// at each turn, also while it takes no messages.
    fn poll_upkeep(&mut self, _cx: &mut Context<'_>) {}

    /// Takes no more messages from peers, and tells them so where that can be. Says whether some that
    /// were accepted are still to be received.
    fn stop_receiving(&mut self) -> bool {
        false
    }

    /// Takes note that a message from this peer was no call, and that there will be no reply to it.
    fn refuse(&mut self, _peer: Peer) {}

    /// Calls that were accepted, and that nobody has received yet.
    fn waiting(&self) -> usize {
        0
    }

    /// The next call that was received, has no reply yet, and was cancelled by its caller.
    fn next_cancelled(&mut self) -> Option<CallToken> {
        None
    }

    /// Ends the transport in order, after everything was sent: says so to the peer, where it can
    /// be said, and waits until the peer has ended too, so that nothing sent is lost.
    ///
    /// # Errors
    ///
    /// The transport has ended before.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// How far the transport has come, where a server is to set the peer deadlines; nothing where
    /// it is not.
    fn progress(&self) -> Option<Progress> {
        None
    }

    /// Has nothing of the transport outlive it: what was not sent is lost, and the operating
    /// system goes on with nothing. For a peer that is cut off.
    fn abort(&mut self) {}

    /// Says how the transport goes on after an error, or after the peer has ended it.
    ///
    /// Messages that it had not taken out of the queue may be handed over again. Of those that it
    /// had, no copy will be sent any more.
    fn recover(&mut self) -> Recovery {
        Recovery::Ended
    }

    /// How often it was tried to connect again since the connection was lost, counting the attempt
    /// that is under way, or 0 where none is; `None` while there is a connection.
    fn attempts(&self) -> Option<u32> {
        None
    }

    /// The peer at the other end, where there is just one.
    fn peer(&self) -> Peer;

    /// What TLS knows of that peer.
    fn tls_peer(&self) -> Option<&Arc<TlsPeer>> {
        None
    }

    /// Whether every message arrives, once and in order, or else the transport ends.
    ///
    /// Over any other transport a client sends its calls again.
    fn is_reliable(&self) -> bool;

    /// Bytes that a message to send may have.
    fn message_max(&self) -> usize;

    /// Bytes that a message to this peer may have.
    fn message_max_to(&self, _peer: Peer) -> usize {
        self.message_max()
    }

    /// How long [`poll_close`](Self::poll_close) may take at the most: long enough for the last
    /// replies to be read, and not a way to keep connections open.
    fn linger(&self) -> Duration {
        Duration::from_secs(1)
    }
}
