//! The least that a runtime for these calls on tokio can be: real headers, calls found by their xid, many
//! callers on one connection, one write for all that wait, calls answered where they are read. No
//! deadlines, credentials, fragments or errors: a bound for what can be aimed at, not a runtime.

#![forbid(unsafe_code)]

mod connection;

use std::sync::Arc;

use bench_contract::{Caller, Fault, Load, Operation, Role, announce, arguments, drive, runtime};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use connection::Connection;

/// The bit of a record mark that says that the record ends with this fragment.
const LAST_FRAGMENT: u32 = 1 << 31;

const PROGRAM: u32 = 0x2000_0099;

/// Bytes of a call header and a reply header without credentials.
const CALL_HEADER_LEN: usize = 40;
const REPLY_HEADER_LEN: usize = 24;

fn put(output: &mut BytesMut, words: &[u32]) {
    for word in words {
        output.extend_from_slice(&word.to_be_bytes());
    }
}

fn word(bytes: &[u8], index: usize) -> u32 {
    u32::from_be_bytes(bytes.as_chunks().0[index])
}

/// A number of bytes on the wire.
fn len_word(len: usize) -> u32 {
    u32::try_from(len).expect("nothing that long is sent")
}

/// A whole record of one fragment off the front, sharing its memory.
fn take_record(input: &mut BytesMut) -> Option<Bytes> {
    if input.len() < 4 {
        return None;
    }
    let len = (word(input, 0) & !LAST_FRAGMENT) as usize;
    if input.len() < 4 + len {
        input.reserve(4 + len - input.len());
        return None;
    }
    input.advance(4);
    Some(input.split_to(len).freeze())
}

/// Answers all calls that one read brought with one write; an error says that the client has ended.
async fn answer(mut stream: TcpStream) -> Result<(), Fault> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::new();
    let mut output = BytesMut::new();
    loop {
        if input.is_empty() {
            // A connection without calls has no buffer.
            stream.readable().await?;
        }
        input.reserve(16 << 10);
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        while let Some(call) = take_record(&mut input) {
            reply(&call, &mut output);
        }
        stream.write_all(&output).await?;
        output.clear();
    }
}

fn reply(call: &[u8], output: &mut BytesMut) {
    let (header, arguments) = call.split_at(CALL_HEADER_LEN);
    assert!(word(header, 1) == 0 && word(header, 2) == 2 && word(header, 3) == PROGRAM);
    let accepted = |len: usize| {
        let mark = LAST_FRAGMENT | len_word(REPLY_HEADER_LEN + len);
        [mark, word(header, 0), 1, 0, 0, 0, 0]
    };
    match word(header, 5) {
        0 => put(output, &accepted(0)),
        1 => {
            put(output, &accepted(4));
            put(
                output,
                &[word(arguments, 0).wrapping_add(word(arguments, 1))],
            );
        }
        _ => {
            put(output, &accepted(arguments.len()));
            output.extend_from_slice(arguments);
        }
    }
}

struct Client {
    connection: Arc<Connection>,
    data: Bytes,
}

impl Caller for Client {
    async fn call(&mut self, operation: Operation) -> Result<(), Fault> {
        match operation {
            Operation::Null => assert!(self.connection.call(0, 0, |_| ()).await.is_empty()),
            Operation::Add => {
                let result = self.connection.call(1, 8, |output| put(output, &[40, 2]));
                assert_eq!(word(&result.await, 0), 42);
            }
            Operation::Echo => {
                let len = self.data.len();
                let padding = len.next_multiple_of(4) - len;
                let arguments = |output: &mut BytesMut| {
                    put(output, &[len_word(len)]);
                    output.extend_from_slice(&self.data);
                    output.extend_from_slice(&[0; 3][..padding]);
                };
                let result = self.connection.call(2, 4 + len + padding, arguments).await;
                assert_eq!(word(&result, 0), len_word(len));
                assert_eq!(result.len(), 4 + len + padding);
            }
        }
        Ok(())
    }
}

async fn serve() -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(answer(stream));
    }
}

async fn call(load: &Load) -> Result<(), Fault> {
    let mut callers = Vec::new();
    for _ in 0..load.connections() {
        let stream = TcpStream::connect(&load.address).await?;
        let connection = Connection::start(stream)?;
        for _ in 0..load.callers_per_connection() {
            callers.push(Client {
                connection: Arc::clone(&connection),
                data: vec![7; load.size].into(),
            });
        }
    }
    drive(load, callers).await
}

fn main() -> Result<(), Fault> {
    let (flavour, role) = arguments()?;
    match role {
        Role::Server => runtime(&flavour)?.block_on(serve()),
        Role::Client(load) => runtime(&flavour)?.block_on(call(&load)),
    }
}
