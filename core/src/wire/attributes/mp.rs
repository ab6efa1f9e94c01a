//! MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760; RFC 2545 for IPv6 next hops, RFC 8950 for those of IPv4 prefixes).

use core::net::{Ipv4Addr, Ipv6Addr};

use super::{Context, MpReach, MpUnreach};
use crate::family::{Family, V4, V6};
use crate::wire::nlri::Nlri;

/// What such an attribute holds.
pub(super) enum Content<T> {
    /// Prefixes of a family agreed on.
    Agreed(T),
    /// Something of another family; whether it has any octets of prefixes.
    Foreign(bool),
}

/// Reads the value of MP_REACH_NLRI. `None`: it is incorrect (RFC 7606, 5.3 and 7.11).
pub(super) fn reach<'a>(ctx: &Context, value: &'a [u8]) -> Option<Content<MpReach<'a>>> {
    let (family, rest) = family(ctx, value)?;
    let (&len, rest) = rest.split_first()?;
    let (next_hop, rest) = rest.split_at_checked(usize::from(len))?;
    let (_reserved, nlri) = rest.split_first()?; // Ignored on receipt (RFC 4760, 3).
    let Some(family) = family else {
        return Some(Content::Foreign(!nlri.is_empty()));
    };
    let next_hop = canonical_next_hop(ctx, family, next_hop)?;
    check(family, nlri).then_some(Content::Agreed(MpReach { family, next_hop, nlri }))
}

/// Reads the value of MP_UNREACH_NLRI. `None`: it is incorrect (RFC 7606, 5.3).
pub(super) fn unreach<'a>(ctx: &Context, value: &'a [u8]) -> Option<Content<MpUnreach<'a>>> {
    let (family, nlri) = family(ctx, value)?;
    let Some(family) = family else {
        return Some(Content::Foreign(!nlri.is_empty()));
    };
    check(family, nlri).then_some(Content::Agreed(MpUnreach { family, nlri }))
}

/// Whether a canonical next hop can be one: a host's address, not of the neighbor's own loopback (RFC 4271, 6.3).
pub(super) fn is_host(ctx: &Context, next_hop: &[u8]) -> bool {
    if let Some(&octets) = next_hop.first_chunk::<16>() {
        let address = Ipv6Addr::from(octets);
        let loopback = address.is_loopback() && !ctx.allow_loopback_next_hop;
        return !(address.is_unspecified() || address.is_multicast() || loopback);
    }
    let Some(&octets) = next_hop.first_chunk::<4>() else { return false };
    let address = Ipv4Addr::from(octets);
    match octets {
        [0 | 224..=255, ..] => false, // This network, multicast, reserved and broadcast (RFC 6890).
        _ => ctx.allow_loopback_next_hop || !address.is_loopback(),
    }
}

/// The family in front of the value, if it was agreed on, and what follows it.
fn family<'a>(ctx: &Context, value: &'a [u8]) -> Option<(Option<Family>, &'a [u8])> {
    let (&[high, low, safi], rest) = value.split_first_chunk::<3>()?;
    let family = Family::from_afi_safi(u16::from_be_bytes([high, low]), safi);
    Some((family.filter(|&family| ctx.families.contains(family)), rest))
}

/// The next hop in canonical form. `None`: its length is none that the family has on this session.
fn canonical_next_hop<'a>(ctx: &Context, family: Family, next_hop: &'a [u8]) -> Option<&'a [u8]> {
    let ipv6 = family == Family::Ipv6Unicast || ctx.extended_next_hop;
    match next_hop.len() {
        4 if family == Family::Ipv4Unicast => Some(next_hop),
        16 if ipv6 => Some(next_hop),
        32 if ipv6 => {
            let (global, local) = next_hop.split_at_checked(16)?;
            // Some send zeros for the one they lack; an address that is not link-local says nothing (RFC 2545, 3).
            let has_local = local.first_chunk::<2>().is_some_and(|&[a, b]| a == 0xFE && b & 0xC0 == 0x80);
            Some(match has_local {
                false => global,
                true if global.iter().all(|&octet| octet == 0) => local,
                true => next_hop,
            })
        }
        _ => None,
    }
}

/// Whether these are prefixes of the family.
fn check(family: Family, nlri: &[u8]) -> bool {
    match family {
        Family::Ipv4Unicast => Nlri::<V4>::check(nlri),
        Family::Ipv6Unicast => Nlri::<V6>::check(nlri),
    }
}
