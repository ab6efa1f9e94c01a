//! The socket options that no crate below us offers. The only unsafe code here: one system call.
#![expect(unsafe_code, reason = "setsockopt has no safe form for these options")]

use std::io;
use std::os::fd::{AsFd, AsRawFd};

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

fn set(socket: &impl AsFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let descriptor = socket.as_fd();
    // SAFETY: the descriptor is open for as long as it is borrowed; the pointer is to a `c_int` that outlives the call,
    // and the length is its size. The kernel only reads it.
    let answer = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
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

    #[test]
    fn an_error_of_the_kernel_is_an_error() {
        let stream: OwnedFd = std::os::unix::net::UnixStream::pair().unwrap().0.into();
        assert!(set_min_ttl_v4(&TcpStream::from(stream), 255).is_err());
    }
}
