//! `crier check`: what a configuration costs and what is doubtful about it.

use std::fmt::Write;
use std::path::Path;

use crier_core::Limits;
use crier_core::limits::TableUse;

use crate::memory;

use super::diagnostic::ConfigDiagnostic;
use super::router_id::{HostFacts, RouterIdSource};

/// Checks a file. `plan` gives the core's tables for some limits. On success the text for standard output: the BGP
/// identifier if it was chosen, the memory plan, warnings, and `FILE: ok` (exit code 0).
///
/// # Errors
/// What is wrong, for standard error, one line each (exit code 1).
pub fn check(
    path: &Path,
    facts: &HostFacts<'_>,
    plan: impl FnOnce(&Limits) -> Vec<TableUse>,
) -> Result<String, Vec<ConfigDiagnostic>> {
    let model = super::load(path, facts)?;
    let mut text = memory_plan(&plan(&model.limits), &model.limits);
    let chosen = match model.router_id_source {
        RouterIdSource::Configured => None,
        RouterIdSource::Address => Some("the highest IPv4 address of this host"),
        RouterIdSource::Derived => Some("derived, because this host has no IPv4 address"),
    };
    // Writing to a string cannot fail.
    if let Some(why) = chosen {
        let _ = writeln!(text, "router-id: {} ({why})", model.local.router_id);
    }
    for warning in &model.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let _ = writeln!(text, "{}: ok", path.display());
    Ok(text)
}

/// The tables with their entries and bytes, and the sum.
pub fn memory_plan(rows: &[TableUse], limits: &Limits) -> String {
    let mut text = format!("{:<16} {:>12} {:>14}\n", "TABLE", "ENTRIES", "BYTES");
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<16} {:>12} {:>14}", row.table.name(), row.capacity, row.bytes);
    }
    // The buffers of the event loop are no table of the core's, but memory all the same.
    let buffers = memory::loop_sizes(limits).bytes();
    let _ = writeln!(text, "{:<16} {:>12} {:>14}", memory::LOOP_BUFFERS, limits.connections, buffers);
    let total = buffers + rows.iter().map(|row| row.bytes).sum::<u64>();
    let _ = writeln!(text, "{:<16} {:>12} {:>14}", "total", "", total);
    text
}
