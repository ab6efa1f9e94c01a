//! What rustc wants of a library without std, whether or not anything uses it.

use core::alloc::{GlobalAlloc, Layout};

/// The crate ipnet names `alloc` for functions that crier does not call, and so rustc asks for an allocator. It has no place in
/// the linked image: `check` looks for it there.
struct Absent;

// SAFETY: it never hands out memory.
unsafe impl GlobalAlloc for Absent {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Absent = Absent;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
