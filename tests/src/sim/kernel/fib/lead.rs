//! Where a speaker's routes lead: over next hops, or to objects and groups of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{Fib, Hop};

/// Where a packet of a speaker's route goes next: out of an interface, to an address on its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NextHop {
    /// The interface's number.
    pub interface: usize,
    /// Whose link address is asked for.
    pub gateway: IpAddr,
}

/// Where a speaker's route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// To an object or group, by its number.
    Object(u32),
    /// Over these, which share its flows.
    Hops(Vec<NextHop>),
}

/// A next-hop object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// One next hop.
    Hop(NextHop),
    /// Objects that share the flows.
    Group(Vec<u32>),
}

impl NextHop {
    /// What stands in the place of a next hop where packets are dropped.
    pub const NOWHERE_V4: Self = Self { interface: 0, gateway: IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    /// The same for IPv6.
    pub const NOWHERE_V6: Self = Self { interface: 0, gateway: IpAddr::V6(Ipv6Addr::UNSPECIFIED) };

    /// That of this prefix's family.
    pub const fn nowhere(prefix: IpNet) -> Self {
        if matches!(prefix, IpNet::V4(_)) { Self::NOWHERE_V4 } else { Self::NOWHERE_V6 }
    }

    /// Whether packets are dropped.
    pub const fn is_nowhere(&self) -> bool {
        self.gateway.is_unspecified()
    }

    pub(super) const fn hop(self) -> Option<Hop> {
        if self.is_nowhere() {
            return None;
        }
        Some(Hop::Link { interface: self.interface, next: self.gateway })
    }
}

impl Fib {
    /// Next-hop objects by their numbers.
    pub fn objects(&self) -> &BTreeMap<u32, Object> {
        &self.objects
    }

    /// The same, to be changed. A route to one that is not there is no use.
    pub fn objects_mut(&mut self) -> &mut BTreeMap<u32, Object> {
        &mut self.objects
    }

    /// The next hops that a route leads over, in ascending order.
    pub fn next_hops(&self, lead: &Lead) -> Vec<NextHop> {
        let mut next_hops = Vec::new();
        (0..self.width(lead)).for_each(|at| next_hops.extend(self.member(lead, at)));
        next_hops.sort_unstable();
        next_hops.dedup();
        next_hops
    }

    /// How many next hops a route leads over.
    pub(super) fn width(&self, lead: &Lead) -> usize {
        match lead {
            Lead::Hops(hops) => hops.len(),
            Lead::Object(id) => match self.objects.get(id) {
                Some(Object::Group(members)) => members.len(),
                Some(Object::Hop(_)) => 1,
                None => 0,
            },
        }
    }

    /// One of them.
    pub(super) fn member(&self, lead: &Lead, at: usize) -> Option<NextHop> {
        let id = match lead {
            Lead::Hops(hops) => return hops.get(at).copied(),
            Lead::Object(id) => match self.objects.get(id)? {
                Object::Hop(hop) => return Some(*hop),
                Object::Group(members) => members.get(at)?,
            },
        };
        match self.objects.get(id)? {
            Object::Hop(hop) => Some(*hop),
            Object::Group(_) => None,
        }
    }
}
