//! An allocator that counts.
#![allow(unsafe_code, reason = "a global allocator")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// Counts, thread by thread, the bytes that are allocated, and the most that ever were.
///
/// A thread that frees what another one allocated has less than nothing.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all work is done by the system's allocator; the counters allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get() + size(layout));
        PEAK.set(PEAK.get().max(ALLOCATED.get()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get() - size(layout));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// No layout has more than `isize::MAX` bytes.
fn size(layout: Layout) -> isize {
    layout.size().cast_signed()
}

/// Bytes that are allocated by this thread.
pub(crate) fn allocated() -> isize {
    ALLOCATED.get()
}

/// The most bytes that were allocated at a time, beyond those that were before.
pub(crate) fn peak_of(work: impl FnOnce()) -> isize {
    let before = ALLOCATED.get();
    PEAK.set(before);
    work();
    PEAK.get() - before
}
