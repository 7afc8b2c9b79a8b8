//! The service of `idl/interop.x`, both versions; `c/server.c` does the same.

use bytes::Bytes;
use rpc_runtime::{AuthStat, Context, Credential, ServiceError};
use xdr::ByteString;

use crate::interop_stubs::{Caller, Color, Everything, Node, Point, Shape, interop};

/// The service of both versions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Interop;

impl interop::v1::Service for Interop {
    async fn add(&self, _: &Context, a: i32, b: i32) -> Result<i32, ServiceError> {
        Ok(a.wrapping_add(b))
    }

    async fn echo(&self, _: &Context, value: Everything) -> Result<Everything, ServiceError> {
        Ok(value)
    }

    async fn reverse(&self, _: &Context, bytes: Bytes) -> Result<Bytes, ServiceError> {
        Ok(reversed(&bytes))
    }

    async fn nothing(&self, _: &Context) -> Result<(), ServiceError> {
        Ok(())
    }

    /// Says what the credential says, and refuses a caller without one.
    async fn whoami(&self, context: &Context) -> Result<Caller, ServiceError> {
        match context.credential() {
            Credential::Sys(claim) => Ok(Caller {
                uid: claim.uid,
                gid: claim.gid,
                machine: claim.machine_name.clone(),
            }),
            _ => Err(ServiceError::auth(AuthStat::TooWeak)),
        }
    }
}

impl interop::v3::Service for Interop {
    async fn add(&self, _: &Context, a: i32, b: i32, c: i32) -> Result<i32, ServiceError> {
        Ok(a.wrapping_add(b).wrapping_add(c))
    }

    async fn greet(&self, _: &Context, who: ByteString) -> Result<ByteString, ServiceError> {
        Ok([b"hello, ", who.as_bytes()].concat().into())
    }
}

/// These bytes backwards.
#[must_use]
pub fn reversed(bytes: &[u8]) -> Bytes {
    bytes.iter().rev().copied().collect()
}

/// So many bytes that look different everywhere, so that none can be lost or moved unnoticed.
#[must_use]
pub fn pattern(len: usize) -> Bytes {
    (0..len).map(|at| (at % 251).to_le_bytes()[0]).collect()
}

/// One value with something in every field and the given arm of the union.
#[must_use]
pub fn everything(figure: Shape) -> Everything {
    Everything {
        flag: true,
        big: i64::MIN + 1,
        large: u64::MAX - 1,
        part: -1.5,
        ratio: 0.1,
        tint: Color::Blue,
        sum: [1, 2, 3, 4, 5, 6],
        data: Bytes::from_static(b"seven b"),
        title: ByteString::from("not utf-8: \u{e9}"),
        triple: [i32::MIN, -1, i32::MAX],
        numbers: vec![0, u32::MAX],
        corner: Some(Point { x: -3, y: 4 }),
        list: (1..=3).map(|value| Node { value }).collect(),
        figure,
    }
}

/// A value for each arm of the union.
#[must_use]
pub fn figures() -> [Shape; 3] {
    let discriminant = Color::Blue;
    [
        Shape::Red(Point { x: 1, y: -2 }),
        Shape::Green(2.5),
        Shape::Default { discriminant },
    ]
}
