//! The buffer that a thread has to spare: streams that take turns can have one after the other.

use std::cell::Cell;

use bytes::BytesMut;

use super::READ_MAX;

thread_local! {
    /// One is enough: who runs on this thread gives it back before the next takes it.
    static SPARE: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// An empty buffer with this much room.
pub(super) fn take(room: usize) -> BytesMut {
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    // What was cut off it may still be in use.
    if buffer.try_reclaim(room) {
        return buffer;
    }
    BytesMut::with_capacity(room)
}

/// Keeps an empty buffer, unless it is so large that it should not be kept for nothing.
pub(super) fn give(mut buffer: BytesMut) {
    if !buffer.try_reclaim(READ_MAX + 1) {
        // A thread that ends has no use for it.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}
