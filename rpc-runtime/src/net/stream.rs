//! Records on a byte stream, any number of them with one system call.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::transport::{Progress, Transport};
use crate::{
    Message, Peer, Received,
    record::{FRAGMENT_MAX, RecordReader, SLICES_MAX, Unsent},
};

/// Records that are handed over at once; others stay in the buffer that they were read into, where
/// a record of no length takes less memory than in a queue.
const BATCH_MAX: usize = 512;

/// Bytes that are read at once from a peer that is being closed, to be thrown away.
const DISCARD_LEN: usize = 1024;

/// A connection that carries bytes in order, both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Has the operating system forget the connection once it is dropped, where it would go on
    /// offering what was sent to a peer that does not take it.
    fn abort(&self) {}
}

/// A stream with record marking (RFC 5531 §11).
#[derive(Debug)]
pub(super) struct StreamTransport<S> {
    stream: S,
    peer: Peer,
    reader: RecordReader,
    unsent: Unsent,
    /// Bytes that were sent.
    sent: u64,
    is_shut_down: bool,
}

impl<S> StreamTransport<S> {
    /// A transport on this stream, on which no record may have more bytes than this.
    pub(super) fn over(stream: S, peer: Peer, record_max: usize) -> Self {
        Self {
            stream,
            peer,
            reader: RecordReader::new(record_max),
            unsent: Unsent::default(),
            sent: 0,
            is_shut_down: false,
        }
    }

    /// What carries the bytes.
    pub(super) fn stream(&self) -> &S {
        &self.stream
    }

    /// Whether all that was received was handed over.
    #[cfg(feature = "tls")]
    pub(super) fn is_between_records(&self) -> bool {
        self.reader.is_between_records()
    }

    /// What carries the bytes. Of those that were received or taken over the rest is lost.
    #[cfg(feature = "tls")]
    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}

impl<S: Stream> StreamTransport<S> {
    /// Sends what was taken over.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let stream = Pin::new(&mut self.stream);
            let sent = if let Some(copied) = self.unsent.only_copied() {
                stream.poll_write(cx, copied)
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                stream.poll_write_vectored(cx, self.unsent.slices(&mut slices))
            };
            let sent = ready!(sent)?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(sent);
            self.sent += sent as u64;
        }
        // A stream may have a buffer of its own, as TLS does.
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Moves records that are whole to the queue. A fault behind them is left for the next
    /// time, so that what came before it is not lost.
    fn take_records(&mut self, messages: &mut VecDeque<Received>) -> io::Result<usize> {
        for count in 0..BATCH_MAX {
            match self.reader.next_record() {
                Ok(Some(message)) => messages.push_back(Received::new(self.peer, message)),
                Err(fault) if count == 0 => return Err(io::Error::other(fault)),
                _ => return Ok(count),
            }
        }
        Ok(BATCH_MAX)
    }
}

impl<S: Stream> Transport for StreamTransport<S> {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Message>,
    ) -> Poll<io::Result<()>> {
        loop {
            while !self.unsent.is_full()
                && let Some(message) = messages.pop_front()
            {
                self.unsent.push(&message)?;
            }
            ready!(self.poll_flush(cx))?;
            if messages.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Received>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let count = self.take_records(messages)?;
            if count > 0 {
                return Poll::Ready(Ok(count));
            }
            let input = self.reader.input();
            match pin!(self.stream.read_buf(input)).poll(cx)? {
                Poll::Ready(0) if self.reader.is_between_records() => return Poll::Ready(Ok(0)),
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(_) => {}
                Poll::Pending => {
                    self.reader.release();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Without reading until the peer ends too, the bytes it sent meanwhile would make the
    /// operating system reset the connection, and the peer might lose the last replies.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        if !self.is_shut_down {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.is_shut_down = true;
        }
        let mut discarded = [0; DISCARD_LEN];
        loop {
            let mut buffer = ReadBuf::new(&mut discarded);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn progress(&self) -> Option<Progress> {
        Some(Progress {
            sent: self.sent,
            is_within_record: !self.reader.is_between_records(),
        })
    }

    fn abort(&mut self) {
        self.stream.abort();
    }

    fn peer(&self) -> Peer {
        self.peer
    }

    fn is_reliable(&self) -> bool {
        true
    }

    fn message_max(&self) -> usize {
        FRAGMENT_MAX
    }
}

#[cfg(test)]
impl Stream for tokio::io::DuplexStream {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn records_are_handed_over_in_batches() {
        let (mut peer, stream) = tokio::io::duplex(4000);
        let mut transport = StreamTransport::over(stream, Peer::Memory, 100);
        let records = [0x80, 0, 0, 0].repeat(1000);
        peer.write_all(&records).await.unwrap();
        drop(peer);
        let mut received = VecDeque::new();
        let mut total = 0;
        loop {
            let count = poll_fn(|cx| transport.poll_receive(cx, &mut received)).await;
            let count = count.unwrap();
            assert_eq!(received.drain(..).count(), count);
            assert!(count <= BATCH_MAX);
            if count == 0 {
                break;
            }
            total += count;
        }
        assert_eq!(total, 1000);
    }
}
