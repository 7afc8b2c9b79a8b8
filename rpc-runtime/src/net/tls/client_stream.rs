use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::net::stream::Stream;

/// What a client that was told to may end up with.
#[derive(Debug)]
pub(in crate::net) enum ClientStream {
    Secured(Box<TlsStream<TcpStream>>),
    /// The server does not speak TLS, and the user does not mind.
    Clear(TcpStream),
}

impl ClientStream {
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Secured(stream) => stream.get_ref().0,
            Self::Clear(stream) => stream,
        }
    }
}

/// The end is said within TLS, as far as that goes without waiting: otherwise a server could not tell
/// it from a connection that was cut.
impl Drop for ClientStream {
    fn drop(&mut self) {
        if let Self::Secured(stream) = self {
            let mut cx = Context::from_waker(Waker::noop());
            let _: Poll<io::Result<()>> = Pin::new(stream).poll_shutdown(&mut cx);
        }
    }
}

impl Stream for ClientStream {
    fn abort(&self) {
        self.tcp().abort();
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Secured(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Clear(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Secured(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Secured(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Clear(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Secured(stream) => Pin::new(stream).poll_flush(cx),
            Self::Clear(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Secured(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
