//! Routes and their next hops.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use netlink_bindings::rt_route::{RouteAttrs, Rtmsg};
use netlink_bindings::utils::{IterableChunks, find_attr, parse_ip};

use super::super::numbers::{ALIGNMENT, RTA_VIA, RTNH_F_DEAD, RTNH_F_LINKDOWN, RTNH_F_ONLINK};
use super::super::{Family, Hop, RouteKey};
use super::{split, u16_at};

/// Bytes of a struct rtnexthop.
const HOP_HEADER: usize = 8;

/// A route of the kernel's.
#[derive(Clone, Debug)]
pub struct Route<'a> {
    /// What tells it from others. A default route's prefix is `0.0.0.0/0` or `::/0`.
    pub key: RouteKey,
    /// What becomes of packets.
    pub kind: RouteKind,
    /// How far it is: `RT_SCOPE_*`, zero for everywhere, 253 for the link.
    pub scope: u8,
    /// `RTM_F_*` and, where there is one next hop, its `RTNH_F_*`.
    pub flags: u32,
    /// It is for packets with a certain TOS or source only. Such a route stands beside the one with the same key.
    pub conditional: bool,
    /// The next-hop object that it leads to.
    pub object: Option<u32>,
    hops: Hops<'a>,
}

/// What becomes of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// They are forwarded.
    Unicast,
    /// They are for this host.
    Local,
    /// They are for this host and all others on the link.
    Broadcast,
    /// They are for this host, as the nearest of several.
    Anycast,
    /// They are for a group.
    Multicast,
    /// They are dropped.
    Blackhole,
    /// They are dropped, and their sender is told that there is no way.
    Unreachable,
    /// They are dropped, and their sender is told that it may not.
    Prohibit,
    /// Another table is asked.
    Throw,
    /// What the kernel may come up with.
    Other(u8),
}

/// A next hop of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteHop {
    /// Where packets go.
    pub hop: Hop,
    /// Its share, from 1 to 256.
    pub weight: u16,
    /// `RTNH_F_*`.
    pub flags: u8,
}

/// The next hops of a route, in the kernel's order. None where the route leads to an object and the kernel was told not
/// to say what that stands for (`net.ipv4.nexthop_compat_mode`).
#[derive(Clone, Debug)]
pub struct Hops<'a> {
    single: Option<RouteHop>,
    several: &'a [u8],
}

impl<'a> Route<'a> {
    pub(super) fn decode(body: &'a [u8]) -> Option<Self> {
        let (header, attributes) = split::<12>(body)?;
        let header = Rtmsg::new_from_array(header);
        let family = Family::from_number(header.rtm_family)?;
        let (mut table, mut metric) = (u32::from(header.rtm_table), 0);
        let (mut to, mut object, mut gateway, mut interface) = (None, None, None, None);
        let mut several = [].as_slice();
        for attribute in RouteAttrs::new(attributes).flatten() {
            match attribute {
                RouteAttrs::Dst(ip) => to = Some(ip),
                RouteAttrs::Table(is) => table = is,
                RouteAttrs::Priority(is) => metric = is,
                RouteAttrs::NhId(id) => object = Some(id),
                RouteAttrs::Gateway(ip) => gateway = Some(ip),
                RouteAttrs::Oif(index) => interface = Some(index),
                RouteAttrs::Multipath(bytes) => several = bytes,
                _ => {}
            }
        }
        let gateway = gateway.or_else(|| find_attr(attributes, RTA_VIA).and_then(via));
        let single = (gateway.is_some() || interface.is_some()).then(|| {
            let [flags, ..] = header.rtm_flags.to_le_bytes();
            RouteHop::new(gateway, interface.unwrap_or_default(), flags, 0)
        });
        let prefix = prefix(family, to, header.rtm_dst_len)?;
        Some(Self {
            key: RouteKey { prefix, table, protocol: header.rtm_protocol, metric },
            kind: RouteKind::from_number(header.rtm_type),
            scope: header.rtm_scope,
            flags: header.rtm_flags,
            conditional: header.rtm_tos != 0 || header.rtm_src_len != 0,
            object,
            hops: Hops { single, several },
        })
    }

    /// Its next hops. None for a blackhole, say.
    #[must_use]
    pub fn hops(&self) -> Hops<'a> {
        self.hops.clone()
    }

    /// It is a cache entry made from another route (`RTM_F_CLONED`), not one that somebody put there.
    #[must_use]
    pub const fn is_cloned(&self) -> bool {
        self.flags & libc::RTM_F_CLONED != 0
    }
}

impl RouteKind {
    const fn from_number(number: u8) -> Self {
        match number {
            libc::RTN_UNICAST => Self::Unicast,
            libc::RTN_LOCAL => Self::Local,
            libc::RTN_BROADCAST => Self::Broadcast,
            libc::RTN_ANYCAST => Self::Anycast,
            libc::RTN_MULTICAST => Self::Multicast,
            libc::RTN_BLACKHOLE => Self::Blackhole,
            libc::RTN_UNREACHABLE => Self::Unreachable,
            libc::RTN_PROHIBIT => Self::Prohibit,
            libc::RTN_THROW => Self::Throw,
            other => Self::Other(other),
        }
    }
}

impl RouteHop {
    pub(super) fn new(gateway: Option<IpAddr>, interface: u32, flags: u8, weight_less_one: u8) -> Self {
        let hop = Hop { gateway, interface, onlink: flags & RTNH_F_ONLINK != 0 };
        Self { hop, weight: u16::from(weight_less_one).saturating_add(1), flags }
    }

    /// Its link is down: nothing is forwarded there (`RTNH_F_DEAD`).
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        self.flags & RTNH_F_DEAD != 0
    }

    /// Its link has no carrier (`RTNH_F_LINKDOWN`). The kernel forwards there all the same, unless the interface's
    /// `ignore_routes_with_linkdown` is set.
    #[must_use]
    pub const fn has_lost_carrier(&self) -> bool {
        self.flags & RTNH_F_LINKDOWN != 0
    }
}

impl Iterator for Hops<'_> {
    type Item = RouteHop;

    /// Ends where a length makes no sense.
    fn next(&mut self) -> Option<RouteHop> {
        if let Some(single) = self.single.take() {
            return Some(single);
        }
        // struct rtnexthop: length, flags, weight less one, interface; then attributes.
        let length = usize::from(u16_at(self.several, 0)?);
        let (header, attributes) = self.several.get(..length)?.split_first_chunk::<HOP_HEADER>()?;
        let [_, _, flags, weight_less_one, interface @ ..] = *header;
        self.several = self.several.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        let gateway = IterableChunks::new(attributes).find_map(|(header, value)| match header.r#type {
            libc::RTA_GATEWAY => parse_ip(value),
            RTA_VIA => via(value),
            _ => None,
        });
        Some(RouteHop::new(gateway, u32::from_ne_bytes(interface), flags, weight_less_one))
    }
}

/// The kernel leaves out the address of a default route.
fn prefix(family: Family, to: Option<IpAddr>, length: u8) -> Option<IpNet> {
    let to = match (to, family) {
        (Some(to), _) => (Family::of(&to) == family).then_some(to)?,
        (None, _) if length != 0 => return None,
        (None, Family::V4) => Ipv4Addr::UNSPECIFIED.into(),
        (None, Family::V6) => Ipv6Addr::UNSPECIFIED.into(),
    };
    Some(IpNet::new(to, length).ok()?.trunc())
}

/// struct rtvia: a family and an address of it.
fn via(value: &[u8]) -> Option<IpAddr> {
    let (family, address) = value.split_first_chunk()?;
    let address = parse_ip(address)?;
    (u16::from_ne_bytes(*family) == Family::of(&address).number().into()).then_some(address)
}
