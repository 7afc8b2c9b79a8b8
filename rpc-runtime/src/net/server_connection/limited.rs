//! What a connection does for as long as its limits allow it: it sends, receives, and begins calls.

use std::{
    io,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::Connection;
use crate::{
    Message,
    net::{deadlines::Waits, limits::Overload, now, transport::Transport},
};

impl<T: Transport> Connection<T> {
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = self.transport.poll_send(cx, &mut self.outgoing);
        self.account.sent(self.outgoing.len());
        if sent?.is_ready() {
            self.reply_bytes = 0;
            return Poll::Ready(Ok(()));
        }
        if let Some(progress) = self.transport.progress() {
            self.waits = Waits::Replies(progress.sent);
            if self.is_greedy() {
                self.transport.abort();
                return Poll::Ready(Err(io::Error::other("too many bytes of replies wait")));
            }
        }
        Poll::Pending
    }

    /// Whether more replies wait for the peer than may: behind those that the transport has, and
    /// behind another.
    fn is_greedy(&self) -> bool {
        let bytes_max = self.limits.reply_bytes_max;
        let waiting = || self.outgoing.iter().skip(1).map(Message::len);
        self.reply_bytes > bytes_max && waiting().sum::<usize>() > bytes_max
    }

    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let received = self.transport.poll_receive(cx, &mut self.received)?;
        if let Poll::Ready(count) = received {
            self.deadlines.received();
            self.account.received(count);
            self.received_at = now();
            self.is_reading = count > 0;
            if !self.is_reading && self.transport.is_reliable() {
                // Nearly always the peer is gone. One that only sends no more gets its replies.
                self.cancellation.cancel_all();
            }
            return Poll::Ready(Ok(()));
        }
        self.waits = match self.transport.progress() {
            Some(progress) if progress.is_within_record => Waits::Record,
            Some(_) if self.calls.is_empty() => Waits::Call,
            _ => Waits::Itself,
        };
        Poll::Pending
    }

    /// Whether another call may wait for its service.
    pub(super) fn has_room(&self) -> bool {
        self.calls.len() < self.limits.calls_max && !self.load.is_full()
    }

    /// Ready when another call may be begun, or may be turned down.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.calls.len() >= self.limits.calls_max && self.limits.overload == Overload::Wait {
            return Poll::Pending;
        }
        if self.load.is_full() && self.limits.overload == Overload::Wait {
            let load = &self.load;
            let room = self
                .room
                .get_or_insert_with(|| Box::pin(Arc::clone(load).call_ended()));
            ready!(room.as_mut().poll(cx));
        }
        Poll::Ready(())
    }
}
