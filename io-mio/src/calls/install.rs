//! Handing a filter to the kernel, with flags that no crate below us sets.
#![expect(unsafe_code, reason = "seccomp(2) has no safe form, in std, rustix or libc")]

use std::io;

use seccompiler::sock_filter;

use super::Threads;

/// `struct sock_fprog` of linux/filter.h.
#[repr(C)]
struct Program {
    length: libc::c_ushort,
    filter: *const sock_filter,
}

/// Installs a filter.
///
/// Linux 4.14 and later write a line into the kernel's log where it refuses something. Linux before 5.16 would turn a processor's
/// speculation off besides (Spectre 4), which costs much and defends against foreign code in the process: there is none.
pub(super) fn install(filter: &[sock_filter], threads: Threads) -> io::Result<()> {
    let must = match threads {
        Threads::This => 0,
        Threads::All => libc::SECCOMP_FILTER_FLAG_TSYNC,
    };
    let may = libc::SECCOMP_FILTER_FLAG_LOG | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    let mut last = io::Error::from(io::ErrorKind::Unsupported);
    for flags in [must | may, must | libc::SECCOMP_FILTER_FLAG_LOG, must] {
        last = match ask(filter, flags) {
            // An older kernel does not know a flag.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => error,
            answer => return answer,
        };
    }
    Err(last)
}

fn ask(filter: &[sock_filter], flags: libc::c_ulong) -> io::Result<()> {
    let length = libc::c_ushort::try_from(filter.len()).map_err(io::Error::other)?;
    let program = Program { length, filter: filter.as_ptr() };
    // SAFETY: length and pointer are those of one slice that outlives the call, and its elements have the kernel's layout
    // (`repr(C)`); the kernel copies them and writes nothing.
    let answer =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    match answer {
        0 => Ok(()),
        // The number of a thread that has filters which this one has not.
        1.. => Err(io::Error::other("another thread has a filter of its own")),
        _ => Err(io::Error::last_os_error()),
    }
}
