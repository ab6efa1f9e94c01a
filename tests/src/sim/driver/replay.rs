//! Recordings of real runs. Stand-in until `sim::replay` is there.

use std::path::Path;
use std::process::ExitCode;

use super::refused;

/// Replays a recording and reports.
pub(super) fn replay(file: &Path) -> ExitCode {
    refused(format_args!("{}: recordings are not there yet", file.display()))
}
