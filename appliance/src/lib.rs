//! crier: the program. A library, so that tests and the demo can use its parts; `main.rs` only calls [`cli::main`].

pub mod adoption;
pub mod cli;
pub mod config;
pub mod confine;
pub mod control;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod events;
pub mod keys;
pub mod kubernetes;
pub mod memory;
pub mod program;
pub mod reason;
pub mod record;
pub mod show;
pub mod sources;
pub mod text;
