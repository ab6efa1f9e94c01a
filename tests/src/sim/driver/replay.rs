//! Recordings of real runs.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::say;
use crate::sim::replay;

/// Replays a recording and reports.
pub(super) fn replay(file: &Path) -> ExitCode {
    let (status, text) = replay::main_like(file);
    if status == 0 {
        say(format_args!("{text}\n"));
    } else {
        let _ = writeln!(io::stderr(), "{text}");
    }
    ExitCode::from(status)
}
