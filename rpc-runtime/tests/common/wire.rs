//! Messages and records, by hand.

use bytes::Bytes;
use rpc_runtime::{CallHeader, OpaqueAuth, Procedure, Xid, record::LAST_FRAGMENT};
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::ADD;

/// The header of a call.
pub(crate) fn header(xid: u32, procedure: &Procedure, credential: OpaqueAuth) -> Vec<u8> {
    let mut encoder = xdr::Encoder::new();
    let header = CallHeader::new(Xid(xid), procedure, credential);
    encoder.encode(&header).unwrap();
    encoder.finish().to_vec()
}

/// A call of `add`, as a message.
pub(crate) fn add(xid: u32, a: i32, b: i32) -> Bytes {
    let arguments = [a, b].map(i32::to_be_bytes);
    [header(xid, &ADD, OpaqueAuth::NONE), arguments.concat()]
        .concat()
        .into()
}

/// The message that replies to a call of `add`.
pub(crate) fn sum(xid: u32, sum: i32) -> Vec<u8> {
    let mut reply = xid.to_be_bytes().to_vec();
    reply.extend([0, 0, 0, 1]);
    reply.extend([0; 16]);
    reply.extend(sum.to_be_bytes());
    reply
}

pub(crate) fn fragment(last: bool, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    let mark = if last { LAST_FRAGMENT | len } else { len };
    [&mark.to_be_bytes(), body].concat()
}

pub(crate) async fn receive_record(stream: &mut TcpStream) -> Vec<u8> {
    let mark = stream.read_u32().await.unwrap();
    assert_ne!(mark & LAST_FRAGMENT, 0);
    let mut record = vec![0; (mark & !LAST_FRAGMENT) as usize];
    stream.read_exact(&mut record).await.unwrap();
    record
}

/// Waits until the peer ends the connection, in order or not, without another byte.
pub(crate) async fn receive_end(stream: &mut TcpStream) {
    assert!(stream.read_u8().await.is_err());
}
