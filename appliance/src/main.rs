//! crier: the program.

use std::path::Path;
use std::process::ExitCode;

use crier::cli::{FAILED, Programs};

fn main() -> ExitCode {
    let programs = Programs { run: without_daemon, check: without_daemon, demo: || FAILED };
    ExitCode::from(crier::cli::main(std::env::args_os(), &programs))
}

/// The daemon is not part of this build.
fn without_daemon(_: &Path) -> u8 {
    FAILED
}
