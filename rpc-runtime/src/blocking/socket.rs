//! The system calls of a blocking client.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{PollFd, PollFlags, Timespec, poll},
    net::{self, RecvFlags, SendAncillaryBuffer, SendFlags, sockopt},
};

/// Sending never waits: whoever sends may have to receive meanwhile.
#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::DONTWAIT;

/// A connected socket, which several threads may use at once.
#[derive(Debug)]
pub(super) struct Socket(OwnedFd);

/// What a socket is ready for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Readiness {
    /// Something has come, or an end or error has.
    pub(super) input: bool,
    /// It takes more, or an error has come.
    pub(super) output: bool,
}

impl Socket {
    pub(super) fn new(socket: impl Into<OwnedFd>) -> Self {
        Self(socket.into())
    }

    /// The address of this end.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = net::getsockname(&self.0)?;
        SocketAddr::try_from(address).map_err(io::Error::from)
    }

    pub(super) fn into_inner(self) -> OwnedFd {
        self.0
    }

    /// Passes on as many bytes as the operating system takes at once.
    pub(super) fn send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let sent = match parts {
            [part] => net::send(&self.0, part, SEND),
            parts => net::sendmsg(&self.0, parts, &mut SendAncillaryBuffer::default(), SEND),
        };
        Ok(sent?)
    }

    /// Receives into the room of the buffer, behind what it holds; waits as long as
    /// [`set_patience`](Self::set_patience) has said.
    pub(super) fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let (_, len) = net::recv(&self.0, spare_capacity(buffer), RecvFlags::empty())?;
        Ok(len)
    }

    /// Receives what is there.
    pub(super) fn receive_now(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let (_, len) = net::recv(&self.0, spare_capacity(buffer), RecvFlags::DONTWAIT)?;
        Ok(len)
    }

    /// Sets how long receiving waits.
    pub(super) fn set_patience(&self, patience: Duration) -> io::Result<()> {
        sockopt::set_socket_timeout(&self.0, sockopt::Timeout::Recv, Some(patience))?;
        Ok(())
    }

    /// Waits until there is input, or until the socket takes more if that is asked for.
    pub(super) fn wait(&self, wanted: Readiness, timeout: Duration) -> io::Result<Readiness> {
        let mut events = PollFlags::empty();
        events.set(PollFlags::IN, wanted.input);
        events.set(PollFlags::OUT, wanted.output);
        let mut sockets = [PollFd::new(&self.0, events)];
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        poll(&mut sockets, Some(&timeout))?;
        let [socket] = sockets;
        let ended = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        Ok(Readiness {
            input: socket.revents().intersects(PollFlags::IN | ended),
            output: socket.revents().intersects(PollFlags::OUT | ended),
        })
    }

    /// Ends the connection; what has come can still be received.
    pub(super) fn shut_down(&self) {
        // A connection that has ended already is what is wanted.
        let _ = net::shutdown(&self.0, net::Shutdown::Both);
    }

    /// Has the connection end so that its port can be bound again at once.
    pub(super) fn abort_at_end(&self) {
        // Otherwise the operating system may refuse the port, and the caller sees that.
        let _ = sockopt::set_socket_linger(&self.0, Some(Duration::ZERO));
    }
}
