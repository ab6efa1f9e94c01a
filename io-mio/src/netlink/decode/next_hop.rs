//! Next-hop objects and groups.

use netlink_bindings::utils::{IterableChunks, parse_ip, parse_u32};

use super::super::Family;
use super::super::numbers::{
    NHA_BLACKHOLE, NHA_ENCAP, NHA_FDB, NHA_GATEWAY, NHA_GROUP, NHA_GROUP_TYPE, NHA_ID, NHA_OIF,
};
use super::route::RouteHop;
use super::split;

/// Bytes of a struct nexthop_grp.
const MEMBER: usize = 8;

/// A next-hop object or group of the kernel's.
#[derive(Clone, Debug)]
pub struct NextHop<'a> {
    /// Its number.
    pub id: u32,
    /// Who put it there; 186 is `bgp`.
    pub protocol: u8,
    /// What it stands for.
    pub kind: NextHopKind<'a>,
}

/// What a next-hop object stands for.
#[derive(Clone, Debug)]
pub enum NextHopKind<'a> {
    /// One next hop.
    Hop(RouteHop),
    /// None: packets of this family are dropped.
    Blackhole(Family),
    /// Objects that share the packets by a hash of each.
    Group(Members<'a>),
    /// What is of no use for plain routes: tunnels, resilient groups, forwarding tables of bridges.
    Other,
}

/// A member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The number of the object.
    pub id: u32,
    /// Its share, from 1 to 65,536.
    pub weight: u32,
}

/// The members of a group, in the kernel's order, which is the one that they were given in.
#[derive(Clone, Debug)]
pub struct Members<'a>(&'a [u8]);

impl<'a> NextHop<'a> {
    pub(super) fn decode(body: &'a [u8]) -> Option<Self> {
        // struct nhmsg: family, scope, protocol, reserved, flags.
        let ([family, _, protocol, _, flags @ ..], attributes) = split::<8>(body)?;
        let [flags, ..] = u32::from_ne_bytes(flags).to_le_bytes();
        let (mut id, mut gateway, mut interface, mut group) = (None, None, None, None);
        let (mut blackhole, mut other) = (false, false);
        for (header, value) in IterableChunks::new(attributes) {
            match header.r#type {
                NHA_ID => id = parse_u32(value),
                NHA_GROUP => group = Some(Members(value)),
                // Zero is the plain kind.
                NHA_GROUP_TYPE => other |= value.iter().any(|octet| *octet != 0),
                NHA_BLACKHOLE => blackhole = true,
                NHA_OIF => interface = parse_u32(value),
                NHA_GATEWAY => gateway = parse_ip(value),
                NHA_ENCAP | NHA_FDB => other = true,
                _ => {}
            }
        }
        let kind = match (group, interface) {
            _ if other => NextHopKind::Other,
            (Some(members), _) => NextHopKind::Group(members),
            (None, _) if blackhole => {
                Family::from_number(family).map_or(NextHopKind::Other, NextHopKind::Blackhole)
            }
            (None, Some(interface)) => NextHopKind::Hop(RouteHop::new(gateway, interface, flags, 0)),
            (None, None) => NextHopKind::Other,
        };
        Some(Self { id: id?, protocol, kind })
    }
}

impl Iterator for Members<'_> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        // struct nexthop_grp: id, low and high byte of the weight less one, and what is reserved.
        let ([a, b, c, d, low, high, ..], rest) = self.0.split_first_chunk::<MEMBER>()?;
        self.0 = rest;
        let weight = u32::from(u16::from_le_bytes([*low, *high])).saturating_add(1);
        Some(Member { id: u32::from_ne_bytes([*a, *b, *c, *d]), weight })
    }
}
