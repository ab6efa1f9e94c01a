//! crier: the program.

use std::process::ExitCode;

use crier::cli::Programs;
use crier::{demo, doctor, program};

fn main() -> ExitCode {
    let programs =
        Programs { run: program::run, check: program::check, demo: demo::run, doctor: doctor::run };
    ExitCode::from(crier::cli::main(std::env::args_os(), &programs))
}
