//! Sockets of the standard library, a thread for each connection.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::{UnixListener, UnixStream},
    thread,
    time::Duration,
};

use bench_contract::{Fault, Load, Samples, Window, announce, processor_time, report};

use crate::traffic::{
    BUFFER_LEN, DATAGRAM_MAX, Hello, Outstanding, Sizes, datagram, reply_len, socket_path,
};

/// How long a reply may take before its datagram counts as lost.
const DATAGRAM_LOST: Duration = Duration::from_secs(1);

trait Stream: Read + Write + Send + 'static {}

impl<T: Read + Write + Send + 'static> Stream for T {}

pub(crate) fn serve(unix: bool) -> Result<(), Fault> {
    if unix {
        let path = socket_path();
        let listener = UnixListener::bind(&path)?;
        announce(path);
        for stream in listener.incoming() {
            let stream = stream?;
            thread::spawn(move || serve_one(stream));
        }
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    announce(listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        thread::spawn(move || serve_one(stream));
    }
    Ok(())
}

/// Answers calls, and stays when the client has ended: the processor time of a thread is only to be
/// seen while it is there.
fn serve_one(stream: impl Stream) {
    let _ = answer(stream);
    loop {
        thread::park();
    }
}

/// Answers each call with a write of its own; an error says that the client has ended.
fn answer(mut stream: impl Stream) -> Result<(), Fault> {
    let mut hello = [0; Hello::LEN];
    stream.read_exact(&mut hello)?;
    let sizes = Hello::from_bytes(&hello)?.sizes;
    let mut call = vec![0; sizes.call];
    let reply = vec![9; sizes.reply];
    loop {
        stream.read_exact(&mut call)?;
        stream.write_all(&reply)?;
    }
}

pub(crate) fn call(load: Load, unix: bool) -> Result<(), Fault> {
    let used_before = processor_time();
    let window = Window::open(&load);
    let mut threads = Vec::new();
    for _ in 0..load.connections() {
        let stream = connect(&load, unix)?;
        let load = load.clone();
        threads.push(thread::spawn(move || pump(stream, &load, window)));
    }
    let mut samples = Samples::default();
    for thread in threads {
        let ended = thread.join().map_err(|_| "a thread panicked")?;
        samples.append(ended?);
    }
    report(&load, &window, used_before, samples)
}

fn connect(load: &Load, unix: bool) -> Result<Box<dyn Stream>, Fault> {
    let sizes = Sizes::stream(load);
    let mut stream: Box<dyn Stream> = if unix {
        Box::new(UnixStream::connect(&load.address)?)
    } else {
        let stream = TcpStream::connect(&load.address)?;
        stream.set_nodelay(true)?;
        Box::new(stream)
    };
    let batch = false;
    stream.write_all(&Hello { sizes, batch }.to_bytes()?)?;
    Ok(stream)
}

/// Keeps as many calls in flight as the load says.
fn pump(mut stream: Box<dyn Stream>, load: &Load, window: Window) -> io::Result<Samples> {
    let sizes = Sizes::stream(load);
    let width = load.callers_per_connection();
    let call = vec![7; sizes.call];
    let mut reply = vec![0; sizes.reply.max(BUFFER_LEN)];
    let reply = &mut reply[..sizes.reply];
    let mut outstanding = Outstanding::new(window, width);
    stream.write_all(&call.repeat(width))?;
    loop {
        stream.read_exact(reply)?;
        if !outstanding.answered(1) {
            return Ok(outstanding.into_samples());
        }
        stream.write_all(&call)?;
    }
}

pub(crate) fn serve_udp() -> Result<(), Fault> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    announce(socket.local_addr()?);
    let mut call = vec![0; DATAGRAM_MAX];
    let reply = vec![9; DATAGRAM_MAX];
    loop {
        let (len, from) = socket.recv_from(&mut call)?;
        let reply_len = reply_len(&call[..len])?;
        socket.send_to(&reply[..reply_len], from)?;
    }
}

pub(crate) fn call_udp(load: &Load) -> Result<(), Fault> {
    let sizes = Sizes::datagram(load);
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(&load.address)?;
    socket.set_read_timeout(Some(DATAGRAM_LOST))?;
    let call = datagram(sizes)?;
    let mut reply = vec![0; DATAGRAM_MAX];
    let used_before = processor_time();
    let window = Window::open(load);
    let mut outstanding = Outstanding::new(window, load.callers_per_connection());
    for _ in 0..load.callers_per_connection() {
        socket.send(&call)?;
    }
    loop {
        assert_eq!(socket.recv(&mut reply)?, sizes.reply);
        if !outstanding.answered(1) {
            return report(load, &window, used_before, outstanding.into_samples());
        }
        socket.send(&call)?;
    }
}
