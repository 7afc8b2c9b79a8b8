//! The two directions of a connection. Each is in the hands of one thread at a time.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use super::socket::{Readiness, Socket};
use crate::{
    Message,
    record::{RecordReader, SLICES_MAX, Unsent},
};

/// Bytes of room for what is received: many small replies, and the largest datagram.
const ROOM: usize = 64 << 10;

/// Bytes that a record lacks from which they are received where they will stay; fewer are copied
/// there, which costs less than moving the buffer.
const DIRECT_MIN: usize = 16 << 10;

/// Bytes of room that are made for a long record at first. Then the room doubles: memory grows with
/// the bytes received, not with a length claimed.
const DIRECT_ROOM: usize = 256 << 10;

/// A wait below which its end is left to `poll`: the time-out of a socket ends late by up to one tick
/// of the operating system's clock.
pub(super) const PATIENCE_MIN: Duration = Duration::from_millis(50);

/// How a socket carries messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// As records, of at most so many bytes, on a stream.
    Records {
        /// Bytes that a record may have.
        max: usize,
    },
    /// As datagrams, which may be lost.
    Datagrams,
}

/// What comes in.
#[derive(Debug)]
pub(super) struct Input {
    socket: Arc<Socket>,
    /// What has come and is not whole; none where messages are datagrams.
    reader: Option<RecordReader>,
    datagram: Option<Bytes>,
    /// Where the operating system puts what is short.
    room: Vec<u8>,
    /// How long the socket waits.
    patience: Duration,
    /// Whether the last wait brought nothing.
    was_silent: bool,
}

impl Input {
    pub(super) fn new(socket: Arc<Socket>, framing: Framing) -> Self {
        Self {
            socket,
            reader: match framing {
                Framing::Records { max } => Some(RecordReader::new(max)),
                Framing::Datagrams => None,
            },
            datagram: None,
            room: Vec::with_capacity(ROOM),
            patience: Duration::ZERO,
            was_silent: false,
        }
    }

    /// Waits for so long until something comes.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub(super) fn hear(&mut self, limit: Duration) -> io::Result<()> {
        if self.was_silent || limit < PATIENCE_MIN {
            return self.hear_or_send(false, limit).map(drop);
        }
        self.be_patient(limit)?;
        self.receive(Socket::receive)
    }

    /// Waits for so long until something comes or, if that is asked for, more can be sent, and says
    /// whether it can.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub(super) fn hear_or_send(&mut self, output: bool, limit: Duration) -> io::Result<bool> {
        let wanted = Readiness {
            input: true,
            output,
        };
        let ready = match self.socket.wait(wanted, limit) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            ready => ready.unwrap_or_default(),
        };
        if ready.input {
            self.receive(Socket::receive_now)?;
        }
        Ok(ready.output)
    }

    /// Has the socket wait for most of this time. It is told so only where it would wait for longer,
    /// or for less than a quarter: that is a system call which most calls need not make.
    fn be_patient(&mut self, limit: Duration) -> io::Result<()> {
        if self.patience > limit || self.patience < limit / 4 {
            self.patience = limit / 8 * 7;
            self.socket.set_patience(self.patience)?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        receive: fn(&Socket, &mut Vec<u8>) -> io::Result<usize>,
    ) -> io::Result<()> {
        let received = match &mut self.reader {
            Some(reader) if reader.missing() >= DIRECT_MIN => {
                let mut input = reader.take_out();
                let room = reader_room(input.len());
                input.reserve(room);
                let received = receive(&self.socket, &mut input);
                reader.put_back(input);
                received
            }
            reader => {
                self.room.clear();
                let received = receive(&self.socket, &mut self.room);
                match reader {
                    Some(reader) => reader.input().extend_from_slice(&self.room),
                    None if received.is_ok() => {
                        self.datagram = Some(Bytes::copy_from_slice(&self.room));
                    }
                    None => {}
                }
                received
            }
        };
        self.was_silent = received.is_err();
        match received {
            Ok(0) => self.ended(),
            Err(error) if self.reader.is_some() && !is_pause(&error) => Err(error),
            // An error of a datagram socket tells of a datagram sent earlier that could not be
            // delivered. It is passed over: whoever can forge ICMP messages must not be able to end
            // calls.
            _ => Ok(()),
        }
    }

    /// What nothing received means: a datagram may be empty.
    fn ended(&self) -> io::Result<()> {
        match &self.reader {
            None => Ok(()),
            Some(reader) if reader.is_between_records() => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the peer closed the connection",
            )),
            Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Takes the next message that is all there.
    ///
    /// # Errors
    ///
    /// The peer sent what is no record.
    pub(super) fn next_message(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.reader {
            Some(reader) => reader.next_record().map_err(io::Error::other),
            None => Ok(self.datagram.take()),
        }
    }
}

/// Room to make for a long record of which so many bytes have come.
fn reader_room(received: usize) -> usize {
    received.max(DIRECT_ROOM)
}

/// Whether nothing came, or nothing could be sent, and that is all.
fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// What goes out.
#[derive(Debug)]
pub(super) struct Output {
    socket: Arc<Socket>,
    unsent: Form,
    /// Whether the operating system takes no more at present.
    pub(super) is_blocked: bool,
    /// Whether it takes no more at all.
    pub(super) is_broken: bool,
}

#[derive(Debug)]
enum Form {
    Records(Unsent),
    Datagrams(VecDeque<Message>),
}

impl Output {
    pub(super) fn new(socket: Arc<Socket>, framing: Framing) -> Self {
        Self {
            socket,
            unsent: match framing {
                Framing::Records { .. } => Form::Records(Unsent::default()),
                Framing::Datagrams => Form::Datagrams(VecDeque::new()),
            },
            is_blocked: false,
            is_broken: false,
        }
    }

    /// Whether everything that was taken over is sent.
    pub(super) fn is_empty(&self) -> bool {
        match &self.unsent {
            Form::Records(unsent) => unsent.is_empty(),
            Form::Datagrams(messages) => messages.is_empty(),
        }
    }

    /// Whether the next message should wait, so that it is known not to be sent should the connection
    /// end.
    pub(super) fn is_full(&self) -> bool {
        match &self.unsent {
            Form::Records(unsent) => unsent.is_full(),
            Form::Datagrams(messages) => messages.len() >= SLICES_MAX,
        }
    }

    /// Takes a message over.
    ///
    /// # Errors
    ///
    /// It is too long for a record.
    pub(super) fn push(&mut self, message: Message) -> io::Result<()> {
        match &mut self.unsent {
            Form::Records(unsent) => unsent.push(&message),
            Form::Datagrams(messages) => {
                messages.push_back(message);
                Ok(())
            }
        }
    }

    /// Sends what was taken over, as far as the operating system takes it.
    pub(super) fn send(&mut self) {
        if self.try_send().is_err() {
            // The server may have answered before it ended the connection, so that the end of the
            // input counts. It comes now.
            self.is_broken = true;
            self.socket.shut_down();
        }
    }

    fn try_send(&mut self) -> io::Result<()> {
        while !self.is_empty() {
            match self.send_some() {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_pause(&error) => {
                    self.is_blocked = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn send_some(&mut self) -> io::Result<()> {
        match &mut self.unsent {
            Form::Records(unsent) => {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let sent = self.socket.send(unsent.slices(&mut slices))?;
                unsent.advance(sent);
            }
            Form::Datagrams(messages) => {
                let Some(message) = messages.front() else {
                    return Ok(());
                };
                match self.socket.send(&[IoSlice::new(&message.to_bytes())]) {
                    Err(error) if is_pause(&error) => return Err(error),
                    // An error of one datagram is a datagram lost: the next may well arrive.
                    _ => drop(messages.pop_front()),
                }
            }
        }
        Ok(())
    }

    /// Waits for so long until the operating system takes more.
    pub(super) fn wait(&mut self, limit: Duration) {
        let wanted = Readiness {
            input: false,
            output: true,
        };
        // What is wrong with the socket shows when it is used.
        let ready = self.socket.wait(wanted, limit);
        self.is_blocked = ready.is_ok_and(|ready| !ready.output);
    }
}
