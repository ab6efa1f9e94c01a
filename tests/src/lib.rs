//! What crier's whole-program tests share: labs of real speakers in network namespaces, a scripted peer, and the
//! benchmarks.

pub mod bench;
pub mod lab;
pub mod raw_peer;
pub mod wire;
