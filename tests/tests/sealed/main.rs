//! The promise that nothing is allocated after start-up, held by an allocator that watches the thread that drives the loop.
//!
//! One program of its own, because a global allocator is for a whole process.

#[cfg(test)]
mod allocator;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod in_memory;
#[cfg(test)]
mod kernel;
#[cfg(test)]
mod netlink;
#[cfg(test)]
mod over_kernel;
#[cfg(test)]
mod over_tcp;

use crier_tests::allocation::Watched;

#[global_allocator]
static ALLOCATOR: Watched = Watched;
