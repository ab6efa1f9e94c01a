//! The socket that requests and answers go through.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{RecvFlags, bind, getsockname, recvfrom};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::sockopt::{join_netlink_group, set_netlink_option, set_receive_buffer_beyond_limit};

/// Bytes that the kernel puts into one datagram of a dump at most.
pub const DATAGRAM: usize = 32 << 10;

/// A NETLINK_ROUTE socket that never blocks.
#[derive(Debug)]
pub struct Netlink {
    socket: Socket,
    port: u32,
}

/// What there was to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A datagram of this many bytes, from the kernel.
    Datagram(usize),
    /// A datagram that had more bytes than there was room for, namely this many. It is lost.
    Truncated(usize),
    /// The kernel had no room for what it wanted to say (ENOBUFS): notifications or answers are missing, and go on missing
    /// until everything that waits has been received.
    Overrun,
    /// Somebody else sent something, which was dropped.
    Foreign,
    /// Nothing. Readiness is told anew once there is something.
    Nothing,
}

/// What notifications can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Links.
    Links,
    /// IPv4 addresses.
    AddressesV4,
    /// IPv6 addresses.
    AddressesV6,
    /// IPv4 routes.
    RoutesV4,
    /// IPv6 routes.
    RoutesV6,
    /// Next-hop objects and groups.
    NextHops,
}

impl Netlink {
    /// A socket of its own, subscribed to nothing.
    ///
    /// The kernel is asked to look closely at requests for dumps, so that their filters count; not to repeat a request in
    /// its answer; and to say why it refuses. One that is too old for any of these does without.
    ///
    /// # Errors
    /// What the system says.
    pub fn open() -> io::Result<Self> {
        let domain = Domain::from(libc::AF_NETLINK);
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::from(libc::NETLINK_ROUTE)))?;
        // An answer waits as soon as it is asked for. If there is none it never comes, and the loop must not wait for it.
        socket.set_nonblocking(true)?;
        for option in [libc::NETLINK_GET_STRICT_CHK, libc::NETLINK_CAP_ACK, libc::NETLINK_EXT_ACK] {
            match set_netlink_option(&socket, option) {
                Err(error) if error.raw_os_error() != Some(libc::ENOPROTOOPT) => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        // The kernel chooses the port. Only a socket that has one gets notifications.
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        let port = SocketAddrNetlink::try_from(getsockname(&socket)?)?.pid();
        Ok(Self { socket, port })
    }

    /// Subscribes to notifications.
    ///
    /// # Errors
    /// What the system says. Before Linux 5.3 that is `EINVAL` for [`Group::NextHops`].
    pub fn subscribe(&self, group: Group) -> io::Result<()> {
        let number = match group {
            Group::Links => libc::RTNLGRP_LINK,
            Group::AddressesV4 => libc::RTNLGRP_IPV4_IFADDR,
            Group::AddressesV6 => libc::RTNLGRP_IPV6_IFADDR,
            Group::RoutesV4 => libc::RTNLGRP_IPV4_ROUTE,
            Group::RoutesV6 => libc::RTNLGRP_IPV6_ROUTE,
            Group::NextHops => libc::RTNLGRP_NEXTHOP,
        };
        join_netlink_group(&self.socket, number)
    }

    /// Room for this many bytes of what was not yet received, counted as the kernel does, with its own management. More
    /// than `net.core.rmem_max` takes CAP_NET_ADMIN; without it that is what there will be.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_receive_buffer(&self, bytes: usize) -> io::Result<()> {
        match set_receive_buffer_beyond_limit(&self.socket, bytes) {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
                self.socket.set_recv_buffer_size(bytes)
            }
            other => other,
        }
    }

    /// Messages that the requests of another socket cause are not received any more.
    ///
    /// # Errors
    /// What the system says.
    pub fn ignore(&self, port: u32) -> io::Result<()> {
        /// Where a message has the port of who caused it: `nlmsg_pid`.
        const CAUSE: u32 = 12;
        // The filter reads words in network order.
        let port = u32::from_be_bytes(port.to_ne_bytes());
        let line = |code: u32, jt: u8, jf: u8, k: u32| SockFilter::new(code as u16, jt, jf, k);
        self.socket.attach_filter(&[
            line(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, CAUSE),
            line(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, port),
            line(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
            line(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
        ])
    }

    /// The number that the kernel knows the socket by, which is in the messages that its requests cause.
    #[must_use]
    pub const fn port(&self) -> u32 {
        self.port
    }

    /// Sends one or more requests. The kernel has acted on all of them, and its answers wait, when this returns.
    ///
    /// # Errors
    /// What the system says.
    pub fn send(&self, requests: &[u8]) -> io::Result<()> {
        self.socket.send(requests).map(drop)
    }

    /// Receives one datagram into `room`.
    ///
    /// # Errors
    /// What the system says, apart from what [`Received`] has an answer for.
    pub fn receive(&self, room: &mut [u8]) -> io::Result<Received> {
        let space = room.len();
        // Flagged thus, the kernel tells the length that the datagram had.
        let (_, length, sender) = match recvfrom(&self.socket, room, RecvFlags::TRUNC) {
            Ok(received) => received,
            Err(Errno::AGAIN) => return Ok(Received::Nothing),
            Err(Errno::NOBUFS) => return Ok(Received::Overrun),
            Err(error) => return Err(error.into()),
        };
        let sender = sender.and_then(|sender| SocketAddrNetlink::try_from(sender).ok());
        Ok(match sender {
            Some(kernel) if kernel.pid() == 0 => {
                if length > space {
                    Received::Truncated(length)
                } else {
                    Received::Datagram(length)
                }
            }
            _ => Received::Foreign,
        })
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Netlink {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests;
