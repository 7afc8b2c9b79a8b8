//! Datagrams that wait for the driver to send them.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::packet::Header;

/// Datagrams in the order in which they leave, with the memory that they are cut from.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    arena: BytesMut,
    datagrams: VecDeque<T>,
}

impl<T> Outbox<T> {
    pub(super) fn new() -> Self {
        Self {
            arena: BytesMut::new(),
            datagrams: VecDeque::new(),
        }
    }

    /// Writes a packet down and adds it, with whatever belongs to it.
    pub(super) fn push(
        &mut self,
        header: &Header,
        body: &[u8],
        len_min: usize,
        addressed: impl FnOnce(Bytes) -> T,
    ) {
        let datagram = header.encode(body, len_min, &mut self.arena);
        self.datagrams.push_back(addressed(datagram));
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.datagrams.pop_front()
    }
}
