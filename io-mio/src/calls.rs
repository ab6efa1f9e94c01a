//! The system calls that the loop and its host need once they run. Every other one is answered with ENOSYS from then on.
//!
//! The list holds what std, mio, rustix and the C libraries call for what crier does, with their older and newer forms: a libc of
//! another version or make has to find its own. It has no call that starts a program or a thread, makes memory executable,
//! changes whose the process is, mounts, traces, or opens a socket other than TCP, Unix and route netlink ones.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod install;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod list;

use std::io;

/// Whose calls a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread's, and those of threads that it starts.
    This,
    /// Those of every thread of the process.
    All,
}

/// From now on only calls of the list are carried out. This cannot be taken back. Whoever is concerned must have set no-new-privs
/// before, or be privileged.
///
/// # Errors
/// `Unsupported` where there is no list for this processor; else what the system says. Then nothing has changed.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
pub fn restrict(threads: Threads) -> io::Result<()> {
    let broken = |error: seccompiler::BackendError| io::Error::other(error.to_string());
    let target = std::env::consts::ARCH.try_into().map_err(broken)?;
    install::install(&list::filter(target).map_err(broken)?, threads)
}

/// There is no list for this processor: nothing changes.
///
/// # Errors
/// Always `Unsupported`.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
pub fn restrict(_: Threads) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "crier has no list of system calls for this processor"))
}

#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod tests;
