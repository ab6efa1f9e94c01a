//! The kernels of simulated hosts: their forwarding tables, how a speaker fills them, and what is asked of the result.

pub mod bridge;
mod excuse;
pub mod fib;
pub mod paths;

pub use bridge::Bridge;
pub use excuse::excused;
pub use fib::{Fib, Hop, NextHops};
pub use paths::{DataPlane, check_reachability};
