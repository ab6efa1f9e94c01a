//! Many seeds on all cores, each run in a process that may die of it.
//!
//! A run that panics aborts its process, and one that hangs never ends: so every job has a child process of the same
//! program ([`serve`]), which is given one [`Candidate`] after the other on its standard input. A [`Runner`] starts it again
//! when it is gone, and makes a broken rule of its end. [`hunt()`] has as many runners as there are cores, and shrinks what
//! fails.

pub mod candidate;
pub mod child;
pub mod hunt;
pub mod names;
pub mod panics;
pub mod runner;
pub mod shrink;
pub mod worker;

pub use candidate::{Answer, Candidate};
pub use hunt::{Event, Finding, Hunt, Run, hunt};
pub use names::Parts;
pub use runner::Runner;
pub use worker::serve;

#[cfg(test)]
mod tests;
