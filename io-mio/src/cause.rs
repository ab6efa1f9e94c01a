//! Errors of sockets, in the core's words.

use std::io::{Error, ErrorKind};

use crier_core::speaker::CloseCause;

/// Why a connection ended, for an error of one of its calls.
pub(crate) fn close_cause(error: &Error) -> CloseCause {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            CloseCause::Reset
        }
        ErrorKind::ConnectionRefused => CloseCause::Refused,
        ErrorKind::TimedOut => CloseCause::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            CloseCause::Unreachable
        }
        _ => match error.raw_os_error() {
            Some(libc::EHOSTDOWN | libc::ENONET) => CloseCause::Unreachable,
            // An ICMP "protocol unreachable": the host is there and has no TCP.
            Some(libc::ENOPROTOOPT | libc::EPROTO) => CloseCause::Refused,
            _ => CloseCause::LocalError,
        },
    }
}

/// Whether the process, or the host, is out of something that comes back by itself: descriptors or memory.
pub(crate) fn is_exhaustion(error: &Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_connection_has_a_cause() {
        for (errno, cause) in [
            (libc::ECONNRESET, CloseCause::Reset),
            (libc::EPIPE, CloseCause::Reset),
            (libc::ECONNREFUSED, CloseCause::Refused),
            (libc::ETIMEDOUT, CloseCause::TimedOut),
            (libc::EHOSTUNREACH, CloseCause::Unreachable),
            (libc::ENETUNREACH, CloseCause::Unreachable),
            (libc::ENETDOWN, CloseCause::Unreachable),
            (libc::EHOSTDOWN, CloseCause::Unreachable),
            (libc::ENOPROTOOPT, CloseCause::Refused),
            (libc::EADDRNOTAVAIL, CloseCause::LocalError),
            (libc::EACCES, CloseCause::LocalError),
            (libc::EMFILE, CloseCause::LocalError),
        ] {
            assert_eq!(close_cause(&Error::from_raw_os_error(errno)), cause, "errno {errno}");
        }
    }

    #[test]
    fn running_out_is_told_from_other_errors() {
        assert!(is_exhaustion(&Error::from_raw_os_error(libc::EMFILE)));
        assert!(!is_exhaustion(&Error::from_raw_os_error(libc::ECONNABORTED)));
    }
}
