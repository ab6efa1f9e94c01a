//! The promise that nothing is allocated after start-up, held by an allocator that watches the thread that drives the loop.
//!
//! One program of its own, because a global allocator is for a whole process.

mod allocator;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod in_memory;
#[cfg(test)]
mod over_tcp;

#[global_allocator]
static ALLOCATOR: allocator::Watched = allocator::Watched;
