//! Sockets of tokio, a task for each connection.

use std::io;

use bench_contract::{Fault, Load, Mode, Samples, Window, announce, idle, processor_time, report};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream},
    sync::mpsc,
};

use crate::traffic::{
    BUFFER_LEN, DATAGRAM_MAX, Hello, Outstanding, Sizes, datagram, reply_len, socket_path,
};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

pub(crate) async fn serve(unix: bool) -> Result<(), Fault> {
    if unix {
        let path = socket_path();
        let listener = UnixListener::bind(&path)?;
        announce(path);
        loop {
            tokio::spawn(answer(listener.accept().await?.0));
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(answer(stream));
    }
}

/// Answers calls; an error says that the client has ended.
async fn answer(mut stream: impl Stream) -> Result<(), Fault> {
    let mut hello = [0; Hello::LEN];
    stream.read_exact(&mut hello).await?;
    let Hello { sizes, batch } = Hello::from_bytes(&hello)?;
    // A connection without calls has no buffer.
    let mut first = [0];
    stream.read_exact(&mut first).await?;
    let mut calls = vec![0; sizes.call.max(BUFFER_LEN)];
    let replies = vec![9; (BUFFER_LEN / sizes.call + 1) * sizes.reply];
    let mut filled = first.len();
    loop {
        if batch {
            match stream.read(&mut calls).await? {
                0 => return Ok(()),
                read => filled += read,
            }
        } else {
            stream.read_exact(&mut calls[filled..sizes.call]).await?;
            filled = sizes.call;
        }
        let count = filled / sizes.call;
        filled %= sizes.call;
        stream.write_all(&replies[..count * sizes.reply]).await?;
    }
}

pub(crate) async fn call(load: Load, unix: bool, batch: bool) -> Result<(), Fault> {
    let sizes = Sizes::stream(&load);
    let hello = Hello { sizes, batch }.to_bytes()?;
    if unix {
        let mut streams = Vec::new();
        for _ in 0..load.connections() {
            let mut stream = UnixStream::connect(&load.address).await?;
            stream.write_all(&hello).await?;
            streams.push(stream);
        }
        return pump_all(streams, &load, batch).await;
    }
    let mut streams = Vec::new();
    for _ in 0..load.connections() {
        let mut stream = TcpStream::connect(&load.address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&hello).await?;
        streams.push(stream);
    }
    pump_all(streams, &load, batch).await
}

async fn pump_all(streams: Vec<impl Stream>, load: &Load, batch: bool) -> Result<(), Fault> {
    if load.mode == Mode::Idle {
        return idle().await;
    }
    let used_before = processor_time();
    let window = Window::open(load);
    let width = load.callers_per_connection();
    let sizes = Sizes::stream(load);
    let mut tasks = Vec::new();
    for stream in streams {
        tasks.push(if width * sizes.call > BUFFER_LEN {
            tokio::spawn(pump_both_ways(stream, sizes, width, window))
        } else {
            tokio::spawn(pump(stream, sizes, width, batch, window))
        });
    }
    let mut samples = Samples::default();
    for task in tasks {
        samples.append(task.await??);
    }
    report(load, &window, used_before, samples)
}

/// Keeps so many calls in flight.
async fn pump(
    mut stream: impl Stream,
    sizes: Sizes,
    width: usize,
    batch: bool,
    window: Window,
) -> io::Result<Samples> {
    let calls = vec![7; sizes.call * width];
    let mut replies = vec![0; sizes.reply.max(BUFFER_LEN)];
    let mut outstanding = Outstanding::new(window, width);
    let mut filled = 0;
    stream.write_all(&calls).await?;
    loop {
        let count = if batch {
            filled += stream.read(&mut replies).await?;
            let count = filled / sizes.reply;
            filled %= sizes.reply;
            count
        } else {
            stream.read_exact(&mut replies[..sizes.reply]).await?;
            1
        };
        if count > 0 && !outstanding.answered(count) {
            return Ok(outstanding.into_samples());
        }
        stream.write_all(&calls[..count * sizes.call]).await?;
    }
}

/// The same, reading and writing at once: large bodies may fill the buffers of both sockets, and both
/// ends would wait to write.
async fn pump_both_ways(
    stream: impl Stream,
    sizes: Sizes,
    width: usize,
    window: Window,
) -> io::Result<Samples> {
    let (mut read, mut write) = tokio::io::split(stream);
    let (begin, mut begun) = mpsc::unbounded_channel();
    let writer = async move {
        let call = vec![7; sizes.call];
        while begun.recv().await.is_some() {
            write.write_all(&call).await?;
        }
        io::Result::Ok(())
    };
    let reader = async move {
        let mut reply = vec![0; sizes.reply];
        let mut outstanding = Outstanding::new(window, width);
        for _ in 0..width {
            let _ = begin.send(());
        }
        loop {
            read.read_exact(&mut reply).await?;
            if !outstanding.answered(1) {
                return io::Result::Ok(outstanding.into_samples());
            }
            let _ = begin.send(());
        }
    };
    tokio::select! {
        samples = reader => samples,
        ended = writer => Err(ended.err().unwrap_or(io::ErrorKind::BrokenPipe.into())),
    }
}

pub(crate) async fn serve_udp() -> Result<(), Fault> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    announce(socket.local_addr()?);
    let mut call = vec![0; DATAGRAM_MAX];
    let reply = vec![9; DATAGRAM_MAX];
    loop {
        let (len, from) = socket.recv_from(&mut call).await?;
        let reply_len = reply_len(&call[..len])?;
        socket.send_to(&reply[..reply_len], from).await?;
    }
}

pub(crate) async fn call_udp(load: &Load) -> Result<(), Fault> {
    let sizes = Sizes::datagram(load);
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(&load.address).await?;
    let call = datagram(sizes)?;
    let mut reply = vec![0; DATAGRAM_MAX];
    let used_before = processor_time();
    let window = Window::open(load);
    let mut outstanding = Outstanding::new(window, load.callers_per_connection());
    for _ in 0..load.callers_per_connection() {
        socket.send(&call).await?;
    }
    loop {
        assert_eq!(socket.recv(&mut reply).await?, sizes.reply);
        if !outstanding.answered(1) {
            return report(load, &window, used_before, outstanding.into_samples());
        }
        socket.send(&call).await?;
    }
}
