//! The command line of the simulator.
//!
//! Exit status: 0 when every rule held, 1 when one was broken, a run was given up or a recording is cut short, 2 for wrong
//! usage and for what the system refused.

mod capture;
mod cli;
mod many;
mod one;
mod output;
mod replay;
mod text;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::{Command, ExitCode};

use clap::Parser;

use self::cli::{Arguments, Mode};
use super::swarm;

/// Status of a broken rule.
const BROKEN: u8 = 1;
/// Status of wrong usage, and of what the system refused.
const REFUSED: u8 = 2;

/// Does what the arguments of this process ask for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(mutants)]
    arguments.mutant().into_iter().for_each(crier_core::mutant::activate);
    let mode = match arguments.mode() {
        Ok(mode) => mode,
        Err(error) => return refused(error),
    };
    match mode {
        Mode::One(candidate, one) => one::run(&candidate, &one),
        Mode::Swarm(swarm) => many::swarm(&swarm),
        Mode::Seeds(seeds) => many::seeds(&seeds),
        Mode::Replay(file) => replay::replay(&file),
        Mode::Worker => match swarm::serve(|candidate, again| candidate.run_checked(None, again)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refused(error),
        },
    }
}

/// What starts a worker: this very program.
fn worker() -> Command {
    // Where the system cannot tell which one that is, its name has to do.
    let program = std::env::current_exe().unwrap_or_else(|_| "sim".into());
    let mut command = Command::new(program);
    command.arg("--worker");
    #[cfg(mutants)]
    command.args(crier_core::mutant::active().iter().flat_map(|mutant| ["--mutant", mutant.name()]));
    command
}

/// Whether a fault is planted: then it is no use to shrink what is found.
fn planted() -> bool {
    #[cfg(mutants)]
    let planted = crier_core::mutant::active().is_some();
    #[cfg(not(mutants))]
    let planted = false;
    planted
}

/// Writes to standard output, where a reader that is gone is none of our business.
fn say(text: impl Display) {
    let mut out = io::stdout().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

fn refused(error: impl Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "sim: {error}");
    ExitCode::from(REFUSED)
}
