//! A client's connection, which any number of callers share.

use std::{
    future::poll_fn,
    io, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    CALL_HEADER_LEN, LAST_FRAGMENT, PROGRAM, REPLY_HEADER_LEN, len_word, put, take_record, word,
};

/// Bytes that buffers begin with.
const BUFFER_LEN: usize = 64 << 10;

/// Bytes of room that there are before each read.
const ROOM: usize = 16 << 10;

/// A place for a call, found by its xid.
enum Slot {
    Free { next: usize },
    Waiting(Option<Waker>),
    Answered(Bytes),
}

#[derive(Default)]
struct State {
    slots: Vec<Slot>,
    /// The first slot that is free, or the one to add.
    free: usize,
    output: BytesMut,
    /// Wakes the writer.
    writer: Option<Waker>,
}

pub(crate) struct Connection(Mutex<State>);

impl Connection {
    /// Begins to read and write.
    pub(crate) fn start(stream: TcpStream) -> io::Result<Arc<Self>> {
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let connection = Arc::new(Self(Mutex::default()));
        tokio::spawn(Arc::clone(&connection).read_all(read));
        tokio::spawn(Arc::clone(&connection).write_all(write));
        Ok(connection)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_all(self: Arc<Self>, mut read: OwnedReadHalf) {
        let mut input = BytesMut::with_capacity(BUFFER_LEN);
        while read.read_buf(&mut input).await.is_ok_and(|count| count > 0) {
            while let Some(record) = take_record(&mut input) {
                self.answered(record);
            }
            input.reserve(ROOM);
        }
    }

    async fn write_all(self: Arc<Self>, mut write: OwnedWriteHalf) {
        let mut output = BytesMut::with_capacity(BUFFER_LEN);
        loop {
            poll_fn(|cx| self.poll_output(cx, &mut output)).await;
            if write.write_all(&output).await.is_err() {
                return;
            }
            output.clear();
        }
    }

    /// Swaps the empty buffer for what is to be written.
    fn poll_output(&self, cx: &Context<'_>, empty: &mut BytesMut) -> Poll<()> {
        let mut state = self.lock();
        if state.output.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        mem::swap(&mut state.output, empty);
        Poll::Ready(())
    }

    fn answered(&self, record: Bytes) {
        let index = word(&record, 0) as usize;
        let mut state = self.lock();
        let before = mem::replace(&mut state.slots[index], Slot::Answered(record));
        drop(state);
        if let Slot::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }

    /// Calls, and gives the encoded result.
    pub(crate) async fn call(
        &self,
        procedure: u32,
        len: usize,
        arguments: impl FnOnce(&mut BytesMut),
    ) -> Bytes {
        let index = self.begin(procedure, len, arguments);
        let mut reply = poll_fn(|cx| self.poll_reply(cx, index)).await;
        let is_success = word(&reply, 1) == 1 && word(&reply, 2) == 0 && word(&reply, 5) == 0;
        assert!(is_success, "the call is accepted");
        reply.advance(REPLY_HEADER_LEN);
        reply
    }

    fn begin(&self, procedure: u32, len: usize, arguments: impl FnOnce(&mut BytesMut)) -> usize {
        let mut state = self.lock();
        let index = state.free;
        if let Some(Slot::Free { next }) = state.slots.get(index) {
            state.free = *next;
            state.slots[index] = Slot::Waiting(None);
        } else {
            state.slots.push(Slot::Waiting(None));
            state.free = index + 1;
        }
        let mark = LAST_FRAGMENT | len_word(CALL_HEADER_LEN + len);
        let xid = len_word(index);
        state.output.reserve(4 + CALL_HEADER_LEN + len);
        let words = [mark, xid, 0, 2, PROGRAM, 1, procedure, 0, 0, 0, 0];
        put(&mut state.output, &words);
        arguments(&mut state.output);
        let writer = state.writer.take();
        drop(state);
        if let Some(writer) = writer {
            writer.wake();
        }
        index
    }

    fn poll_reply(&self, cx: &Context<'_>, index: usize) -> Poll<Bytes> {
        let mut state = self.lock();
        let next = state.free;
        match mem::replace(&mut state.slots[index], Slot::Free { next }) {
            Slot::Answered(reply) => {
                state.free = index;
                Poll::Ready(reply)
            }
            Slot::Waiting(_) | Slot::Free { .. } => {
                state.slots[index] = Slot::Waiting(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}
