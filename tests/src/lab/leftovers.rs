//! Removal of what killed test runs left: namespaces and directories that carry the id of a process that is gone.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::process::{output_of, run, signal_pid};

/// Begins the name of every namespace and directory of a lab; the owner's process id follows.
pub(super) const PREFIX: &str = "crier-lab-";

/// Removes the leavings of runs that have ended.
pub(super) fn remove() {
    for name in output_of("ip", &["netns", "list"]).unwrap_or_default().lines() {
        // A line is "name" or "name (id: N)".
        if let Some(name) = name.split_whitespace().next()
            && is_orphan(name)
        {
            remove_namespace(name);
        }
    }
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_orphan) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Ends what still runs in a namespace and removes it.
pub(super) fn remove_namespace(name: &str) {
    for pid in output_of("ip", &["netns", "pids", name]).unwrap_or_default().lines() {
        if let Ok(pid) = pid.trim().parse() {
            signal_pid(pid, "KILL");
        }
    }
    drop(run(Command::new("ip").args(["netns", "del", name])));
}

fn is_orphan(name: &str) -> bool {
    let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
    pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists())
}
