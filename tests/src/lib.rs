//! What crier's whole-program tests share: the simulator, labs of real speakers in network namespaces, a scripted peer, a
//! speaker in its loop on a thread of its own, attacks on crier, the benchmarks, and bounds of the core's work.

pub mod allocation;
pub mod bench;
pub mod bounds;
pub mod hostile;
pub mod lab;
pub mod raw_peer;
pub mod rig;
pub mod sim;
pub mod wire;
