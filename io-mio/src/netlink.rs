//! rtnetlink on the wire: what the kernel is asked about routes, next hops, links and addresses, and what it says.
//!
//! [`encode`] writes requests in place, [`decode`] reads a datagram where it lies, and [`Netlink`] is the socket
//! between them. None of the three allocates, keeps state of the kernel, or decides anything: that is their caller's.
//!
//! Every length that the kernel gives is checked. What makes no sense is [`decode::Message::Other`], never a panic.

use std::net::IpAddr;

use ipnet::IpNet;

pub mod decode;
pub mod encode;
mod numbers;
#[cfg(test)]
pub(crate) mod oracle;
mod socket;
mod writer;

pub use socket::{DATAGRAM, Group, Netlink, Received};

/// The family of a route, as rtnetlink tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
}

impl Family {
    /// The family that an address is of.
    #[must_use]
    pub const fn of(address: &IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The kernel's number for it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V4 => libc::AF_INET as u8,
            Self::V6 => libc::AF_INET6 as u8,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number as i32 {
            libc::AF_INET => Some(Self::V4),
            libc::AF_INET6 => Some(Self::V6),
            _ => None,
        }
    }
}

/// What tells a route from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteKey {
    /// Where to.
    pub prefix: IpNet,
    /// The table that it is in; 254 is `main`.
    pub table: u32,
    /// Who put it there; 186 is `bgp`.
    pub protocol: u8,
    /// The lower one wins. In a request, IPv6 takes zero for 1024, and a deletion takes it for any.
    pub metric: u32,
}

/// Where packets go next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// The router, which may be an IPv6 one for IPv4 packets (RFC 8950). `None` where the destination itself is on the
    /// link.
    pub gateway: Option<IpAddr>,
    /// The number of the interface. In a request zero leaves it to the kernel, which asks its routes for the gateway.
    pub interface: u32,
    /// The gateway is taken to be on the link, even if no route says so.
    pub onlink: bool,
}
