//! What stands in the place of next hops where a route is to drop packets (RFC 7999).
//!
//! It is a next hop like others to the tables of the bridge: it has a place, so that the object for it has a number, by which a
//! restart knows its own. For the kernel it is put in its own words, and nowhere else does it mean anything.

use crier_core::Family;
use crier_core::family::unspecified;

use crate::netlink::decode::NextHopKind;
use crate::netlink::encode::{Object, Via};
use crate::netlink::{self, Hop};

/// The next hop of this family's routes that drop. Each family has its own: a host may be without the other.
pub(super) const fn nowhere(family: Family) -> Hop {
    Hop { gateway: Some(unspecified(family)), interface: 0, onlink: false }
}

/// Whether a next hop is that of routes that drop. No other is without an interface.
pub(super) fn is_nowhere(hop: &Hop) -> bool {
    Family::ALL.into_iter().any(|family| *hop == nowhere(family))
}

/// The object that stands for a next hop.
pub(super) fn object_of(hop: Hop) -> Object<'static> {
    match hop.gateway {
        Some(gateway) if is_nowhere(&hop) => Object::Blackhole(netlink::Family::of(&gateway)),
        _ => Object::Hop(hop),
    }
}

/// Where a route with these next hops leads.
pub(super) fn via(hops: &[Hop]) -> Via<'_> {
    if hops.iter().any(is_nowhere) { Via::Blackhole } else { Via::Hops(hops) }
}

/// The next hop that an object stands for, if it is one alone.
pub(super) const fn hop_of(kind: &NextHopKind<'_>) -> Option<Hop> {
    match kind {
        NextHopKind::Hop(hop) => Some(hop.hop),
        NextHopKind::Blackhole(netlink::Family::V4) => Some(nowhere(Family::Ipv4Unicast)),
        NextHopKind::Blackhole(netlink::Family::V6) => Some(nowhere(Family::Ipv6Unicast)),
        NextHopKind::Group(_) | NextHopKind::Other => None,
    }
}
