//! What the kernel says of routes, in words.

use rustix::io::Errno;

/// Code of a path whose next hop cannot be reached.
pub const UNREACHABLE: &str = "unreachable";

/// The same in words.
pub fn unreachable(next_hop: &str) -> String {
    format!("no route of the kernel's leads to {next_hop} (RFC 4271, 9.1.2.1)")
}

/// What each of these means when a route was asked for, and what to do.
const MEANINGS: [(Errno, &str); 15] = [
    (Errno::EXIST, "somebody else's route is there"),
    (Errno::PERM, "crier may not change routes; it needs CAP_NET_ADMIN"),
    (Errno::ACCESS, "crier may not change routes; it needs CAP_NET_ADMIN"),
    (Errno::NETUNREACH, "the gateway is not on a link of this host any more"),
    (Errno::HOSTUNREACH, "the gateway is not on a link of this host any more"),
    (Errno::NETDOWN, "the interface is down"),
    (Errno::NODEV, "the interface is gone"),
    (Errno::NOENT, "what the route names is gone"),
    (Errno::NOBUFS, "the kernel has no room; see net.ipv6.route.max_size and the memory limit of its group"),
    (Errno::NOMEM, "the kernel has no memory"),
    (Errno::NOSPC, "the bridge has no room for its set of next hops"),
    (Errno::TOOBIG, "it has more next hops than the kernel takes"),
    (Errno::INVAL, "the kernel does not take such a route"),
    (Errno::OPNOTSUPP, "this kernel has no such thing"),
    (Errno::IO, "the kernel's answer was lost"),
];

/// An error number that the kernel answered with: what it means here, and what the system calls it.
pub fn errno(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    let name = text.split_once(" (os error").map_or(text.as_str(), |(name, _)| name);
    let meaning = MEANINGS.iter().find(|(number, _)| number.raw_os_error() == errno);
    meaning.map_or_else(|| name.to_owned(), |(_, meaning)| format!("{meaning} ({name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_in_words_and_by_name() {
        assert_eq!(errno(17), "somebody else's route is there (File exists)");
        assert_eq!(errno(1), "crier may not change routes; it needs CAP_NET_ADMIN (Operation not permitted)");
        assert_eq!(errno(110), "Connection timed out");
        assert_eq!(unreachable("10.9.9.9"), "no route of the kernel's leads to 10.9.9.9 (RFC 4271, 9.1.2.1)");
    }

    #[test]
    fn no_error_has_two_meanings() {
        let mut numbers: Vec<_> = MEANINGS.iter().map(|(errno, _)| errno.raw_os_error()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), MEANINGS.len());
    }
}
