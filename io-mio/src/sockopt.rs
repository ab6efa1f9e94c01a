//! The socket options that no crate below us offers. The only unsafe code here: two system calls.
#![expect(unsafe_code, reason = "setsockopt and getsockopt have no safe form for these options")]

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};

use ipnet::IpNet;

use crate::keys::Key;

/// Drops IPv4 packets whose TTL is below `ttl` (RFC 5082, 3).
pub(crate) fn set_min_ttl_v4(socket: &impl AsFd, ttl: u8) -> io::Result<()> {
    set(socket, libc::IPPROTO_IP, libc::IP_MINTTL, ttl.into())
}

/// Drops IPv6 packets whose hop limit is below `hops` (RFC 5082, 3).
pub(crate) fn set_min_hops_v6(socket: &impl AsFd, hops: u8) -> io::Result<()> {
    set(socket, libc::IPPROTO_IPV6, libc::IPV6_MINHOPCOUNT, hops.into())
}

/// Leaves the choice of the source port to `connect`, which can use one port for several remote ends.
pub(crate) fn set_bind_address_no_port(socket: &impl AsFd) -> io::Result<()> {
    set(socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

/// Switches an option of a netlink socket on (`NETLINK_*`).
pub(crate) fn set_netlink_option(socket: &impl AsFd, option: libc::c_int) -> io::Result<()> {
    set(socket, libc::SOL_NETLINK, option, 1)
}

/// Subscribes a netlink socket to a group of notifications (`RTNLGRP_*`).
pub(crate) fn join_netlink_group(socket: &impl AsFd, group: libc::c_uint) -> io::Result<()> {
    set(socket, libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, group.cast_signed())
}

/// A receive buffer of this many bytes, which may be more than the system's limit. Needs CAP_NET_ADMIN.
pub(crate) fn set_receive_buffer_beyond_limit(socket: &impl AsFd, bytes: usize) -> io::Result<()> {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    set(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes)
}

/// Bytes of `struct tcp_md5sig` (linux/tcp.h).
const MD5SIG: usize = 216;
/// The prefix length counts.
const TCP_MD5SIG_FLAG_PREFIX: u8 = 1;

/// Has every segment from and to these addresses signed with `key` (RFC 2385), on a listener or on a connection, open or not;
/// replaces the key that the prefix has. Without a key the prefix's is removed.
pub(crate) fn set_md5_key(socket: &impl AsFd, net: IpNet, key: Option<&Key>) -> io::Result<()> {
    let key = key.map(Key::as_bytes).unwrap_or_default();
    let (family, at, address) = match net.addr() {
        IpAddr::V4(address) => (libc::AF_INET, 4, &address.octets()[..]),
        IpAddr::V6(address) => (libc::AF_INET6, 8, &address.octets()[..]),
    };
    // An address as in `struct sockaddr_storage`, then flags, prefix length, length of the key, interface, key.
    let parts: [(usize, &[u8]); 5] = [
        (0, &(family as u16).to_ne_bytes()),
        (at, address),
        (128, &[TCP_MD5SIG_FLAG_PREFIX, net.prefix_len()]),
        (130, &(key.len() as u16).to_ne_bytes()),
        (136, key),
    ];
    let mut request = [0; MD5SIG];
    for (at, bytes) in parts {
        if let Some(room) = request.get_mut(at..at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
    }
    // Linux 4.13 brought prefixes; one host can be named without.
    let host = net.prefix_len() == net.max_prefix_len();
    let option = if host { libc::TCP_MD5SIG } else { libc::TCP_MD5SIG_EXT };
    let answer = set_bytes(socket, libc::IPPROTO_TCP, option, &request);
    request.fill(0);
    std::hint::black_box(&request);
    answer
}

/// Whether the kernel can sign segments: by TCP MD5 (RFC 2385), and by TCP-AO (RFC 5925), which crier does not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signing {
    /// TCP MD5.
    pub md5: bool,
    /// TCP-AO.
    pub ao: bool,
}

impl Signing {
    /// Asks the kernel, with a socket that is used for nothing else.
    ///
    /// # Errors
    /// What the system says if there is no such socket.
    pub fn probe() -> io::Result<Self> {
        /// Of linux/tcp.h, since Linux 6.7.
        const TCP_AO_INFO: libc::c_int = 40;
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        let known = |answer: io::Result<()>| {
            answer.map_or_else(|error| error.raw_os_error() != Some(libc::ENOPROTOOPT), |()| true)
        };
        let host = IpNet::from(IpAddr::from([127, 0, 0, 1]));
        Ok(Self {
            md5: known(set_md5_key(&socket, host, Key::new(b"probe").as_ref())),
            // Known or not; that a socket without keys has nothing to tell is an answer too.
            ao: known(get_bytes(&socket, libc::IPPROTO_TCP, TCP_AO_INFO, &mut [0; 64]).map(|_| ())),
        })
    }
}

/// Whether this thread may bind a connection to an interface (`local-interface`). Before Linux 5.7 that took CAP_NET_RAW.
pub fn may_bind_to_device() -> bool {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let bound = socket.and_then(|socket| socket.bind_device(Some(b"lo")));
    !bound.is_err_and(|error| error.raw_os_error() == Some(libc::EPERM))
}

/// TTL or hop limit of the segment that completed the handshake of an accepted connection from a neighbor with this address.
pub(crate) fn handshake_ttl(socket: &impl AsFd, remote: IpAddr) -> io::Result<Option<u8>> {
    let (level, report, options) = match remote {
        IpAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_RECVTTL, libc::IP_PKTOPTIONS),
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, libc::IPV6_2292PKTOPTIONS),
    };
    // It tells of what it was asked to report, and of that what the last segment of the handshake had.
    set(socket, level, report, 1)?;
    let mut control = [0; 64];
    let len = get_bytes(socket, level, options, &mut control);
    set(socket, level, report, 0)?;
    // One message: its length as `size_t`, level and type as `int`, then the value as `int`.
    const VALUE: usize = size_of::<libc::size_t>() + 2 * size_of::<libc::c_int>();
    let value = control.get(..len?).and_then(|control| control.get(VALUE..)).and_then(|it| it.first_chunk());
    Ok(value.and_then(|value| u8::try_from(libc::c_int::from_ne_bytes(*value)).ok()))
}

fn set(socket: &impl AsFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    set_bytes(socket, level, name, &value.to_ne_bytes())
}

fn set_bytes(socket: &impl AsFd, level: libc::c_int, name: libc::c_int, value: &[u8]) -> io::Result<()> {
    let descriptor = socket.as_fd();
    // SAFETY: the descriptor is open for as long as it is borrowed; pointer and length are those of one slice, which the
    // kernel only reads.
    let answer = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How many bytes of `room` were written.
fn get_bytes(
    socket: &impl AsFd,
    level: libc::c_int,
    name: libc::c_int,
    room: &mut [u8],
) -> io::Result<usize> {
    let descriptor = socket.as_fd();
    let mut len = room.len() as libc::socklen_t;
    // SAFETY: the descriptor is open for as long as it is borrowed; pointer and length are those of one slice, of which the
    // kernel writes at most as much as the length says, and the length outlives the call.
    let answer = unsafe {
        libc::getsockopt(descriptor.as_raw_fd(), level, name, room.as_mut_ptr().cast(), &raw mut len)
    };
    if answer == 0 { Ok(len as usize) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::OwnedFd;

    use super::*;

    #[test]
    fn the_kernel_takes_them() {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        set_min_ttl_v4(&v4, 255).unwrap();
        set_bind_address_no_port(&v4).unwrap();
        let v6 = TcpListener::bind("[::1]:0").unwrap();
        set_min_hops_v6(&v6, 254).unwrap();
        set_bind_address_no_port(&v6).unwrap();
    }

    #[test]
    fn a_minimum_is_enforced() {
        // Packets over loopback arrive with the TTL they were sent with, so the one with 64 gets no answer.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_min_ttl_v4(&listener, 255).unwrap();
        let address = listener.local_addr().unwrap().into();
        let far = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        far.set_ttl_v4(64).unwrap();
        far.set_nonblocking(true).unwrap();
        assert_eq!(far.connect(&address).unwrap_err().raw_os_error(), Some(libc::EINPROGRESS));
        let near = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        near.set_ttl_v4(255).unwrap();
        near.connect(&address).unwrap();
        assert_eq!(listener.accept().unwrap().1, near.local_addr().unwrap().as_socket().unwrap());
    }

    /// A pair of connected ends over loopback, the dialled one with this TTL.
    fn connected(address: &str, ttl: u8) -> (socket2::Socket, TcpStream) {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let domain = socket2::Domain::for_address(address);
        let near = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
        match address.ip() {
            IpAddr::V4(_) => near.set_ttl_v4(ttl.into()).unwrap(),
            IpAddr::V6(_) => near.set_unicast_hops_v6(ttl.into()).unwrap(),
        }
        near.connect(&address.into()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[test]
    fn the_kernel_says_what_it_can() {
        // What the test of keys below relies on; of TCP-AO nothing is known but that asking does no harm.
        assert!(Signing::probe().unwrap().md5);
    }

    #[test]
    fn the_handshake_tells_its_ttl() {
        for (address, ttl) in [("127.0.0.1:0", 255), ("127.0.0.1:0", 63), ("[::1]:0", 255), ("[::1]:0", 1)] {
            let (_near, accepted) = connected(address, ttl);
            let remote = accepted.peer_addr().unwrap().ip();
            assert_eq!(handshake_ttl(&accepted, remote).unwrap(), Some(ttl), "{address}");
        }
    }

    #[test]
    fn keys_are_taken_replaced_and_removed() {
        use std::io::{Read, Write};
        let key = |text: &str| Key::new(text.as_bytes());
        for (address, range) in [("127.0.0.1:0", "127.0.0.0/8"), ("[::1]:0", "::/64")] {
            let listener = TcpListener::bind(address).unwrap();
            let address = listener.local_addr().unwrap();
            let host = IpNet::from(address.ip());
            set_md5_key(&listener, range.parse().unwrap(), key("wide").as_ref()).unwrap();
            let near =
                socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)
                    .unwrap();
            set_md5_key(&near, host, key("wide").as_ref()).unwrap();
            near.connect(&address.into()).unwrap();
            let (mut accepted, _) = listener.accept().unwrap();
            // What was accepted has the range's key for its own neighbor, and both change in place.
            for text in ["other", "x"] {
                set_md5_key(&near, host, key(text).as_ref()).unwrap();
                set_md5_key(&accepted, host, key(text).as_ref()).unwrap();
                (&near).write_all(text.as_bytes()).unwrap();
                let mut heard = vec![0; text.len()];
                accepted.read_exact(&mut heard).unwrap();
                assert_eq!(heard, text.as_bytes());
            }
            set_md5_key(&near, host, None).unwrap();
            set_md5_key(&accepted, host, None).unwrap();
            let gone = set_md5_key(&accepted, host, None).unwrap_err();
            assert_eq!(gone.raw_os_error(), Some(libc::ENOENT));
        }
    }

    #[test]
    fn an_error_of_the_kernel_is_an_error() {
        let stream: OwnedFd = std::os::unix::net::UnixStream::pair().unwrap().0.into();
        assert!(set_min_ttl_v4(&TcpStream::from(stream), 255).is_err());
    }
}
