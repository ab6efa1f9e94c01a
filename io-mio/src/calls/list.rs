//! The list itself, for processors whose calls have 64-bit names.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// What the kernel is to do with a call: a program for it to run.
pub(super) fn filter(target: TargetArch) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in FILES.iter().chain(SOCKETS).chain(PROCESS).chain(OLD) {
        // Without a rule of its own it is allowed whatever its arguments.
        rules.insert(*call, Vec::new());
    }
    let family = |family: libc::c_int| equal(0, family);
    rules.insert(
        libc::SYS_socket,
        vec![
            SeccompRule::new(vec![family(libc::AF_INET)?, socket_type(libc::SOCK_STREAM)?])?,
            SeccompRule::new(vec![family(libc::AF_INET6)?, socket_type(libc::SOCK_STREAM)?])?,
            SeccompRule::new(vec![family(libc::AF_UNIX)?])?,
            SeccompRule::new(vec![family(libc::AF_NETLINK)?, equal(2, libc::NETLINK_ROUTE)?])?,
        ],
    );
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let no_code = SeccompCondition::new(2, Len::Dword, Op::MaskedEq(libc::PROT_EXEC as u64), 0)?;
        rules.insert(call, vec![SeccompRule::new(vec![no_code])?]);
    }
    // How std makes sockets non-blocking and descriptors close with a program, and what a terminal is asked.
    rules.insert(libc::SYS_ioctl, one_of(1, [libc::FIONBIO, libc::FIOCLEX, libc::TCGETS, libc::TIOCGWINSZ])?);
    rules.insert(libc::SYS_prctl, one_of(0, [libc::PR_SET_NAME, libc::PR_GET_NAME, libc::PR_SET_VMA])?);
    // An abort; nobody else's process.
    let own = std::process::id();
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        rules.insert(call, one_of(0, [own])?);
    }
    let unknown = SeccompAction::Errno(libc::ENOSYS as u32);
    SeccompFilter::new(rules, unknown, SeccompAction::Allow, target)?.try_into()
}

fn equal(argument: u8, value: libc::c_int) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Len::Dword, Op::Eq, u64::from(value.cast_unsigned()))
}

/// Type of a new socket, whatever flags come with it.
fn socket_type(kind: libc::c_int) -> Result<SeccompCondition, BackendError> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let mask = u64::from((!flags).cast_unsigned());
    SeccompCondition::new(1, Len::Dword, Op::MaskedEq(mask), kind as u64)
}

fn one_of<T: TryInto<u64>>(
    argument: u8,
    values: impl IntoIterator<Item = T>,
) -> Result<Vec<SeccompRule>, BackendError> {
    let known = values.into_iter().filter_map(|value| value.try_into().ok());
    known
        .map(|value| SeccompRule::new(vec![SeccompCondition::new(argument, Len::Dword, Op::Eq, value)?]))
        .collect()
}

/// Descriptors, and files by name, which Landlock and the file's own mode decide about.
const FILES: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_flock,
    libc::SYS_openat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
];

/// Sockets, and waiting for them.
const SOCKETS: &[libc::c_long] = &[
    libc::SYS_socketpair,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
];

/// Memory, time, threads, signals, and the process itself.
const PROCESS: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Forms that only older processors have, and that a libc may still prefer there.
#[cfg(target_arch = "x86_64")]
const OLD: &[libc::c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_eventfd,
    libc::SYS_time,
];
/// `renameat`, which the libc crate does not name for every libc.
#[cfg(target_arch = "aarch64")]
const OLD: &[libc::c_long] = &[38];
#[cfg(target_arch = "riscv64")]
const OLD: &[libc::c_long] = &[];
