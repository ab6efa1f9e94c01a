//! The kernels of simulated hosts: their forwarding tables, what a route daemon asks of them, and what is asked of the result.

mod excuse;
pub mod fib;
pub mod linux;
pub mod paths;
mod step;

pub use excuse::excused;
pub use fib::{Fib, Hop, Lead, NextHop, Object, Way};
pub use linux::Linux;
pub use paths::{DataPlane, check_reachability};
pub use step::in_step;
