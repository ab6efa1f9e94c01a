//! The simulator: `sim --seed N`, `sim --swarm --minutes M`, `sim --seeds A..B`, `sim --replay FILE`; `sim --help`.

use std::process::ExitCode;

use crier_tests::allocation::Watched;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

fn main() -> ExitCode {
    crier_tests::sim::driver::main()
}
