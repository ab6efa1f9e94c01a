//! A simulator: hosts, links and crier speakers in virtual time, everything from one seed.
//!
//! A [`Plan`] says what there is (hosts with a `crier.toml` each, links between them) and what happens to it (faults, and
//! what operators do). The same plan gives the same frames, byte for byte, on every machine. The speakers are the very
//! core that the daemon runs, over TCP segments that are made, lost and sent again by smoltcp.

pub mod digest;
pub mod driver;
pub mod host;
pub mod judge;
pub mod kernel;
pub mod link;
pub mod memory;
pub mod observe;
pub mod oracle;
pub mod packet;
pub mod pcap;
pub mod plan;
mod referee;
pub mod replay;
pub mod report;
pub mod route;
pub mod run;
pub mod scenario;
pub mod swarm;
pub mod tcp;
pub mod time;
pub mod world;

pub use plan::Plan;
pub use report::{Failure, Outcome, Rule, Statistics, Verdict};
pub use route::Route;
pub use run::{Options, run};
pub use time::Micros;
pub use world::World;
