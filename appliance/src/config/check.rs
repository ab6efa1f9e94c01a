//! `crier check`: what a configuration costs and what is doubtful about it.

use std::fmt::Write;
use std::path::Path;

use crier_core::Limits;
use crier_core::limits::TableUse;
use crier_io_mio::kernel::{self, Settings};

use crate::keys::Keys;
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
    let mut text = memory_plan(&plan(&model.limits), &model.limits, model.kernel.as_ref());
    let chosen = match model.router_id_source {
        RouterIdSource::Configured => None,
        RouterIdSource::Address => Some("the highest IPv4 address of this host"),
        RouterIdSource::Derived => Some("derived, because this host has no IPv4 address"),
    };
    // Writing to a string cannot fail.
    if let Some(why) = chosen {
        let _ = writeln!(text, "router-id: {} ({why})", model.local.router_id);
    }
    let keys = Keys::read(&model, &Keys::default());
    for warning in model.warnings.iter().chain(&keys.warnings(&model)) {
        let _ = writeln!(text, "warning: {warning}");
    }
    let _ = writeln!(text, "{}: ok", path.display());
    Ok(text)
}

/// The tables with their entries and bytes, what serves the kernel's routes if they are served, and the sum.
pub fn memory_plan(rows: &[TableUse], limits: &Limits, kernel: Option<&Settings>) -> String {
    let mut text = format!("{:<16} {:>12} {:>14}\n", "TABLE", "ENTRIES", "BYTES");
    // The buffers of the event loop and the bridge are no tables of the core's, but memory all the same.
    let buffers = (memory::LOOP_BUFFERS, limits.connections.into(), memory::loop_sizes(limits).bytes());
    let bridge = kernel.into_iter().flat_map(|settings| kernel::plan(settings, limits));
    let rows: Vec<(&str, u64, u64)> = rows
        .iter()
        .map(|row| (row.table.name(), row.capacity, row.bytes))
        .chain([buffers])
        .chain(bridge.map(|share| (share.name, share.capacity, share.bytes)))
        .collect();
    for (name, capacity, bytes) in &rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<16} {capacity:>12} {bytes:>14}");
    }
    let total: u64 = rows.iter().map(|(_, _, bytes)| bytes).sum();
    let _ = writeln!(text, "{:<16} {:>12} {:>14}", "total", "", total);
    text
}
