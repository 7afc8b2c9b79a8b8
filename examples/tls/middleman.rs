//! Somebody between client and server who says that the server does not speak TLS.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

/// Bytes of a probe with its record mark.
const PROBE_LEN: usize = 44;

/// Takes one connection in place of the server, refuses the probe, and gives how many bytes the
/// client sends after that.
pub(crate) async fn start() -> io::Result<(SocketAddr, JoinHandle<io::Result<usize>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await?;
        let mut probe = [0; PROBE_LEN];
        client.read_exact(&mut probe).await?;
        client.write_all(&refusal(&probe)).await?;
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await?;
        Ok(rest.len())
    });
    Ok((address, task))
}

/// What a server answers that has not heard of TLS: `MSG_DENIED`, `AUTH_ERROR`, `AUTH_REJECTEDCRED`.
fn refusal(probe: &[u8; PROBE_LEN]) -> Vec<u8> {
    let [_, _, _, _, xid @ ..] = probe;
    let xid = xid.iter().take(4).copied();
    let words = [1_u32, 1, 1, 2].map(u32::to_be_bytes);
    // The last fragment of a record, of 20 bytes.
    let mark = 0x8000_0014_u32.to_be_bytes();
    mark.into_iter()
        .chain(xid)
        .chain(words.into_iter().flatten())
        .collect()
}
