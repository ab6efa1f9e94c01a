//! A limit of the memory that a process may have the kernel use for it.

use std::fs;
use std::path::PathBuf;

use crier_tests::lab::{Lab, OrFail as _, Process};

/// A control group for memory. Its processes end before it.
pub(super) struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// `None` where the system has no such groups.
    pub(super) fn new(lab: &Lab) -> Option<Self> {
        let all = PathBuf::from("/sys/fs/cgroup/memory");
        let group = all.join(lab.dir().file_name()?);
        (all.join("memory.limit_in_bytes").exists() && fs::create_dir(&group).is_ok()).then_some(Self(group))
    }

    /// Puts a process into it. What it has already does not count; what exceeds the limit is refused, and nobody is killed.
    #[track_caller]
    pub(super) fn limit(&self, process: &Process, bytes: usize) {
        self.write("memory.oom_control", 1);
        self.write("memory.limit_in_bytes", bytes);
        self.write("cgroup.procs", process.pid() as usize);
    }

    /// How often the limit was in the way.
    pub(super) fn failures(&self) -> u64 {
        let text = fs::read_to_string(self.0.join("memory.failcnt")).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    #[track_caller]
    fn write(&self, name: &str, value: usize) {
        fs::write(self.0.join(name), value.to_string()).or_fail(name);
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}
