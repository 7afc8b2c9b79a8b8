//! Unix sockets: records between programs of one machine, who know each other's user.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    net::{UnixListener, UnixSocket, UnixStream},
    time::{sleep, timeout},
};

use super::{
    accept::{BACKLOG, Listen},
    reconnect::{Dial, Dialing},
    stream::{Stream, StreamTransport},
};
use crate::{
    Peer, UnixCredentials,
    connect::{CONNECT_DEADLINE, FULL_PAUSE, UnixAddress},
};

impl Stream for UnixStream {}

/// A Unix socket with record marking (RFC 5531 §11).
type UnixTransport = StreamTransport<UnixStream>;

fn transport(stream: UnixStream, record_max: usize) -> io::Result<UnixTransport> {
    let credentials = stream.peer_cred()?;
    let peer = Peer::Unix(UnixCredentials {
        uid: credentials.uid(),
        gid: credentials.gid(),
        pid: credentials.pid(),
    });
    Ok(StreamTransport::over(stream, peer, record_max))
}

/// Listens for connections at a Unix socket.
#[derive(Debug)]
pub(super) struct UnixAcceptor {
    /// What is removed at the end, where there is a file: before the socket is closed, or another server
    /// could find it stale, and its own file removed, which may get the same inode.
    _file: Option<SocketFile>,
    listener: UnixListener,
    record_max: usize,
}

impl UnixAcceptor {
    /// Listens at an address. A file gets these permissions, if there are any, before anybody can
    /// connect; one that a dead server left behind is replaced.
    pub(super) async fn bind(
        address: &UnixAddress,
        mode: Option<u32>,
        record_max: usize,
    ) -> io::Result<Self> {
        let path = address.path();
        let socket = UnixSocket::new_stream()?;
        let file = if address.is_abstract() {
            socket.bind(&path)?;
            None
        } else {
            remove_stale(&path).await?;
            socket.bind(&path)?;
            Some(SocketFile::new(path)?)
        };
        if let (Some(file), Some(mode)) = (&file, mode) {
            fs::set_permissions(&file.path, fs::Permissions::from_mode(mode))?;
        }
        Ok(Self {
            listener: socket.listen(BACKLOG)?,
            _file: file,
            record_max,
        })
    }
}

/// Removes a socket file that nobody listens at. Whether somebody does, only a connection tells.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if !is_socket {
        // Nothing is there, or what the operating system will not bind over.
        return Ok(());
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "a server listens there",
        )),
    }
}

/// The file of a socket, which is removed at the end unless another has taken its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    fn new(path: PathBuf) -> io::Result<Self> {
        let identity = identity(&path)?;
        Ok(Self { path, identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            // Somebody else may just have done so.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Listen for UnixAcceptor {
    type Transport = UnixTransport;

    async fn accept(&mut self) -> io::Result<Option<UnixTransport>> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            // A connection that has died already is no reason to do anything.
            if let Ok(transport) = transport(stream, self.record_max) {
                return Ok(Some(transport));
            }
        }
    }
}

/// Makes connections to one Unix socket.
#[derive(Debug, Clone)]
pub(super) struct UnixDialer {
    path: PathBuf,
    record_max: usize,
}

impl UnixDialer {
    pub(super) fn new(address: &UnixAddress, record_max: usize) -> Self {
        Self {
            path: address.path(),
            record_max,
        }
    }
}

impl Dial for UnixDialer {
    type Stream = UnixStream;

    fn dial(&self, delay: Duration) -> Dialing<UnixStream> {
        let Self { path, record_max } = self.clone();
        Box::pin(async move {
            sleep(delay).await;
            let stream = timeout(CONNECT_DEADLINE, connect(&path)).await??;
            transport(stream, record_max)
        })
    }
}

/// Connects; a server that has connections to accept already does not have it wait, so this does.
async fn connect(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(FULL_PAUSE).await,
            outcome => return outcome,
        }
    }
}
