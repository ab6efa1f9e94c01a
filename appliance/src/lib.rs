//! The parts of the crier program.

pub mod config;
