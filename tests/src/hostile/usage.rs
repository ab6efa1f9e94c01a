//! What crier uses: tables, by its own account, and memory, by the kernel's.

use std::fs;

use serde_json::Value;

use crate::lab::{Crier, OrFail};

/// Tables as `crier status` shows them.
#[derive(Clone, Debug)]
pub struct Usage {
    status: Value,
}

impl Usage {
    /// Now.
    #[track_caller]
    pub fn of(crier: &Crier<'_>) -> Self {
        Self { status: crier.json(&["status"]) }
    }

    /// Entries in use in a table.
    #[track_caller]
    pub fn used(&self, table: &str) -> u64 {
        self.number(table, "used")
    }

    /// Entries that a table refused since the start.
    #[track_caller]
    pub fn refused(&self, table: &str) -> u64 {
        self.number(table, "refused")
    }

    /// Entries that a table has.
    #[track_caller]
    pub fn capacity(&self, table: &str) -> u64 {
        self.number(table, "capacity")
    }

    /// Connections that were turned away for this reason.
    pub fn turned_away(&self, reason: &str) -> u64 {
        self.status["turned_away"][reason].as_u64().unwrap_or_default()
    }

    /// Bytes of the whole plan.
    pub fn planned_bytes(&self) -> u64 {
        self.rows().filter_map(|row| row["bytes"].as_u64()).sum()
    }

    /// Bytes of the plan that are not touched before they are used, however it is configured.
    #[track_caller]
    pub fn untouched_bytes(&self) -> u64 {
        self.number("loop-buffers", "bytes")
    }

    fn rows(&self) -> impl Iterator<Item = &Value> {
        self.status["limits"].as_array().into_iter().flatten()
    }

    #[track_caller]
    fn number(&self, table: &str, key: &str) -> u64 {
        let row = self.rows().find(|row| row["table"] == table);
        row.and_then(|row| row[key].as_u64()).or_fail(format_args!("reading {key} of {table}"))
    }
}

/// Resident memory of a process that no file backs: RssAnon in `/proc/PID/status`.
#[track_caller]
pub fn anonymous_bytes(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).or_fail("reading /proc");
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.or_fail("reading RssAnon") * 1024
}
