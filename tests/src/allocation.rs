//! The system's allocator, which counts what a sealed thread asks of it and shows where it was asked, the first few
//! times.
//!
//! A program that wants it watched installs it: `#[global_allocator] static ALLOCATOR: Watched = Watched;`. In every other
//! program a seal is two thread-local writes, and nothing is ever counted.
#![expect(unsafe_code, reason = "a global allocator is an unsafe trait; each call is handed on as it came")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::io::Write;
use std::thread;

thread_local! {
    // Without a destructor and without lazy state, so that looking at them allocates nothing.
    static SEALED: Cell<bool> = const { Cell::new(false) };
    static BROKEN: Cell<u32> = const { Cell::new(0) };
    /// How many places are still shown; the rest is only counted.
    static TO_SHOW: Cell<u32> = const { Cell::new(3) };
    /// Bytes that this thread has taken and not given back; what others took or gave back for it makes it wrong.
    static HELD: Cell<u64> = const { Cell::new(0) };
}

/// The allocator.
pub struct Watched;

/// From now on, whatever this thread allocates, grows or frees is counted.
pub fn seal() {
    SEALED.set(true);
}

/// This thread may allocate again. How often it did while it was sealed.
pub fn unseal() -> u32 {
    SEALED.set(false);
    BROKEN.take()
}

/// From now on this thread only counts: no place is shown on standard error.
pub fn only_count() {
    TO_SHOW.set(0);
}

/// Calls `f` with this thread sealed: what it returned, and how often it allocated, grew or freed memory.
///
/// May be called inside another call, or between [`seal`] and [`unseal`]; what `f` did counts for each of them.
#[inline]
pub fn watched<T>(f: impl FnOnce() -> T) -> (T, u32) {
    let seal = Seal { outer: SEALED.replace(true), before: BROKEN.get() };
    let value = f();
    let count = BROKEN.get().saturating_sub(seal.before);
    (value, count)
}

/// Calls `f` with this thread unsealed, amid what is watched: for what stands in for somebody else, a kernel say.
#[inline]
pub fn unwatched<T>(f: impl FnOnce() -> T) -> T {
    let _seal = Seal { outer: SEALED.replace(false), before: BROKEN.get() };
    f()
}

/// Calls `f`: what it returned, and how many bytes it allocated on this thread and did not free.
pub fn measured<T>(f: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.get();
    let value = f();
    (value, HELD.get().wrapping_sub(before))
}

fn hold(more: usize, less: usize) {
    HELD.set(HELD.get().wrapping_add(more as u64).wrapping_sub(less as u64));
}

/// A seal around one call. It opens with the call's end, be it a panic.
struct Seal {
    /// Whether the thread was sealed already.
    outer: bool,
    /// What was counted until then.
    before: u32,
}

impl Drop for Seal {
    fn drop(&mut self) {
        SEALED.set(self.outer);
        if !self.outer {
            BROKEN.set(self.before);
        }
    }
}

fn note(what: &str, size: usize) {
    // A panic allocates for its message, and is told as what it is.
    if !SEALED.get() || thread::panicking() {
        return;
    }
    // What is shown allocates itself.
    SEALED.set(false);
    BROKEN.set(BROKEN.get().saturating_add(1));
    if let Some(left) = TO_SHOW.get().checked_sub(1) {
        TO_SHOW.set(left);
        // Past the test harness, which would buffer it.
        let _ = writeln!(
            std::io::stderr(),
            "sealed, but {what} of {size} bytes:\n{}",
            Backtrace::force_capture()
        );
    }
    SEALED.set(true);
}

// SAFETY: every call goes to the system's allocator as it came, which keeps the trait's contract; what is done besides
// touches no memory that is handed out.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note("an allocation", layout.size());
        hold(layout.size(), 0);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note("an allocation", layout.size());
        hold(layout.size(), 0);
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note("a reallocation", size);
        hold(size, layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note("a release", layout.size());
        hold(0, layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(memory, layout) }
    }
}
