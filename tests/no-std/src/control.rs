//! The control of the experiment: with these features an allocator, or std, is linked, and `check` must notice.

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

use alloc::vec::Vec;
use core::hint::black_box;

/// Allocates, and with std asks for an environment variable.
pub(crate) fn allocate(seed: u64) {
    let mut numbers = Vec::new();
    numbers.push(black_box(seed));
    black_box(numbers);
    #[cfg(feature = "std")]
    black_box(std::env::var("HOME").is_ok());
}
